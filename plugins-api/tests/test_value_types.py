"""Type checkers read values as frozen, keyword-only dataclasses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api", reason="mypy is not installed")

SOURCE = """
from tradewind_plugins.connection import Connection
from tradewind_plugins.values import Value, field

class Point(Value):
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)

class Point3(Point):
    z: int = 0

reveal_type(Point(x=1).tags)  # N: Revealed type is "list[str]"
reveal_type(Point3(x=1, z=2).replace(x=5))  # N: Revealed type is "MODULE.Point3"
reveal_type(Connection(conn_id="a", port=5).port)  # N: Revealed type is "int | None"
Point(1)  # E: Too many positional arguments for "Point"
Point()  # E: Missing named argument "x" for "Point"
Point(x="a")  # E: Argument "x" to "Point" has incompatible type "str"; expected "int"
Point(x=1, w=2)  # E: Unexpected keyword argument "w" for "Point"
Point(x=1).x = 2  # E: Property "x" defined in "Point" is read-only
"""


def test_mypy_reads_values_as_frozen_dataclasses(tmp_path):
    path = tmp_path / "fixture_of_values.py"
    path.write_text(SOURCE)
    printed, errors, _ = api.run(["--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(path)])
    assert errors == ""
    found = set(re.findall(r"^.*?:(\d+): (?:error|note): (.*?)(?:  \[.*)?$", printed, re.MULTILINE))
    lines = SOURCE.splitlines()
    expected = {
        (str(number), line.partition(": ")[2].replace("MODULE", Path(path).stem))
        for number, line in ((n, text.partition("  # ")[2]) for n, text in enumerate(lines, 1))
        if line
    }
    assert found == expected
