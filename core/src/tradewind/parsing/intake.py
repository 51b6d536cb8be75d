"""Taking in the result of an import: is it news, and if so, into the database."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from tradewind.config.sections import Config
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metrics.catalogue import IMPORT_DURATION, VERSIONS
from tradewind.metrics.recording import count, observe
from tradewind.parsing.failures import one_line
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.recording import Place, Recorded, record
from tradewind.parsing.results import ImportFailure, ParsedFile
from tradewind.parsing.tree import Tree
from tradewind.parsing.watching import KnownFile, WatchedFolder

log = logging.getLogger("tradewind.parsing.processor")  # what people read is one log, however many modules write it


class Intake:
    """Compares results with what is known, and writes what is new.

    Args: as of ``processor.Processor``.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        lookups: Lookups,
        *,
        clock: Clock,
        ids: Ids,
        monotonic: Callable[[], float],
    ) -> None:
        self._paused = config.dags.paused_at_creation
        self._database = database
        self._lookups = lookups
        self._clock = clock
        self._ids = ids
        self._monotonic = monotonic

    def take(
        self, folder: WatchedFolder, tree: Tree, parsed: ParsedFile, asked: Mapping[str, Any]
    ) -> tuple[str, ...] | None:
        """Remember a result, and write it if it says anything new.

        Args:
            folder: where the file is.
            tree: the folder as it was when the import began.
            parsed: the result.
            asked: variables and connections that the import asked for, with the answers.

        Returns:
            The ids of DAGs that are new or have changed; None if nothing was written.

        Raises:
            DBAPIError: the database is not there now; the file stays due.
        """
        parsed = replace(parsed, inputs=replace(parsed.inputs, lookups=self._lookups.digests(asked)))
        known = folder.files[parsed.path]
        found = folder.fingerprint(parsed.inputs, tree, parsed.digests)
        outcome = _outcome(parsed)
        known.parsed_at, known.seconds, known.is_worth_a_try = self._monotonic(), parsed.seconds, False
        observe(IMPORT_DURATION, parsed.seconds, file=_dotted(parsed.path))
        if (known.fingerprint, known.outcome) == (found, outcome) and not _may_be_contested(known, parsed):
            known.is_due = False
            return None
        recorded = self._recorded(folder, parsed, found)
        known.inputs, known.fingerprint, known.outcome = parsed.inputs, found, outcome
        known.is_due, known.is_in_error = False, recorded.failure is not None
        _report(parsed, recorded, known.told)
        known.told = parsed.warnings
        count(VERSIONS, len(recorded.changed))
        if recorded.gone:
            folder.retry_errors()
        return recorded.changed

    def _recorded(self, folder: WatchedFolder, parsed: ParsedFile, fingerprint: str) -> Recorded:
        """Write the result; one that cannot be written is the file's error, so that it stops no other."""
        try:
            return self._write(folder, parsed, fingerprint)
        except DBAPIError as error:
            if not isinstance(error, (DataError, IntegrityError)) or parsed.failure is not None:
                raise
            reason = str(error.orig)
        except Exception as error:
            if parsed.failure is not None:
                raise
            log.exception("%s cannot be stored", parsed.path)
            reason = f"{type(error).__name__}: {error}"
        failure = ImportFailure(one_line(f"What the file defines cannot be stored: {reason}"), error_id="not-stored")
        return self._write(folder, replace(parsed, dags=(), failure=failure), fingerprint)

    def _write(self, folder: WatchedFolder, parsed: ParsedFile, fingerprint: str) -> Recorded:
        place = Place(folder.bundle.name, self._paused, folder.is_present)
        return self._database.write(
            lambda connection: record(connection, parsed, fingerprint, place, now=self._clock.now(), ids=self._ids),
            collisions=True,
        )


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _may_be_contested(known: KnownFile, parsed: ParsedFile) -> bool:
    return known.is_in_error and parsed.failure is None


def _outcome(parsed: ParsedFile) -> str:
    failure = astuple(parsed.failure) if parsed.failure is not None else None
    said = [parsed.source_hash, failure, [[dag.dag_id, dag.structure_hash, dag.listing] for dag in parsed.dags]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _report(parsed: ParsedFile, recorded: Recorded, told: tuple[str, ...]) -> None:
    if recorded.failure is not None:
        line = f", line {recorded.failure.line}" if recorded.failure.line is not None else ""
        log.warning("%s%s: %s", parsed.path, line, recorded.failure.told)
        return
    log.info(
        "%s: %d DAGs, %d new or changed, in %.2f s",
        parsed.path,
        len(parsed.dags),
        len(recorded.changed),
        parsed.seconds,
    )
    for warning in (each for each in parsed.warnings if each not in told):
        log.warning("%s: %s", parsed.path, warning)
