"""Folders of code beside the DAG folder: a change of any Python file in one is seen."""

from __future__ import annotations

from pathlib import Path

from tradewind.parsing.beside import FolderDigests, folder_signature, folders_below
from tradewind.parsing.inputs import Digests
from tradewind.parsing.tree import Tree


def test_a_digest_is_of_names_and_contents_of_python_files(tmp_path: Path) -> None:
    digests = FolderDigests()
    none = digests.of(str(tmp_path / "nothing"))
    (tmp_path / "inner").mkdir()
    assert digests.of(str(tmp_path)) == none
    (tmp_path / "inner" / "a.py").write_text("1")
    first = digests.of(str(tmp_path))
    for name in ("notes.txt", ".hidden/x.py", "inner/__pycache__/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("anything")
    assert digests.of(str(tmp_path)) == first != none
    (tmp_path / "inner" / "a.py").write_text("22")
    second = digests.of(str(tmp_path))
    (tmp_path / "inner" / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, digests.of(str(tmp_path))}) == 3


def test_a_signature_tells_cheaply(tmp_path: Path) -> None:
    assert folder_signature(str(tmp_path / "nothing")) is None
    before = folder_signature(str(tmp_path))
    (tmp_path / "a.py").write_text("1")
    assert folder_signature(str(tmp_path)) != before


def test_an_input_by_its_whole_path_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "plugins").mkdir()
    plugins = str(tmp_path / "plugins")
    tree, digests = Tree(tmp_path / "dags"), Digests()
    before, digest = tree.with_unlisted([plugins]), digests.of(tree, plugins)
    (tmp_path / "plugins" / "a.py").write_text("1")
    after = tree.with_unlisted([plugins])
    assert after.changed_since(before) == {plugins}
    assert digests.of(after, plugins) != digest
    assert folders_below(plugins) == [plugins]
