"""The command ``urlsession fetch``: arguments in, bodies out, an exit code.

Decides how the command ends: by itself, by Ctrl-C, by a signal, or because nobody
reads its output. Temporary files and connections are gone in each case.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import without_password
from .fetching.exit_code import ExitCode
from .fetching.loader import Outcome, load_all
from .fetching.options import FetchOptions, parse_options
from .fetching.progress import Screen, one_line, wants_bars
from .fetching.stdout import OrderedOutput, OutputClosedError, StandardOutputError
from .fetching.waterfall import render_waterfall

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("run",)


def run(argv: Sequence[str]) -> int:
    """Run the command; return the exit code.

    Args:
        argv: Arguments after ``fetch``.
    """
    try:
        options = parse_options(argv)
        screen = _screen(options)
        return _run(options, screen)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _run(options: FetchOptions, screen: Screen) -> int:
    output = None
    ending = _Ending()
    try:
        if options.file is None and options.folder is None:
            sys.stdout.flush()  # what an earlier print left would come too late
            output = OrderedOutput(sys.stdout.fileno())
        outcomes = asyncio.run(_main(options, screen, output, ending))
    except OutputClosedError:
        return ExitCode.PIPE_CLOSED
    except StandardOutputError as error:
        screen.say(one_line(f"urlsession fetch: error {ExitCode.OUTPUT}: {error}"))
        return ExitCode.OUTPUT
    except asyncio.CancelledError:
        return 128 + (ending.signal or signal.SIGTERM)
    finally:
        if output is not None:
            output.close()
    if options.shows_metrics:
        _show_metrics(outcomes, screen)
    failed = (one.exit_code for one in outcomes if one.exit_code != ExitCode.OK)
    return next(failed, ExitCode.OK)


async def _main(
    options: FetchOptions,
    screen: Screen,
    output: OrderedOutput | None,
    ending: _Ending,
) -> list[Outcome]:
    with ending.watching():
        if options.is_web_socket and output is not None:
            from .fetching.web_socket import talk  # for those who want one

            return await talk(options, screen, output)
        return await load_all(options, screen, output)


class _Ending:
    """Turns signals that would kill the process into a cancellation.

    So that nothing is left behind. Ctrl-C is asyncio's own business.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for them while the current asyncio task runs."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def end(number: int) -> None:
            self.signal = number
            task.cancel()

        watched = []
        for number in (signal.SIGTERM, signal.SIGHUP):
            # One that is ignored stays so: that is what nohup is for.
            if signal.getsignal(number) is signal.SIG_DFL:
                # Signals come to the main thread only.
                with contextlib.suppress(RuntimeError, ValueError):
                    loop.add_signal_handler(number, end, number)
                    watched.append(number)
        try:
            yield
        finally:
            for number in watched:
                loop.remove_signal_handler(number)


def _screen(options: FetchOptions) -> Screen:
    goes_to_files = options.file is not None or options.folder is not None
    has_bars = (
        not options.is_silent
        and wants_bars(sys.stderr)
        # On one terminal, bars and bodies would write over each other.
        and (goes_to_files or not wants_bars(sys.stdout))
    )
    return Screen(sys.stderr, len(options.requests), has_bars=has_bars)


def _show_metrics(outcomes: Sequence[Outcome], screen: Screen) -> None:
    width = shutil.get_terminal_size((100, 24)).columns
    for outcome in outcomes:
        if outcome.metrics is not None:
            url = without_password(outcome.url)
            text = render_waterfall(url, outcome.metrics, width=width)
            for line in text.splitlines():
                screen.say(one_line(line))
