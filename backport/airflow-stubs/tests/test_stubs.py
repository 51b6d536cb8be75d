"""The stubs are those that the tables give now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("problem", ["missing", "stale"])
def test_stubs_are_fresh(problem: str) -> None:
    wanted = runpy.run_path(str(ROOT / "generate.py"))["stubs"]()
    folder = ROOT / "airflow-stubs"
    there = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.pyi")}
    if problem == "missing":
        assert sorted(wanted.keys() ^ there.keys()) == []
    else:
        assert [path for path, text in wanted.items() if there.get(path) != text] == []
