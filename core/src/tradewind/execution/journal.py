"""What a worker notes on disk, so that its death loses no outcome and leaves no doubt about what had started.

A line is written before the thing it tells of takes effect: `start` before a try's process may run user code, `outcome`
before it is reported. Written with one system call and no fsync: it survives the worker, not the machine; after a
restart
of the machine the journal is not taken as evidence that something never started.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from socket import gethostname

from tradewind.transitions.values import AssetNews, Deferral, Outcome, XComValue

log = logging.getLogger(__name__)

LARGEST = 4 << 20
Try = tuple[int, int]
OUTCOME_FIELDS = tuple(each.name for each in fields(Outcome))


def journal_path(home: Path, worker: str) -> Path:
    """Return where the journal of a worker is."""
    return journals_folder(home) / f"{worker}.journal"


def journals(home: Path) -> list[Path]:
    """Return the journals that there are."""
    return sorted(journals_folder(home).glob("*.journal"))


def journals_folder(home: Path) -> Path:
    """Return where the journals are."""
    return home / "workers"


def boot_id() -> str:
    """Return the name of this start of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def this_place() -> str:
    """Return the name of all the processes that this one can see: of this start of the machine, and of its container.

    Only who is in the same place as a worker was sees that its processes have ended. Names of hosts tell nothing: two may
    have the same one.
    """
    try:
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return gethostname()  # not Linux: there are no containers, and no name for the machine's start
    return f"{boot_id()}/{namespace}"


@dataclass
class Story:
    """What a journal tells.

    Arguments:
        is_evidence: whether it was written since the machine started, so that what it lacks did not happen.
        place: where it was written, see `this_place`.
        started: tries whose processes may have run user code.
        sessions: process ids of the session leaders that ran them.
        outcomes: of tries that ended and whose report was not acknowledged, in their order.
    """

    is_evidence: bool = False
    place: str = ""
    started: set[Try] = field(default_factory=set)
    sessions: set[int] = field(default_factory=set)
    outcomes: dict[Try, Outcome] = field(default_factory=dict)


class Journal:
    """The journal of one worker.

    Arguments:
        path: its file; made anew.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._open_tries: set[Try] = set()
        self._size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._write(self._header())

    @staticmethod
    def _header() -> list[str]:
        return [f"boot {boot_id()}", f"place {this_place()}"]

    def start(self, tries: Iterable[Try]) -> None:
        """Note that these tries are about to start.

        Raises:
            OSError: it cannot be noted, so they must not start: were the worker to die, they would start once more.
        """
        noted = list(tries)
        self._write([f"start {instance} {token}" for instance, token in noted])
        self._open_tries.update(noted)

    def session(self, pid: int) -> None:
        """Note the process that runs a try: the leader of a session of its own."""
        self._try_to_write([f"session {pid}"])

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Note how tries ended."""
        self._try_to_write([f"outcome {_to_json(each)}" for each in outcomes])

    def done(self, tries: Iterable[Try]) -> None:
        """Note that the outcomes of these tries were recorded; begin the file anew when nothing is open in it."""
        noted = list(tries)
        self._open_tries.difference_update(noted)
        if self._size > LARGEST and not self._open_tries:
            os.ftruncate(self._descriptor, 0)
            self._size = 0
            self._try_to_write(self._header())
            return
        self._try_to_write([f"done {instance} {token}" for instance, token in noted])

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def remove(self) -> None:
        """Remove the file, closed or not: all that it tells is known, and nobody need look at it."""
        self.path.unlink(missing_ok=True)

    def _write(self, lines: Sequence[str]) -> None:
        """Write lines, all or none: half of one would swallow the next.

        Raises:
            OSError: the disk is full, for example.
        """
        if not lines:
            return
        data = ("\n".join(lines) + "\n").encode()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            if len(view) < len(data):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def _try_to_write(self, lines: Sequence[str]) -> None:
        """Write lines that may be missing: what they tell is known elsewhere too, as long as the worker lives."""
        try:
            self._write(lines)
        except OSError as error:
            log.error("the journal %s cannot be written: %s", self.path, error)  # noqa: TRY400  (the sentence says it)


def read_journal(path: Path) -> Story:
    """Return what a journal tells; a last line that was cut by the worker's death is left out."""
    story = Story()
    if not path.exists():
        return story
    for line in path.read_bytes().split(b"\n")[:-1]:
        word, _, rest = line.decode().partition(" ")
        if word == "boot":
            story.is_evidence = bool(rest) and rest == boot_id()
        elif word == "place":
            story.place = rest
        elif word == "session":
            story.sessions.add(int(rest))
        elif word == "outcome":
            outcome = _from_json(rest)
            story.outcomes[outcome.instance, outcome.token] = outcome
        elif word in {"start", "done"}:
            instance, token = (int(part) for part in rest.split())
            _note(story, word, (instance, token))
    return story


def _note(story: Story, word: str, key: Try) -> None:
    if word == "start":
        story.started.add(key)
    else:
        story.outcomes.pop(key, None)


def _to_json(outcome: Outcome) -> str:
    found = {name: getattr(outcome, name) for name in OUTCOME_FIELDS}
    found["xcoms"] = [asdict(each) for each in outcome.xcoms]
    found["events"] = [asdict(each) for each in outcome.events]
    found["deferral"] = None if outcome.deferral is None else asdict(outcome.deferral)
    return json.dumps(found, separators=(",", ":"), default=lambda value: value.isoformat())


def _from_json(text: str) -> Outcome:
    found = json.loads(text)
    for name in ("ended_at", "started_at", "due_at"):
        found[name] = datetime.fromisoformat(found[name]) if found[name] else None
    found["skip"] = tuple(found["skip"])
    found["raised"] = tuple(found["raised"]) if found.get("raised") else None
    found["xcoms"] = tuple(XComValue(**each) for each in found["xcoms"])
    found["events"] = tuple(AssetNews(**each) for each in found.get("events", ()))
    if found.get("deferral") is not None:
        began_at = datetime.fromisoformat(found["deferral"].pop("began_at"))
        found["deferral"] = Deferral(**found["deferral"], began_at=began_at)
    return Outcome(**found)
