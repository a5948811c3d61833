# cause: A
# report: paho-mqtt #627
# server: smtp
# library: stdlib
# connections: 2
# leaks: 2
# kind: unclosed
# owner: smtplib.SMTP
# held_by: __main__.KEPT[0] | SMTP
"""A connection for each mail, and nobody says good-bye."""

import smtplib
import sys

KEPT = []


def send(address: str) -> int:
    client = smtplib.SMTP(address, timeout=5)  # made here
    KEPT.append(client)
    return client.noop()[0]


assert [send(sys.argv[2]) for _ in range(2)] == [250, 250]
