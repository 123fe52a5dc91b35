"""How the command line is read: one parser a command, usage errors as one line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from core.errors import BadInput
from core.settings import Settings

Command = Callable[[Settings, argparse.Namespace], dict[str, Any]]


class NotWhole(dict[str, Any]):
    """An answer that is printed like any other, but is bad news: exit code 1."""

    exit_code = 1


class Alarm(dict[str, Any]):
    """An answer that is printed like any other and calls for somebody: exit code 3."""

    exit_code = 3


class CommandParser(argparse.ArgumentParser):
    """Usage errors as one line with exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}. See `{self.prog} --help`.")


class Commands:
    """Collects the commands; every one takes ``--project`` and ``--json``."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(self, name: str, run: Command, about: str) -> argparse.ArgumentParser:
        """A new command; returns its parser, which takes further options."""
        made = self._parsers.add_parser(name, help=about, description=about)
        made.add_argument("--project", help="name of the project")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(run=run)
        return made
