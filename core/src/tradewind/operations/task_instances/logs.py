"""Logs of tries: a part at a time, or whole logs of any size piece by piece."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from tradewind_plugins.contracts.log_store import LogStore

from tradewind.config import Config
from tradewind.execution.log_stores import keys_of_callbacks, keys_of_tries, open_log_store
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import require_instance

PAGE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the logs of a try: in the log of which dispatch, from 0, and after how many bytes of that."""

    log: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of one try, not read yet: those of its dispatches, the oldest first.

    Arguments:
        keys: under which the store has them.
        begin: where to begin.
        is_whole: whether all is asked for, and not the next part.
    """

    config: Config
    keys: tuple[str, ...]
    begin: Place
    is_whole: bool

    def part(self) -> tuple[str, Place]:
        """Return the next part, up to a line's end where there is one, and where the one after it begins."""
        with closing(open_log_store(self.config)) as store:
            return next(self._parts(store), ("", self.begin))

    def pieces(self) -> Iterator[str]:
        """Yield all from the beginning on, one part in memory at a time."""
        with closing(open_log_store(self.config)) as store:
            for text, _ in self._parts(store):
                yield text

    def _parts(self, store: LogStore) -> Iterator[tuple[str, Place]]:
        place = self.begin
        while place.log < len(self.keys):
            data = store.read(self.keys[place.log], place.offset, PAGE)
            if len(data) == PAGE and b"\n" in data:
                data = data[: data.rindex(b"\n") + 1]
            text, used = _decoded(data)
            if used:
                place = replace(place, offset=place.offset + used)
                yield text, place
            elif place.log + 1 < len(self.keys):
                place = Place(place.log + 1)
            else:
                return


def _decoded(data: bytes) -> tuple[str, int]:
    """Return bytes as text, and how many of them that is: half a character at the end is left for the next time."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = decoder.decode(data)
    left, _ = decoder.getstate()
    return text, len(data) - len(left)


@operation("task_instances.log")
def read_log(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int,
    map_index: int | None = None,
    full_content: bool = False,
    token: Place | None = None,
) -> Logs:
    """Return the logs of a try, to be read in parts or as a whole; they are empty for a try that has not begun.

    Arguments:
        map_index: which instance of a mapped task; None of one that is not mapped.
        full_content: all of it, from the beginning.
        token: where to go on.
    Raises:
        NotFoundError: there is no such task instance, or its task is mapped and no index was given.
    """
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
    config = context.tools.config
    with closing(open_log_store(config)) as store:
        keys = keys_of_tries(context.tools.database, store, row, row, try_number=try_number)
    begin = Place() if full_content or token is None else token
    return Logs(config, tuple(keys), begin, full_content)


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log, and where the one after it begins; where nothing was left, `content` is empty."""

    content: str
    next: Place


@operation("task_instances.log")
def read_last_log(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None = None,
    try_number: int | None = None,
    token: Place | None = None,
) -> LogPart:
    """Return the next part of what a task instance wrote when it last ran, and after it of what its callbacks wrote.

    Arguments:
        map_index: which instance of a mapped task; None of one that is not mapped.
        try_number: of this try; by default of the last one that wrote something.
        token: where to go on; by default from the beginning.
    Raises:
        NotFoundError: there is no such task instance, its task is mapped and no index was given, or it wrote nothing.
    """
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
    config = context.tools.config
    with closing(open_log_store(config)) as store:
        keys = keys_of_tries(context.tools.database, store, row, row, try_number=try_number)
        if not keys:
            which = "" if try_number is None else f" of try {try_number}"
            raise NotFoundError(f"Task {task_id!r} has no log{which} in run {run_id!r}.", error_id="no-such-log")
        shown = (keys[-1], *keys_of_callbacks(store, keys[-1]))
    return LogPart(*Logs(config, shown, token or Place(), is_whole=False).part())
