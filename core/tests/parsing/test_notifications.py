"""What the kernel tells, where it does not tell, and the links on the way."""

from __future__ import annotations

import errno
import select
from pathlib import Path

import pytest
from tradewind.config.load import load
from tradewind.parsing import eyes
from tradewind.parsing.eyes import Eyes
from tradewind.parsing.notifications import Notifications, all_local, link_folders

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /srv/share rw - nfs4 server:/dags rw
31 22 0:31 / /srv/with\\040space rw - tmpfs tmpfs rw
"""


@pytest.fixture
def ears():
    made = Notifications()
    yield made
    made.close()


def is_told(ears: Notifications) -> bool:
    return bool(select.select([ears], [], [], 5)[0]) and ears.drain()


def test_changes_are_told_and_silence_is_silence(ears, tmp_path):
    (tmp_path / "inner").mkdir()
    ears.watch([str(tmp_path), str(tmp_path / "inner"), str(tmp_path / "gone")])
    assert ears.drain() is False
    (tmp_path / "inner" / "a.py").write_text("x")
    assert is_told(ears)
    (tmp_path / "inner" / "a.py").read_text()
    assert ears.drain() is False


def test_a_folder_that_was_replaced_is_watched_again(ears, tmp_path):
    folder = tmp_path / "dags"
    folder.mkdir()
    ears.watch([str(folder)])
    folder.rename(tmp_path / "old")
    folder.mkdir()
    assert is_told(ears)
    ears.watch([str(folder)])
    ears.drain()
    (folder / "a.py").write_text("x")
    assert is_told(ears)
    (tmp_path / "old" / "b.py").write_text("x")
    assert ears.drain() is False


def test_links_on_the_way_are_found(tmp_path):
    real = tmp_path / "worktrees" / "abc" / "dags"
    real.mkdir(parents=True)
    (tmp_path / "git").mkdir()
    (tmp_path / "git" / "current").symlink_to("../worktrees/abc")
    (tmp_path / "dags").symlink_to(tmp_path / "git" / "current" / "dags")
    assert link_folders(tmp_path / "dags") == (str(tmp_path), str(tmp_path / "git"))
    assert link_folders(real) == ()
    (tmp_path / "loop").symlink_to("loop")
    assert link_folders(tmp_path / "loop") == (str(tmp_path),)


@pytest.mark.parametrize(
    ("folder", "is_local"),
    [("/home/me/dags", True), ("/srv/share/dags", False), ("/srv/with space", True), ("/srv/shared", True)],
)
def test_file_systems_that_others_write_to_are_polled(tmp_path, folder, is_local):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert all_local([folder], str(mounts)) is is_local
    assert all_local([folder], str(tmp_path / "none")) is False


def test_without_notifications_there_is_a_pace_and_a_word(monkeypatch, tmp_path, caplog):
    def refuse() -> Notifications:
        raise OSError(errno.EMFILE, "Too many open files")

    caplog.set_level("INFO")
    monkeypatch.setattr(eyes, "Notifications", refuse)
    settings = load(tmp_path, {}).config.parsing
    seen = Eyes(settings, [])
    assert (seen.fileno(), seen.see(), seen.interval) == (-1, False, 0.5)
    seen.follow()
    seen.close()
    assert "no file notifications (Too many open files): looking at the DAG folder every 0.5 s" in caplog.text


def test_too_many_folders_fall_back_to_the_pace(monkeypatch, tmp_path, caplog):
    def full(_self: Notifications, _folders: object, _links: object = ()) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    caplog.set_level("INFO")
    monkeypatch.setattr(Notifications, "watch", full)
    seen = Eyes(load(Path(tmp_path), {}).config.parsing, [])
    seen.follow()
    assert (seen.fileno(), seen.interval) == (-1, 0.5)
    assert "raise fs.inotify.max_user_watches" in caplog.text
