"""The command ``urlsession``: finds the subcommand and hands over.

Knows the subcommands' names only; each is imported when it is asked for, so that
``watch`` never loads libcurl and ``--version`` loads next to nothing.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("main",)

_COMMANDS = {
    "fetch": "load URLs, many at once over one session",
    "watch": "run a program and show what its connections do",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        argv: Arguments after the program's name; `sys.argv` by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in _COMMANDS:
        command = import_module(f"urlsession.cli.{arguments[0]}")
        code: int = command.run(arguments[1:])
        return code
    _parser().parse_args(arguments)
    return 2


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:8}{what}" for name, what in _COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="urlsession",
        description="URLSession for Python, and a watcher for connections.",
        epilog=f"commands:\n{listed}\n\n`urlsession COMMAND --help` tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0)
    parser.add_argument("command", choices=sorted(_COMMANDS), metavar="COMMAND")
    return parser


class _ShowVersion(argparse.Action):
    """Prints the version and ends; reads the metadata only when asked."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 - argparse's signature
        values: object,  # noqa: ARG002 - as above
        option_string: str | None = None,  # noqa: ARG002 - as above
    ) -> None:
        """Print the version and exit."""
        from importlib.metadata import version

        sys.stdout.write(f"urlsession {version('urlsession')}\n")
        parser.exit()
