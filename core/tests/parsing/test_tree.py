"""Looking at a folder: what is there, what is ignored, what changed."""

from __future__ import annotations

import pytest
from tradewind.parsing.tree import FolderUnreadable, look


@pytest.fixture
def put(tmp_path):
    def put(path: str, text: str = "") -> None:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    return put


def test_hidden_files_and_caches_are_left_out(tmp_path, put):
    for path in ("a.py", "sub/b.py", ".git/c.py", "__pycache__/d.pyc", ".hidden.py"):
        put(path)
    assert list(look(tmp_path).files) == ["a.py", "sub/b.py"]


def test_globs_in_tradewindignore(tmp_path, put):
    put(".tradewindignore", "# comment\n\ndrafts\n*.tmp\nsub/only.py\n")
    for path in ("a.py", "a.tmp", "drafts/b.py", "sub/drafts/c.py", "sub/only.py", "only.py"):
        put(path)
    assert list(look(tmp_path).files) == ["a.py", "only.py"]


def test_globs_count_from_their_own_folder(tmp_path, put):
    put("sub/.tradewindignore", "inner/x.py\n")
    put("sub/inner/x.py")
    put("inner/x.py")
    assert list(look(tmp_path).files) == ["inner/x.py"]


def test_regular_expressions_in_airflowignore(tmp_path, put):
    put(".airflowignore", "tenant_[\\d]\nhelpers/\n")
    for path in ("a.py", "tenant_1.py", "tenant_x.py", "sub/tenant_2/b.py", "helpers/c.py"):
        put(path)
    assert list(look(tmp_path).files) == ["a.py", "tenant_x.py"]


def test_links_are_followed_but_never_in_circles(tmp_path, put):
    put("real/a.py")
    (tmp_path / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "real" / "back").symlink_to(tmp_path)
    assert list(look(tmp_path).files) == ["real/a.py"]
    assert look(tmp_path / "real" / "back").root == tmp_path


def test_changes_are_what_is_new_gone_or_different(tmp_path, put):
    for path in ("same.py", "gone.py", "changed.py"):
        put(path)
    before = look(tmp_path)
    (tmp_path / "gone.py").unlink()
    put("changed.py", "x")
    put("new.py")
    assert look(tmp_path).changed_since(before) == {"gone.py", "changed.py", "new.py"}


def test_names_in_folders(tmp_path, put):
    for path in ("a.py", "sub/b.py", "sub/deep/c.py"):
        put(path)
    tree = look(tmp_path)
    assert (tree.names_in(""), tree.names_in("sub")) == (["a.py", "sub"], ["b.py", "deep"])


def test_a_missing_folder_is_unreadable(tmp_path):
    with pytest.raises(FolderUnreadable, match="none cannot be listed: No such file"):
        look(tmp_path / "none")
