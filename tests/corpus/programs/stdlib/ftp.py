# cause: A
# report: paho-mqtt #627
# server: ftp
# library: stdlib
# connections: 1
# leaks: 1
# kind: unclosed
# owner: ftplib.FTP
# held_by: __main__.FTP | FTP
"""A log-in that nobody ends."""

import ftplib
import sys

HOST, _, PORT = sys.argv[2].partition(":")
FTP = ftplib.FTP(timeout=5)  # made here
FTP.connect(HOST, int(PORT))  # opened here
FTP.login()
