"""What an import reads is noted, and a change to it, and to nothing else, reads the file again."""

from __future__ import annotations

import json

import pytest
from tradewind.parsing.inputs import Inputs
from tradewind.parsing.processor import Round

READS = """
    import json
    import os
    from pathlib import Path

    from tradewind import DAG
    from helpers import names

    here = Path(__file__).parent
    settings = json.loads((here / "conf" / "settings.json5").read_text())
    for name in sorted(os.listdir(here / "parts")):
        DAG(f"part_{{name}}", schedule=None).__enter__().__exit__(None)
    (here / "log.out").write_text("imported")
"""


@pytest.fixture
def reading(lite):
    lite.write("helpers/__init__.py", "")
    lite.write("helpers/names.py", "NAMES = []")
    lite.write("helpers/unused.py", "")
    lite.write("conf/settings.json5", "{}")
    lite.write("conf/other.json5", "{}")
    lite.write("parts/one.part", "")
    lite.write("a.py", READS.replace("{{", "{").replace("}}", "}"))
    assert lite.settle().parsed == ("a.py",)
    assert lite.file("a.py").error is None
    lite.settle()
    return lite


def test_the_inputs_are_what_was_opened_listed_and_imported(reading):
    inputs = Inputs.from_json(reading.file("a.py").inputs)
    assert set(inputs.files) == {"a.py", "conf/settings.json5", "helpers/__init__.py", "helpers/names.py"}
    assert inputs.folders == ("parts",)
    assert Inputs.from_json(inputs.to_json()) == inputs


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("conf/settings.json5", '{"changed": 1}'),
        ("helpers/names.py", "NAMES = [1]"),
        ("parts/two.part", ""),
        ("query.sql", "select 1"),
    ],
)
def test_a_change_to_an_input_reads_the_file_again(reading, path, text):
    reading.write(path, text)
    assert reading.settle() == Round(parsed=("a.py",), written=("a.py",))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("conf/other.json5", '{"changed": 1}'),
        ("helpers/unused.py", "X = 1"),
        ("parts/one.part", "contents do not count, names do"),
        ("log.out", "written by the import itself"),
        ("notes.org", "dag tradewind"),
        ("helper_of_others.py", "X = 1"),
        (".git/HEAD", "dag tradewind"),
    ],
)
def test_a_change_to_anything_else_does_not(reading, path, text):
    reading.write(path, text)
    assert reading.settle() == Round()


def test_a_hidden_file_that_is_read_counts(lite):
    lite.write(".env", "dev")
    lite.write(
        "a.py",
        """
        from pathlib import Path
        from tradewind import DAG
        made = DAG((Path(__file__).parent / ".env").read_text(), schedule=None)
        """,
    )
    lite.processor.round()
    assert lite.active() == ["dev"]
    assert lite.restart().round() == Round()
    lite.write("other.py", "")
    assert lite.settle() == Round()
    lite.write(".env", "prod")
    assert lite.settle().written == ("a.py",)
    assert lite.active() == ["prod"]


def test_a_change_back_is_a_change(reading):
    reading.write("helpers/names.py", "NAMES = [1]")
    reading.settle()
    reading.write("helpers/names.py", "NAMES = []")
    assert reading.settle().written == ("a.py",)


def test_a_release_of_tradewind_reads_everything_again(reading, monkeypatch):
    monkeypatch.setattr("tradewind.parsing.inputs.VERSION", "99.0")
    assert reading.restart().round().parsed == ("a.py",)


def test_a_file_that_asks_for_it_is_read_again_and_writes_only_news(lite):
    outside = lite.home / "outside.json"
    outside.write_text(json.dumps("first"))
    lite.write(
        "a.py",
        f"""
        # tradewind: reparse=1m
        import json, pathlib
        from tradewind import DAG
        made = DAG(json.loads(pathlib.Path({str(outside)!r}).read_text()), schedule=None)
        """,
    )
    lite.processor.round()
    lite.seconds += 59
    assert lite.processor.round() == Round()
    lite.seconds += 1
    assert lite.processor.round() == Round(parsed=("a.py",))
    outside.write_text(json.dumps("second"))
    lite.seconds += 60
    assert lite.processor.round().written == ("a.py",)
    assert lite.active() == ["second"]


def test_a_file_half_written_is_waited_for(lite, source):
    lite.processor.round()
    path = lite.write("a.py", source("a"))
    whole = path.read_text()
    for end in range(50, len(whole), 60):
        path.write_text(whole[:end])
        assert lite.processor.round().parsed == ()
    path.write_text(whole)
    assert lite.processor.round().parsed == ()
    assert lite.processor.round().written == ("a.py",)
    assert lite.file("a.py").error is None


def test_files_that_mention_no_dags_are_not_imported(lite):
    lite.write("setup.py", "raise SystemExit('no DAG here')\n")
    lite.write("tool.py", "import tradewind\n")
    assert lite.settle() == Round()
