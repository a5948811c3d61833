# server: https
# needs: trustme
# connections: 2
"""Closed, or dropped: both end with the socket that TLS put in the plain one's place."""

import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


def connect(address: str) -> ssl.SSLSocket:
    host, _, port = address.partition(":")
    plain = socket.create_connection((host, int(port)), timeout=5)
    return context.wrap_socket(plain)


assert connect(sys.argv[2]).version()
SOCKET = connect(sys.argv[2])
SOCKET.close()
