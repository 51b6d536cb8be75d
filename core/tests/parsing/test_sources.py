"""What belongs to a version."""

from __future__ import annotations

import hashlib
import json

import pytest
from tradewind.parsing.sources import import_closure, included_files, manifest


@pytest.fixture
def files(tmp_path):
    def write(**sources: str) -> None:
        for name, source in sources.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)

    return write


def test_the_closure_follows_imports_inside_functions_and_between_helpers(files, tmp_path):
    files(
        dag="import json, first\ndef later():\n    from package.inner import deep\n",
        first="from second import name",
        second="",
        unrelated="",
        package__inner__deep="from .. import sibling\nfrom . import missing",
        package__sibling="from ..outside import nothing",
    )
    (tmp_path / "package" / "__init__.py").write_text("import unrelated_too")
    files(unrelated_too="")
    assert import_closure(tmp_path, ["dag.py", "data.csv"]) == {
        "dag.py",
        "first.py",
        "second.py",
        "package/__init__.py",
        "package/inner/deep.py",
        "package/sibling.py",
        "unrelated_too.py",
    }


def test_the_closure_ends_in_circles_and_passes_over_broken_files(files, tmp_path):
    files(a="import b", b="import a, c", c="def (")
    assert import_closure(tmp_path, ["a.py", "absent.py"]) == {"a.py", "b.py", "c.py", "absent.py"}


def test_included_files_are_those_beside_the_dag_and_below_but_not_other_pipelines():
    tree = [
        "root.sql",
        "team/dag.py",
        "team/one.sql",
        "team/notes.org",
        "team/sql/two.sql",
        "team/sql/deep/three.yaml",
        "team/other/their_dag.py",
        "team/other/four.sql",
        "team/other/sql/five.sql",
    ]
    assert included_files("team/dag.py", tree, ("*.sql", "*.yaml")) == {
        "team/one.sql",
        "team/sql/two.sql",
        "team/sql/deep/three.yaml",
    }


def test_the_manifest_is_the_same_for_the_same_contents():
    listing, hashes = manifest("a.py", {"b.sql": b"1", "a.py": b"2"})
    assert listing == manifest("a.py", {"a.py": b"2", "b.sql": b"1"})[0]
    assert json.loads(listing) == {"path": "a.py", "files": hashes}
    assert hashes["b.sql"] == hashlib.sha256(b"1").hexdigest()
    assert manifest("b.py", {"a.py": b"2"})[0] != listing
