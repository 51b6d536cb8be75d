"""Lowering whole source trees."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePath

from tradewind_backport_builder.findings import Finding
from tradewind_backport_builder.lowering import lower
from tradewind_backport_builder.plan import is_dialect


class DialectError(Exception):
    """Sources do not keep to the dialect; the message has one line a finding."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(each) for each in self.findings))


def python_files(path: Path) -> list[Path]:
    """Return the Python files in a folder, or the file itself, sorted."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*.py") if not any(part.startswith(".") for part in file.parts))


def check(paths: Iterable[Path]) -> list[Finding]:
    """Return what in these files and folders does not keep to the dialect.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    findings: list[Finding] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}")
        for file in python_files(path):
            if is_dialect(file):
                findings += _lowered(file)[1]
    return findings


def lower_tree(folder: Path, wanted: Collection[PurePath] | None = None) -> Mapping[PurePath, str]:
    """Return the lowered modules of a folder, by their path inside of it.

    Arguments:
        wanted: only these; by default all.

    Raises:
        DialectError: something cannot be lowered.
    """
    texts: dict[PurePath, str] = {}
    findings: list[Finding] = []
    for file in python_files(folder):
        if is_dialect(file) and (wanted is None or file.relative_to(folder) in wanted):
            text, found = _lowered(file)
            texts[file.relative_to(folder)] = text
            findings += found
    if findings:
        raise DialectError(findings)
    return texts


def _lowered(file: Path) -> tuple[str, list[Finding]]:
    try:
        return lower(file.read_text(encoding="utf-8"), str(file))
    except SyntaxError as error:
        return "", [Finding(str(file), error.lineno or 1, f"not Python: {error.msg}")]
