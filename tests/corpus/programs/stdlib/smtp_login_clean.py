# server: smtp
# connections: 1
"""A `with` block closes it."""

import smtplib
import sys

FAILURES = []


def login(address: str) -> None:
    with smtplib.SMTP(address, timeout=5) as client:
        client.login("user", "password")


try:
    login(sys.argv[2])
except smtplib.SMTPNotSupportedError as error:
    FAILURES.append(error)
assert FAILURES
