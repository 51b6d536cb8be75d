"""Log files that are put aside by size and by day, by several processes at once: no line is lost and none is torn."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import closing

import pytest
from tradewind.daemon_log.rotation import DAY_SECONDS, DaemonLogFile, Rotation


def write(handler, text):
    handler.handle(logging.makeLogRecord({"msg": text}))


def texts(folder):
    return {
        path.name: path.read_text().splitlines() for path in sorted(folder.glob("d.log*")) if path.suffix != ".lock"
    }


def test_a_file_that_would_grow_too_large_is_put_aside_and_the_oldest_go(tmp_path):
    with closing(DaemonLogFile(tmp_path / "d.log", Rotation(size=12, keep=2))) as handler:
        for text in ("one", "two", "three", "four", "five", "longer than all of it", "end"):
            write(handler, text)
    assert texts(tmp_path) == {
        "d.log": ["end"],
        "d.log.1": ["longer than all of it"],
        "d.log.2": ["five"],
    }


def test_a_line_of_a_new_day_begins_a_new_file(tmp_path):
    path = tmp_path / "d.log"
    with closing(DaemonLogFile(path, Rotation(daily=True))) as handler:
        write(handler, "today")
        write(handler, "today too")
        yesterday = path.stat().st_mtime - DAY_SECONDS
        os.utime(path, (yesterday, yesterday))
        write(handler, "tomorrow")
    assert texts(tmp_path) == {"d.log": ["tomorrow"], "d.log.1": ["today", "today too"]}


def test_without_rotation_a_file_grows_and_no_lock_is_made(tmp_path):
    with closing(DaemonLogFile(tmp_path / "d.log", Rotation())) as handler:
        for number in range(1000):
            write(handler, f"line {number}")
    assert [path.name for path in tmp_path.iterdir()] == ["d.log"]


def test_a_folder_that_takes_no_lock_costs_no_line(tmp_path, capsys):
    (tmp_path / "d.log.lock").mkdir()
    with closing(DaemonLogFile(tmp_path / "d.log", Rotation(size=5))) as handler:
        write(handler, "one")
        write(handler, "two two")
    assert texts(tmp_path)["d.log"] == ["one", "two two"]
    assert "Is a directory" in capsys.readouterr().err


WRITER = """
import logging, sys
from pathlib import Path
from tradewind.daemon_log.rotation import DaemonLogFile, Rotation

handler = DaemonLogFile(Path(sys.argv[1]), Rotation(size=4000, keep=1000))
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    handler.handle(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number:4} " + "x" * (number % 90)}))
"""


@pytest.mark.parametrize("processes", [3])
def test_several_processes_share_a_file_and_lose_nothing(tmp_path, processes):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "d.log")]
    writers = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in range(processes)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
        assert writer.returncode == 0
    lines = [line for content in texts(tmp_path).values() for line in content]
    assert sorted(line.rstrip("x").rstrip() for line in lines) == sorted(
        f"{who} {number:4}" for who in range(processes) for number in range(300)
    )
    assert all(line.endswith("x" * (int(line.split()[1]) % 90)) for line in lines)
    assert len(texts(tmp_path)) > 10
