import io
import os
import socket
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException
from tradewind_sftp.hooks.sftp import SFTPHook
from tradewind_sftp.times import seconds_of, stamp_of

pytestmark = pytest.mark.backed_by("real", "OpenSSH")


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def hook(desk):
    return SFTPHook()


def test_a_file_goes_there_and_back(hook, remote, local):
    (local / "a").write_bytes(b"\x00grain" * 100_000)
    hook.store_file(f"{remote}/a", str(local / "a"))
    assert (remote / "a").read_bytes() == (local / "a").read_bytes()
    hook.retrieve_file(f"{remote}/a", str(local / "b"))
    assert (local / "b").read_bytes() == (local / "a").read_bytes()
    hook.retrieve_file(f"{remote}/a", str(local / "c"), prefetch=False)
    assert (local / "c").read_bytes() == (local / "a").read_bytes()
    assert names(remote) == ["a"]
    assert names(local) == ["a", "b", "c"]


def test_open_files_work_as_well(hook, remote):
    hook.store_file(f"{remote}/a", io.BytesIO(b"grain"))
    got = io.BytesIO()
    hook.retrieve_file(f"{remote}/a", got)
    assert got.getvalue() == b"grain"


def test_an_empty_file(hook, remote, local):
    hook.store_file(f"{remote}/a", io.BytesIO(b""))
    hook.retrieve_file(f"{remote}/a", str(local / "a"))
    assert (local / "a").read_bytes() == b""


def test_a_file_that_is_replaced_keeps_its_mode_and_links_stay(hook, remote, local):
    hook.store_file(f"{remote}/a", io.BytesIO(b"old"))
    (remote / "a").chmod(0o640)
    (remote / "link").symlink_to(remote / "a")
    hook.store_file(f"{remote}/link", io.BytesIO(b"new"))
    assert (remote / "link").is_symlink()
    assert (remote / "a").read_bytes() == b"new"
    assert (remote / "a").stat().st_mode & 0o777 == 0o640
    (local / "a").write_text("old")
    (local / "a").chmod(0o600)
    (local / "link").symlink_to(local / "a")
    hook.retrieve_file(f"{remote}/a", str(local / "link"))
    assert (local / "link").is_symlink()
    assert (local / "a").read_text() == "new"
    assert (local / "a").stat().st_mode & 0o777 == 0o600


def test_a_file_can_be_written_under_its_own_name(hook, remote):
    hook.store_file(f"{remote}/a", io.BytesIO(b"old"))
    number = (remote / "a").stat().st_ino
    hook.store_file(f"{remote}/a", io.BytesIO(b"new"), atomic=False, confirm=False)
    assert (remote / "a").stat().st_ino == number
    assert (remote / "a").read_bytes() == b"new"


def test_what_is_not_there_is_told_with_path_and_connection(hook, remote, local):
    for call in (
        lambda: hook.retrieve_file(f"{remote}/no", str(local / "no")),
        lambda: hook.delete_file(f"{remote}/no"),
        lambda: hook.list_directory(f"{remote}/no"),
        lambda: hook.get_mod_time(f"{remote}/no"),
        lambda: hook.store_file(f"{remote}/no/no", io.BytesIO(b"")),
    ):
        with pytest.raises(FileNotFoundError, match=r"connection 'sftp_default'.*/no"):
            call()
    with pytest.raises(FileNotFoundError, match="missing"):
        hook.store_file(f"{remote}/a", str(local / "missing"))
    assert names(local) == []


def test_what_is_not_allowed_is_told_the_same_way(hook, remote):
    if os.geteuid() != 0:
        pytest.skip("all that is here belongs to the user who logs in")
    (remote / "locked").mkdir()
    with pytest.raises(PermissionError, match="connection 'sftp_default'"):
        hook.store_file(f"{remote}/locked/a", io.BytesIO(b""))


def test_a_folder_is_no_file(hook, remote):
    with pytest.raises(TradewindException, match="is a folder"):
        hook.store_file(str(remote), io.BytesIO(b""))


