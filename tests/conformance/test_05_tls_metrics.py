"""What a connection's TLS agreed on, in the metrics."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest

from urlsession import URLSession, URLSessionConfiguration
from urlsession.metrics import URLSessionTaskTransactionMetrics
from urlsession.testing import fixed_body
from urlsession.tls import TLSProtocolVersion

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

ROW = "5:negotiatedTLSProtocolVersion, negotiatedTLSCipherSuite"


def trusting(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.pem
    return made


def measured(task: object) -> URLSessionTaskTransactionMetrics:
    """Return the metrics of a task's only transaction."""
    metrics = getattr(task, "metrics", None)
    assert metrics is not None
    (transaction,) = metrics.transaction_metrics
    assert isinstance(transaction, URLSessionTaskTransactionMetrics)
    return transaction


@pytest.mark.parity(ROW)
@pytest.mark.parametrize(
    ("version", "cipher", "number"),
    [
        (TLSProtocolVersion.TLSV13, None, None),
        (TLSProtocolVersion.TLSV12, "ECDHE-ECDSA-AES128-GCM-SHA256", 0xC02B),
        (TLSProtocolVersion.TLSV12, "ECDHE-ECDSA-AES256-GCM-SHA384", 0xC02C),
    ],
)
def test_version_and_cipher_suite_are_told(
    serve: Serve,
    ca: CertificateAuthority,
    version: TLSProtocolVersion,
    cipher: str | None,
    number: int | None,
) -> None:
    """Of a new connection, and of one that is used again."""
    context = ca.server_context()
    context.maximum_version = ssl.TLSVersion(version)
    if cipher is not None:
        context.set_ciphers(cipher)
    server = serve(fixed_body(b"x"), tls=context)
    with URLSession(trusting(ca)) as session:
        for _ in range(2):
            task = session.data(server.url())
            task.result(5)
            found = measured(task)
            assert found.negotiated_tls_protocol_version is version
            suite = found.negotiated_tls_cipher_suite
            assert suite == number if number else suite in range(0x1301, 0x1306)
        (connection,) = session.connections()

    assert connection.tls is not None
    assert connection.tls[0] == f"TLSv1.{version - 0x0301}"


@pytest.mark.parity(ROW)
def test_many_at_once_on_a_loop(serve: Serve, ca: CertificateAuthority) -> None:
    """Each connection has its own; none is told without TLS."""
    plain = serve(fixed_body(b"x"))
    server = serve(fixed_body(b"x"), tls=ca.server_context())

    async def load() -> None:
        async with URLSession(trusting(ca)) as session:
            tasks = [session.data(server.url()) for _ in range(12)]
            clear = session.data(plain.url())
            await asyncio.gather(*tasks, clear)
            versions = {measured(one).negotiated_tls_protocol_version for one in tasks}
            assert versions == {TLSProtocolVersion.TLSV13}
            assert measured(clear).negotiated_tls_protocol_version is None
            assert measured(clear).negotiated_tls_cipher_suite is None

    asyncio.run(load())


def test_handle_listens_to_the_handshake_only(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """A body is not told of: that would cost a call for each piece."""
    server = serve(fixed_body(bytes(8 * 1024 * 1024)), tls=ca.server_context())
    heard: list[int] = []

    def note(self: object, kind: int, text: bytes) -> None:
        heard.append(len(text))

    from urlsession.engine.handle import Handle

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Handle, "_overhear", note)
        with URLSession(trusting(ca)) as session:
            session.data(server.url()).result(10)

    assert 0 < sum(heard) < 2 * 1024 * 1024
