# server: imap
# connections: 2
"""Both are left."""

import imaplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
BOXES = []
for _ in range(2):
    box = imaplib.IMAP4(HOST, int(PORT), timeout=5)
    BOXES.append(box)
    box.login("user", "password")
BOXES[0].logout()
BOXES[1].logout()
