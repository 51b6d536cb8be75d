"""What Git says of the repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from distributions.found import ROOT


def git(*words: str, root: Path = ROOT) -> str:
    """Return what a command of Git prints.

    Raises:
        RuntimeError: it failed; the message has what it said.
    """
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(words)} failed in {root}: {done.stderr.strip()}")
    return done.stdout


def changed_paths(since: str, root: Path = ROOT) -> list[str]:
    """Return the files that differ from a commit, those that Git does not know yet too, sorted."""
    tracked = git("diff", "--name-only", "--no-renames", since, "--", root=root).splitlines()
    return sorted({*tracked, *git("ls-files", "--others", "--exclude-standard", root=root).splitlines()})


def commits(since: str | None, paths: Sequence[str], root: Path = ROOT) -> list[str]:
    """Return the commits after one (or all) that touch these paths, the newest first, a line each."""
    reach = f"{since}..HEAD" if since else "HEAD"
    return git("log", "--no-merges", "--format=%h %s", reach, "--", *paths, root=root).splitlines()


def export(commit: str, folder: str, out: Path, root: Path = ROOT) -> Path:
    """Write a folder as it was in a commit below `out`, and return where it is. Raises RuntimeError."""
    done = subprocess.run(["git", "archive", commit, folder], cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"commit {commit} has no folder {folder}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(out, filter="data")
    return out / folder
