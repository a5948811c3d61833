"""A program with three connection leaks that real programs have.

    urlsession watch examples/leaky_shop.py

It needs requests and httpx (``pip install 'urlsession[testing,examples]'``) and talks
to a loopback server of its own only.
"""

from __future__ import annotations

import httpx
import requests

from urlsession.testing import LoopbackServer, ServerConnection

WITHIN_S = 5.0  # seconds that one load may take


class Rates:
    """Exchange rates; a session for each currency, so that its headers stay apart."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sessions: dict[str, requests.Session] = {}

    def fetch(self, currency: str) -> str:
        """Load one rate."""
        if currency not in self.sessions:
            self.sessions[currency] = requests.Session()
        session = self.sessions[currency]
        return session.get(f"{self.url}rates/{currency}", timeout=WITHIN_S).text


def download_invoices(client: httpx.Client, url: str) -> list[httpx.Response]:
    """Begin to load each invoice; give up on those that are not there."""
    replies = []
    for number in range(2):
        request = client.build_request("GET", f"{url}missing/{number}")
        reply = client.send(request, stream=True)
        if reply.status_code == 200:
            reply.read()
        replies.append(reply)
    return replies


def ping(url: str) -> None:
    """Say hello, with a client that is forgotten as soon as it has."""
    httpx.Client().get(url)


def serve(connection: ServerConnection) -> None:
    """Answer whatever is asked for, in a connection that stays open."""
    while request := connection.recv_request():
        status = 404 if "missing" in request.target else 200
        connection.send_response(status, [("Content-Type", "text/plain")], b"1.08" * 64)


SERVER = LoopbackServer(serve)
RATES = Rates(SERVER.start().url("/"))
CLIENT = httpx.Client()
for name in ("EUR", "USD", "GBP"):
    RATES.fetch(name)
INVOICES = download_invoices(CLIENT, RATES.url)
ping(RATES.url)
with requests.Session() as polite:
    polite.get(RATES.url, timeout=WITHIN_S)
