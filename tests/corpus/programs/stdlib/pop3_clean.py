# server: pop3
# connections: 1
"""It is quit."""

import poplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
BOX = poplib.POP3(HOST, int(PORT), timeout=5)
assert BOX.user("user").startswith(b"+OK")
BOX.quit()
