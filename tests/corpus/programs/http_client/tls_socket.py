# cause: A
# report: opensearch-py #172
# server: https
# needs: trustme
# library: socket
# connections: 2
# leaks: 1
# kind: unclosed
# owner: ssl.SSLSocket
# held_by: __main__.SOCKET | SSLSocket
"""A socket under TLS that is kept when the plain one is forgotten; another is dropped."""

import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


def connect(address: str) -> ssl.SSLSocket:
    host, _, port = address.partition(":")
    plain = socket.create_connection((host, int(port)), timeout=5)  # opened here
    return context.wrap_socket(plain)


assert connect(sys.argv[2]).version()
SOCKET = connect(sys.argv[2])
