# cause: A
# report: paho-mqtt #627
# server: pop3
# library: stdlib
# connections: 1
# leaks: 1
# kind: unclosed
# owner: poplib.POP3
# held_by: __main__.BOX | POP3
"""A mailbox that nobody quits."""

import poplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
BOX = poplib.POP3(HOST, int(PORT), timeout=5)  # made here
assert BOX.user("user").startswith(b"+OK")
