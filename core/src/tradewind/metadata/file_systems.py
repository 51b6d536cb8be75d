"""Is a SQLite file where SQLite can work? Its locks and its shared memory do not reach across a network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")
# fmt: off
NETWORK = frozenset([
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse",
    "fuse.glusterfs", "fuse.goofys", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
    "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2",
    "smb3", "smbfs", "vboxsf", "wekafs",
])
# fmt: on
_ESCAPE = re.compile(r"\\([0-7]{3})")


class NetworkFileSystemError(RuntimeError):
    """A SQLite file lies on a network file system; the message says which, and the way out."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: where it is, its type, and what is mounted there."""

    point: Path
    kind: str
    source: str


def require_local(database: Path, *, mount_table: Path | None = None) -> None:
    """Return if a SQLite file may lie at this path.

    Arguments:
        database: the file; it need not exist.
        mount_table: Linux's table of mounts, as in /proc/self/mountinfo; where there is none, every path will do.
    Raises:
        NetworkFileSystemError: it lies on a network file system.
    """
    mount = network_mount(database, mount_table=mount_table)
    if mount is not None:
        raise NetworkFileSystemError(
            f"The SQLite database {database} lies on a network file system ({mount.kind}, {mount.source} at {mount.point}), "
            "where SQLite loses data: put it on a local disk (TRADEWIND_HOME or database.url), or use PostgreSQL or MariaDB."
        )


def network_mount(path: Path, *, mount_table: Path | None = None) -> Mount | None:
    """Return the network file system that a path lies on; None where it lies on none, or nothing is known.

    Arguments:
        path: need not exist.
        mount_table: see `require_local`.
    """
    try:
        table = (mount_table or MOUNT_TABLE).read_text(errors="surrogateescape")
    except OSError:
        return None  # not Linux, or a sandbox without /proc
    path = path.resolve()
    mount = max(
        (each for each in mounts(table) if path.is_relative_to(each.point)),
        key=lambda each: len(each.point.parts),
        default=None,
    )
    return mount if mount is not None and mount.kind in NETWORK else None


def mounts(table: str) -> list[Mount]:
    """Return what is mounted, in the order of the table: of two at one place the later hides the earlier."""
    found: dict[Path, Mount] = {}
    for line in table.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kind_and_source = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5 or len(kind_and_source) < 2:
            continue
        point = Path(_unescaped(fields[4]))
        found[point] = Mount(point, kind_and_source[0], _unescaped(kind_and_source[1]))
    return list(found.values())


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
