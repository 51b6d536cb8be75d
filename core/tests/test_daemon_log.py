"""Logs that are moved away while a daemon writes: nothing is lost, and new lines go to new files."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WRITER = """
import logging, os, sys
from pathlib import Path
from tradewind.config import load
from tradewind.daemon_log import DaemonFiles, configure_log, obey_log_signals

folder = Path(sys.argv[1])
answers = os.dup(1)
files = DaemonFiles(folder / "d.log", folder / "d.out", folder / "d.err")
configure_log(load(folder, {}).config, files)
os.write(answers, b"started\\n")
obey_log_signals(files, also=lambda: os.write(answers, b"reopened\\n"))
os.write(answers, b"obeys\\n")
for number, _ in enumerate(sys.stdin):
    logging.getLogger("beside").info("line %d", number)
    print("out", number, flush=True)
    print("err", number, file=sys.stderr, flush=True)
    os.write(answers, b"written\\n")
"""


class Writer:
    """A process that writes one line to each file when it is asked to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.expect("started")
        self.expect("obeys")

    def expect(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def write(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.expect("written")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path)
    yield writer
    writer.process.communicate(timeout=20)
    assert writer.process.returncode == 0


def test_after_a_move_and_hangup_every_line_is_in_the_old_or_the_new_file(writer: Writer, tmp_path: Path) -> None:
    writer.write()
    for name in ("d.log", "d.out", "d.err"):
        (tmp_path / name).rename(tmp_path / f"{name}.1")
    writer.write()  # between the move and the signal, as with logrotate's postrotate
    writer.process.send_signal(signal.SIGHUP)
    writer.expect("reopened")
    writer.write()
    for name, lines in (("d.out", ["out 0", "out 1"]), ("d.err", ["err 0", "err 1"])):
        assert (tmp_path / f"{name}.1").read_text().splitlines() == lines
    assert (tmp_path / "d.out").read_text() == "out 2\n"
    assert (tmp_path / "d.err").read_text() == "err 2\n"
    assert "line 0" in (tmp_path / "d.log.1").read_text()
    new = (tmp_path / "d.log").read_text()
    assert "line 1" in new, "a moved log is noticed at the next line, without the signal"
    assert "line 2" in new


def test_a_folder_that_is_gone_at_the_hangup_ends_nothing(writer: Writer, tmp_path: Path) -> None:
    for path in (tmp_path / "d.out", tmp_path / "d.err"):
        path.unlink()
        path.mkdir()  # now it cannot be opened
    writer.process.send_signal(signal.SIGHUP)
    writer.expect("reopened")
    writer.write()
    assert "cannot be opened again" in (tmp_path / "d.log").read_text()


def test_sigusr2_tells_where_the_threads_stand(writer: Writer, tmp_path: Path) -> None:
    writer.process.send_signal(signal.SIGUSR2)
    writer.write()
    assert "most recent call first" in (tmp_path / "d.err").read_text()
