"""Where the time of a load went, as text.

Decides the rows and the scale: one block for each transaction (a redirect makes
several), its phases as bars on the time axis of the whole task. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ...errors import without_password

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...metrics import URLSessionTaskMetrics, URLSessionTaskTransactionMetrics

__all__ = ("render_waterfall", "size_text")

NAME_COLUMNS = 9
TIME_COLUMNS = 11
MINIMUM_BAR_COLUMNS = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class _Phase(NamedTuple):
    name: str
    start: datetime | None
    end: datetime | None

    @property
    def length_s(self) -> float:
        """How long it was; 0 if it was not there."""
        if self.start is None or self.end is None:
            return 0.0
        return max(0.0, (self.end - self.start).total_seconds())


def render_waterfall(
    url: str, metrics: URLSessionTaskMetrics, *, width: int = 80
) -> str:
    """Return the text, ending in a newline.

    Args:
        url: The URL that was asked for.
        metrics: What was measured.
        width: Columns of the terminal.
    """
    interval = metrics.task_interval
    total_s = interval.duration
    lines = [f"{url}  {_time_text(total_s)}"]
    bar_columns = max(MINIMUM_BAR_COLUMNS, width - NAME_COLUMNS - TIME_COLUMNS - 4)
    for transaction in metrics.transaction_metrics:
        lines += [f"  {line}" for line in _head_lines(transaction)]
        for phase in _phases(transaction):
            if phase.start is None or phase.end is None:
                continue
            start_s = max(0.0, (phase.start - interval.start).total_seconds())
            bar = _bar(start_s, phase.length_s, total_s, bar_columns)
            time = _time_text(phase.length_s)
            lines.append(f"  {phase.name:<{NAME_COLUMNS}}{time:>{TIME_COLUMNS}}  {bar}")
    if not metrics.transaction_metrics:
        lines.append("  nothing was sent")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def size_text(count: int) -> str:
    """Return a number of bytes as people read it: ``1.5 KiB``."""
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1023.95 or unit == "TiB":
            break
    return f"{size:.1f} {unit}"


def _head_lines(one: URLSessionTaskTransactionMetrics) -> Iterator[str]:
    status = getattr(one.response, "status_code", None)
    answer = "no response" if status is None else str(status)
    # The request line's words only: the URL itself is the user's, or a server's.
    yield f"{one.request.http_method} {without_password(one.request.url)}: {answer}"
    words = [one.network_protocol_name or "no protocol agreed"]
    if one.connection_id is None:
        words.append("no connection")
    else:
        state = "reused" if one.is_reused_connection else "new"
        port = "" if one.local_port is None else f" from port {one.local_port}"
        peer = f" to {one.remote_address}:{one.remote_port}"
        words.append(f"connection {one.connection_id}, {state},{port}{peer}")
    yield "; ".join(words)
    sent = one.count_of_request_header_bytes_sent
    sent_body = one.count_of_request_body_bytes_sent
    received = one.count_of_response_header_bytes_received
    received_body = one.count_of_response_body_bytes_received
    decoded = one.count_of_response_body_bytes_after_decoding
    text = f"sent {size_text(sent)} + {size_text(sent_body)}, "
    text += f"received {size_text(received)} + {size_text(received_body)}"
    if decoded not in (0, received_body):
        text += f", decoded {size_text(decoded)}"
    yield text


def _phases(one: URLSessionTaskTransactionMetrics) -> Iterator[_Phase]:
    begun = one.domain_lookup_start_date or one.request_start_date
    queued = _Phase("queue", one.fetch_start_date, begun)
    # Waiting for a free connection; not worth a line when there was one.
    if queued.start and queued.end and queued.length_s >= 0.001:
        yield queued
    yield _Phase("DNS", one.domain_lookup_start_date, one.domain_lookup_end_date)
    connected = one.secure_connection_start_date or one.connect_end_date
    yield _Phase("connect", one.connect_start_date, connected)
    yield _Phase(
        "TLS", one.secure_connection_start_date, one.secure_connection_end_date
    )
    yield _Phase("request", one.request_start_date, one.request_end_date)
    yield _Phase("wait", one.request_end_date, one.response_start_date)
    yield _Phase("receive", one.response_start_date, one.response_end_date)


def _bar(start_s: float, length_s: float, total_s: float, columns: int) -> str:
    """Return a bar: where it starts to the column, how long to an eighth of one."""
    if total_s <= 0:
        return ""
    start = min(columns - 1, round(start_s / total_s * columns * 8) // 8)
    eighths = max(1, round(length_s / total_s * columns * 8))
    eighths = min(eighths, (columns - start) * 8)
    full, rest = divmod(eighths, 8)
    return " " * start + "█" * full + _EIGHTHS[rest].strip()


def _time_text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds * 1000:.1f} ms"
