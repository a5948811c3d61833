# cause: E
# report: localharness #154
# server: imap
# library: stdlib
# connections: 2
# leaks: 1
# kind: unclosed
# owner: imaplib.IMAP4
# held_by: __main__.BOXES[1] | IMAP4
"""One mailbox is left, the other only forgotten in a list."""

import imaplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
BOXES = []
for _ in range(2):
    box = imaplib.IMAP4(HOST, int(PORT), timeout=5)  # made here
    BOXES.append(box)
    box.login("user", "password")
BOXES[0].logout()
del box
