"""Asking a real Apache Airflow about DAG files: its interpreter runs the recorders, some files at a time, side by side."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AT_ONCE = 2
"""Files that one process is asked about: starting Airflow costs some seconds."""
PATIENCE = 600
"""Seconds that a file with ten DAGs may take to be run several times, on a busy machine."""


@dataclass
class Airflow:
    """An Airflow environment, with a home of its own for each process that is asked at the same time.

    Arguments:
        python: its interpreter; time-machine is installed beside Airflow.
        folder: for the homes; must be empty.
        jobs: how many processes are asked at the same time.
    """

    python: str
    folder: Path
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    _homes: queue.Queue[Path] = field(default_factory=queue.Queue)

    def prepare(self) -> str:
        """Make the homes, and return Airflow's version."""
        first = self.folder / "home0"
        self._run(first, "-m", "airflow", "db", "migrate")
        for number in range(self.jobs):
            home = self.folder / f"home{number}"
            if number:
                shutil.copytree(first, home)
            self._homes.put(home)
        return self._run(first, "-c", "import airflow; print(airflow.__version__)").strip().splitlines()[-1]

    def ask(
        self, script: str, files: Sequence[Path], now: str, *, patience: float = PATIENCE, paths: Sequence[Path] = ()
    ) -> list[dict[str, Any]]:
        """Return what a recorder says of files, in their order, telling on standard error how far it is.

        Arguments:
            script: its name in this folder.
            now: ISO 8601.
            patience: seconds a file may take.
            paths: folders that the files may import from.
        """
        chunks = [files[start : start + AT_ONCE] for start in range(0, len(files), AT_ONCE)]
        more = ["--now", now, "--patience", str(patience), *(f"--path={each}" for each in paths)]
        found: dict[int, list[dict[str, Any]]] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            asked = {pool.submit(self._chunk, script, more, chunk): index for index, chunk in enumerate(chunks)}
            for done, future in enumerate(as_completed(asked), 1):
                found[asked[future]] = future.result()
                print(f"{script}: {min(done * AT_ONCE, len(files))} of {len(files)} files", file=sys.stderr, flush=True)
        return [each for index in range(len(chunks)) for each in found[index]]

    def _chunk(self, script: str, more: Sequence[str], files: Sequence[Path]) -> list[dict[str, Any]]:
        home = self._homes.get()
        try:
            answer = self._run(home, "-W", "ignore", str(HERE / script), *more, *map(str, files))
        finally:
            self._homes.put(home)
        results: list[dict[str, Any]] = json.loads(answer)
        return results

    def _run(self, home: Path, *words: str) -> str:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "TRADEWIND"))
        }
        environment = {**kept, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        done = subprocess.run([self.python, *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"Airflow's {' '.join(words[:3])} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return done.stdout


def by_dag(results: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the DAGs of results by id.

    Raises:
        RuntimeError: a file could not be loaded.
    """
    for result in results:
        if result["error"]:
            raise RuntimeError(f"{result['file']}: {result['error']}")
        for dag in result["dags"]:
            yield dag["dag_id"], dag
