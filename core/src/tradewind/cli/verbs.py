"""Verbs of a command group, declared in one line each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

Run = Callable[[argparse.Namespace], int | None]


class Verbs:
    """The verbs of one group, such as `list` and `get` of `tradewind pools`."""

    def __init__(self, parser: argparse.ArgumentParser, *, default: Run | None = None) -> None:
        """Arguments: the group's parser, and what is run when no verb is given (by default one must be)."""
        self._parser: Any = parser
        self._wanted = getattr(parser, "wanted", None)
        self._verbs: Any = parser.add_subparsers(title="verbs", metavar="VERB", required=default is None)
        if default is not None:
            parser.set_defaults(run=default)

    def elsewhere(self, verbs: Mapping[str, str], module: str, *, by: str = "add_verbs") -> None:
        """Declare verbs that another module has, which is imported only when one of them is wanted.

        Arguments:
            verbs: name -> one line of help.
            module: the module that declares them.
            by: its function that does.
        """
        if self._wanted is None or self._wanted in verbs:
            getattr(import_module(module), by)(self)
            return
        for name, text in verbs.items():
            self._verbs.add_parser(name, help=text)

    def add(self, name: str, run: Run, *, remote: bool = False) -> argparse.ArgumentParser:
        """Add a verb whose help is the first line of `run`'s docstring; return its parser for arguments.

        Arguments:
            remote: it asks for operations only, so that a remote server can do it as well.
        """
        if remote:
            self._parser.remote |= {run}
        text = (run.__doc__ or "").strip().replace("`", "'")
        parser: argparse.ArgumentParser = self._verbs.add_parser(name, help=text.splitlines()[0], description=text)
        parser.set_defaults(run=run)
        return parser
