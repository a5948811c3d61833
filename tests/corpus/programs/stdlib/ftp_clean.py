# server: ftp
# connections: 1
"""The `with` block ends it."""

import ftplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
FTP = ftplib.FTP(timeout=5)
with FTP:
    FTP.connect(HOST, int(PORT))
    FTP.login()
