# server: smtp
# connections: 2
"""`quit()` closes it."""

import smtplib
import sys

KEPT = []


def send(address: str) -> int:
    client = smtplib.SMTP(address, timeout=5)
    KEPT.append(client)
    code, _ = client.noop()
    client.quit()
    return code


assert [send(sys.argv[2]) for _ in range(2)] == [250, 250]