def test_folders(hook, remote):
    hook.create_directory(f"{remote}/a/b/c")
    hook.create_directory(f"{remote}/a/b/c")
    assert hook.isdir(f"{remote}/a/b/c")
    assert not hook.isfile(f"{remote}/a/b/c")
    hook.store_file(f"{remote}/a/file", io.BytesIO(b"x"))
    assert hook.isfile(f"{remote}/a/file")
    assert not hook.isdir(f"{remote}/a/file")
    assert hook.path_exists(f"{remote}/a/file")
    assert not hook.path_exists(f"{remote}/a/no")
    assert hook.list_directory(f"{remote}/a") == ["b", "file"]
    with pytest.raises(TradewindException, match="is a file"):
        hook.create_directory(f"{remote}/a/file/b")
    with pytest.raises(OSError, match="connection 'sftp_default': Failure"):
        hook.delete_directory(f"{remote}/a")
    hook.mkdir(f"{remote}/d", 0o700)
    assert (remote / "d").stat().st_mode & 0o777 == 0o700
    hook.delete_directory(f"{remote}/d")
    assert not (remote / "d").exists()


def test_a_folder_is_deleted_with_all_in_it_and_links_are_not_followed(hook, remote, local):
    hook.create_directory(f"{remote}/a/b")
    hook.store_file(f"{remote}/a/b/file", io.BytesIO(b"x"))
    hook.store_file(f"{remote}/keep", io.BytesIO(b"x"))
    (remote / "a" / "link").symlink_to(remote)
    hook.delete_directory(f"{remote}/a", include_files=True)
    assert names(remote) == ["keep"]


def test_what_a_folder_is_described_as(hook, remote):
    hook.mkdir(f"{remote}/d")
    hook.store_file(f"{remote}/a", io.BytesIO(b"xyz"))
    os.utime(str(remote / "a"), (0, 1_000_000_000))
    told = hook.describe_directory(str(remote))
    assert told["a"] == {"size": 3, "type": "file", "modify": "20010909014640"}
    assert told["d"]["type"] == "dir"
    assert hook.get_mod_time(f"{remote}/a") == "20010909014640"


def tree(hook, remote):
    hook.create_directory(f"{remote}/a/b")
    for name in ("one.csv", "a/two.csv", "a/b/three.txt"):
        hook.store_file(f"{remote}/{name}", io.BytesIO(name.encode()))
    (remote / "link").symlink_to("nowhere")


def test_walking(hook, remote):
    tree(hook, remote)
    root = str(remote)
    files, folders, others = hook.get_tree_map(root)
    assert sorted(files) == [f"{root}/a/b/three.txt", f"{root}/a/two.csv", f"{root}/one.csv"]
    assert folders == [f"{root}/a", f"{root}/a/b"]
    assert others == [f"{root}/link"]
    assert hook.get_tree_map(root, prefix=f"{root}/a", delimiter=".csv") == ([f"{root}/a/two.csv"], [], [])
    found = []
    hook.walktree(root, found.append, found.append, found.append, recurse=False)
    assert sorted(found) == [f"{root}/a", f"{root}/link", f"{root}/one.csv"]


def test_names_that_fit_a_pattern(hook, remote):
    for name in ("b.csv", "a.csv", "A.txt", ".c.csv.1f.part"):
        hook.store_file(f"{remote}/{name}", io.BytesIO(b""))
    assert hook.get_files_by_pattern(str(remote), "*.csv") == ["a.csv", "b.csv"]
    assert hook.get_files_by_pattern(str(remote), "*") == ["A.txt", "a.csv", "b.csv"]
    assert hook.get_file_by_pattern(str(remote), "*.csv") == "a.csv"
    assert hook.get_file_by_pattern(str(remote), "*.json") == ""


def test_whole_folders(hook, remote, local):
    tree(hook, remote)
    (remote / "link").unlink()
    hook.retrieve_directory(str(remote), str(local / "copy"))
    assert (local / "copy" / "a" / "b" / "three.txt").read_text() == "a/b/three.txt"
    hook.store_directory(f"{remote}/back", str(local / "copy"))
    assert (remote / "back" / "a" / "b" / "three.txt").read_text() == "a/b/three.txt"
    with pytest.raises(TradewindException, match="is there already"):
        hook.retrieve_directory(str(remote), str(local / "copy"))
    with pytest.raises(TradewindException, match="is there already"):
        hook.store_directory(f"{remote}/back", str(local / "copy"))


def test_one_connection_serves_a_block(hook, remote):
    with hook.get_managed_conn() as conn:
        hook.store_file(f"{remote}/a", io.BytesIO(b""))
        with hook.get_managed_conn() as again:
            assert again is conn
        assert hook.get_conn() is conn
    assert hook.conn is None
    kept = SFTPHook("sftp_default", use_managed_conn=False)
    kept.list_directory(str(remote))
    assert kept.conn is not None
    first = kept.get_conn()
    kept.close_conn()
    assert kept.get_conn() is not first
    kept.close_conn()


