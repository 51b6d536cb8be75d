"""The parser of every command: argparse, which also says what was probably meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, NoReturn

from tradewind.cli.errors import WRONG_USAGE, marked


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors name the nearest known word or option; every one takes `-v/--verbose`."""

    wanted: str | None = None
    """Of a group's parser: the only verb that needs to be declared in full; None for all."""

    remote: frozenset[Any] = frozenset()
    """Of a group's parser: the functions that a remote server can do as well."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        # Without a default, so that a verb's does not overrule that of its group
        self.add_argument(
            "-v",
            "--verbose",
            action="store_true",
            default=argparse.SUPPRESS,
            help="say more on stderr; for daemons DEBUG",
        )

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong with it, and end the process with exit code 2."""
        super().error(marked(message, WRONG_USAGE))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        # Only where somebody has mistyped something, as below
        from tradewind.cli.airflows_words import words_instead  # noqa: PLC0415

        instead = words_instead(" ".join([*self.prog.split()[1:], str(value)]))
        if instead is not None:
            raise argparse.ArgumentError(action, instead)
        known = [str(choice) for choice in action.choices]
        raise argparse.ArgumentError(
            action, f"invalid choice: {value!r}{did_you_mean(str(value), known)} (choose from {', '.join(known)})"
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse what is left over here, where the options that may have been meant are known."""
        options, rest = super().parse_known_args(args, namespace)
        if rest and self._subparsers is None:
            known = [name for action in self._actions for name in action.option_strings]
            near = did_you_mean(rest[0], known) if rest[0].startswith("-") else ""
            if "--dag-id" in known and not near and not rest[0].startswith("-"):
                near = f"; did you mean --dag-id {rest[0]}?"
            self.error(f"unrecognized arguments: {' '.join(rest)}{near}")
        return options, rest


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the known word that resembles this one most, else an empty text."""
    # Only where somebody has mistyped something: an import that no correct command waits for
    import difflib  # noqa: PLC0415

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
