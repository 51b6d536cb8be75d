"""What commands share that write many rows to a file, and read them from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.operations.errors import RowsError

TAKEN = RowsError.default_id


@contextmanager
def when_taken(rows: Sequence[Mapping[str, Any]], key: str, sentence: str) -> Iterator[None]:
    """Say in these words that some rows are there already, which the block writes.

    Arguments:
        rows: what is written.
        key: under which each has its name.
        sentence: with `{names}` in it.
    Raises:
        CommandError: the operation found some.
    """
    try:
        yield
    except RowsError as error:
        if error.error_id != TAKEN:
            raise
        names = sorted(str(rows[int(index)][key]) for faults in error.fields.values() for index in faults)
        raise CommandError(sentence.replace("{names}", ", ".join(names)), error_id=TAKEN) from error


def stars_written(names: Sequence[str]) -> str:
    """Return the sentence for a file that a server has filled, with stars in place of the secrets of what has these names."""
    return (
        f"A server gives no secrets away, so these have *** in their place: {', '.join(names)}. `import` keeps the secrets that "
        "are there where it finds ***, and refuses it where there is none."
    )