def test_many_files_over_one_connection(hook, remote, local):
    for number in range(300):
        (local / f"{number:03}").write_bytes(b"x" * number)
    hook.store_directory(f"{remote}/many", str(local))
    assert len(hook.list_directory(f"{remote}/many")) == 300
    hook.retrieve_directory(f"{remote}/many", str(local.parent / "back"))
    assert [len(each.read_bytes()) for each in sorted((local.parent / "back").iterdir())] == list(range(300))


def test_the_connection_can_be_tested(hook, change):
    works, told = hook.test_connection()
    assert works
    assert "the folder is /" in told
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        change(port=probe.getsockname()[1])
    works, told = hook.test_connection()
    assert not works
    assert "sftp_default" in told


def test_what_ssh_does_works_too(hook):
    with hook.get_managed_conn():
        assert hook.exec_ssh_client_command(hook.get_ssh_client(), "echo hello")[1] == b"hello\n"
    with pytest.raises(TradewindNotFoundException):
        SFTPHook("missing").list_directory(".")


def test_a_cut_in_mid_file_leaves_nothing_and_the_same_hook_goes_on(change, remote, local, cutter):
    hook = SFTPHook()
    change({"host_key": None, "no_host_key_check": True, "compress": False}, port=cutter.port)
    whole = os.urandom(3_000_000)
    (local / "a").write_bytes(whole)
    (remote / "b").write_bytes(whole)
    (remote / "a").write_bytes(b"as it was")
    for call in (
        lambda: hook.store_file(f"{remote}/a", str(local / "a")),
        lambda: hook.retrieve_file(f"{remote}/b", str(local / "b")),
    ):
        cutter.after = 1_000_000
        with pytest.raises(ConnectionFailed, match="connection 'sftp_default'"):
            call()
        assert cutter.has_struck.is_set()
        assert (remote / "a").read_bytes() == b"as it was"
        assert names(local) == ["a"]
        cutter.heal()
    hook.store_file(f"{remote}/a", str(local / "a"))
    assert (remote / "a").read_bytes() == whole
    hook.retrieve_file(f"{remote}/b", str(local / "b"))
    assert (local / "b").read_bytes() == whole


def test_a_cut_while_sending_is_swept_up_where_the_server_answers_again(hook, change, remote, local, cutter):
    change({"host_key": None, "no_host_key_check": True, "compress": False}, port=cutter.port)
    (local / "a").write_bytes(os.urandom(3_000_000))
    cutter.after = 1_000_000
    cutter.heals = True
    with pytest.raises(ConnectionFailed):
        hook.store_file(f"{remote}/a", str(local / "a"))
    assert names(remote) == []


def test_a_next_try_writes_over_what_one_has_left(hook, remote):
    hook.store_file(f"{remote}/.a.17.part", io.BytesIO(b"half"), atomic=False)
    hook.store_file(f"{remote}/a", io.BytesIO(b"whole"), token="17")
    assert names(remote) == ["a"]


def test_a_silent_server_in_mid_file_runs_into_the_timeout(hook, change, remote, cutter):
    change({"host_key": None, "no_host_key_check": True, "cmd_timeout": 0.5, "banner_timeout": 1}, port=cutter.port)
    (remote / "b").write_bytes(os.urandom(3_000_000))
    cutter.after, cutter.falls_silent = 1_000_000, True
    with pytest.raises(ConnectionFailed, match="connection 'sftp_default'"):
        hook.retrieve_file(f"{remote}/b", io.BytesIO())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2001-09-09", 999_993_600),
        ("2001-09-09 01:46:40", 1_000_000_000),
        ("2001-09-09T01:46:40.5Z", 1_000_000_000),
        ("2001-09-09T03:46:40+02:00", 1_000_000_000),
        ("2001-09-08T20:46-0500", 999_999_960),
        (datetime(2001, 9, 9, 1, 46, 40), 1_000_000_000),
        (datetime(2001, 9, 9, 3, 46, 40, tzinfo=timezone(timedelta(hours=2))), 1_000_000_000),
    ],
)
def test_instants(text, seconds):
    assert seconds_of(text) == seconds


def test_what_is_no_instant():
    with pytest.raises(TradewindException, match="'yesterday' is no instant"):
        seconds_of("yesterday")
    assert stamp_of(1_000_000_000) == "20010909014640"
