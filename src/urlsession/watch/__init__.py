"""Watch the connections of a Python program: whose they are, and why they live.

    from urlsession import watch

    watch.start()
    ...
    report = watch.check()
    for leak in report.leaks:
        print(leak.verdict.sentence, leak.verdict.fix)
    watch.stop()

Importing this package does not load libcurl.
"""

from .adapter import Adapter, LibraryAdapter, OwnerState, Sighting, Sink
from .entry.process import check, start, stop
from .entry.scope import Scope, scope
from .facts import ConnectionFacts, OwnerFacts
from .report import Finding, Report
from .verdict import Kind, Verdict

__all__ = (
    "Adapter",
    "ConnectionFacts",
    "Finding",
    "Kind",
    "LibraryAdapter",
    "OwnerFacts",
    "OwnerState",
    "Report",
    "Scope",
    "Sighting",
    "Sink",
    "Verdict",
    "check",
    "scope",
    "start",
    "stop",
)
