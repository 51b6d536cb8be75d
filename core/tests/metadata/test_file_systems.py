"""SQLite on a network file system is refused; its local neighbour is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tradewind.cli import main
from tradewind.metadata import file_systems
from tradewind.metadata.engine import Database
from tradewind.metadata.file_systems import NetworkFileSystemError, require_local

TABLE = r"""22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 28 0:35 / /shared rw,relatime shared:2 - nfs4 filer:/export/data rw,vers=4.2
41 40 8:2 / /shared/disk rw,relatime - xfs /dev/sdb1 rw
42 28 0:36 / /with\040blank rw - cifs //server/my\040files rw
43 28 0:37 / /twice rw - nfs filer:/x rw
44 43 8:3 / /twice rw - ext4 /dev/sdc1 rw
45 28 0:40 / /far rw - fuse.sshfs me@host:/ rw
a line that is none
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of mounts as Linux has it."""
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize(
    "path", ["/shared/tradewind.db", "/shared/a/b/tradewind.db", "/with blank/tradewind.db", "/far/x.db"]
)
def test_a_network_file_system_is_refused(table: Path, path: str) -> None:
    with pytest.raises(NetworkFileSystemError) as error:
        require_local(Path(path), mount_table=table)
    assert path in str(error.value)
    assert "PostgreSQL or MariaDB" in str(error.value)


@pytest.mark.parametrize("path", ["/home/me/x.db", "/shared/disk/x.db", "/sharedness/x.db", "/twice/x.db"])
def test_what_lies_beside_it_is_not(table: Path, path: str) -> None:
    require_local(Path(path), mount_table=table)


def test_a_link_to_it_is_followed(table: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/shared")
    with pytest.raises(NetworkFileSystemError, match="filer:/export/data at /shared"):
        require_local(tmp_path / "link" / "x.db", mount_table=table)


def test_without_a_table_nothing_is_refused(tmp_path: Path) -> None:
    require_local(Path("/shared/x.db"), mount_table=tmp_path / "none")


def test_opening_the_database_asks_the_table(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_systems, "MOUNT_TABLE", table)
    with pytest.raises(NetworkFileSystemError):
        Database("sqlite:////shared/x.db")
    Database(f"sqlite:///{tmp_path}/x.db").dispose()
    Database("sqlite://").dispose()


def test_the_command_line_says_it_in_one_line(table: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(file_systems, "MOUNT_TABLE", table)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", "sqlite:////shared/x.db")
    assert main(["db", "migrate"]) == 1
    err = capsys.readouterr().err
    assert "lies on a network file system (nfs4, filer:/export/data at /shared)" in err
    assert len(err.splitlines()) == 1
