"""What commands share that write many rows to a file, and read them from one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.operations.errors import InvalidError, RowsError

TAKEN = RowsError.default_id


@contextmanager
def naming(rows: Sequence[Mapping[str, Any]], key: str, *, taken: str = "") -> Iterator[None]:
    """Name the rows that are wrong, which an operation tells by their index.

    Arguments:
        rows: what the block writes.
        key: under which each has its name.
        taken: the sentence for rows that are there already, with `{names}` in it.
    Raises:
        CommandError: the operation, or the server, refuses some.
    """
    try:
        yield
    except RowsError as error:
        if error.error_id != TAKEN or not taken:
            raise
        names = sorted(str(rows[int(index)][key]) for faults in error.fields.values() for index in faults)
        raise CommandError(taken.replace("{names}", ", ".join(names)), error_id=TAKEN) from error
    except InvalidError as error:
        index = error.field.split(".")[1:2]
        if not index or not index[0].isdigit():
            raise
        raise CommandError(
            f"Nothing was changed: {rows[int(index[0])][key]!r}: {error}", error_id=error.error_id
        ) from error


def stars_written(names: Sequence[str]) -> str:
    """Return the sentence for a file that a server has filled, with stars in place of the secrets of what has these names."""
    return (
        f"A server gives no secrets away, so these have *** in their place: {', '.join(names)}. `import` keeps the secrets that "
        "are there where it finds ***, and refuses it where there is none."
    )
