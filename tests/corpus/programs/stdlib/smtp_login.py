# cause: D
# report: cpython #74579
# server: smtp
# library: stdlib
# connections: 1
# leaks: 1
# kind: unclosed
# owner: smtplib.SMTP
"""A log-in fails, and its traceback keeps the connection."""

import smtplib
import sys

FAILURES = []


def login(address: str) -> None:
    client = smtplib.SMTP(address, timeout=5)  # made here
    client.login("user", "password")


try:
    login(sys.argv[2])
except smtplib.SMTPNotSupportedError as error:
    FAILURES.append(error)
assert FAILURES
