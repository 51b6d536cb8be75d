"""What ignore files leave out: ``.tradewindignore`` with the patterns of ``.gitignore``, ``.airflowignore`` as in Airflow 2.

A file counts for its folder and all below. Of globs the last that fits decides, so that ``!pattern`` takes back what a
line or a file further up has left out; but not inside of a folder that is left out itself, as in Git. Regular
expressions only leave out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

OURS = ".tradewindignore"
AIRFLOWS = ".airflowignore"


@dataclass(frozen=True)
class _Globs:
    """The lines of one file of globs, for the paths below ``folder``."""

    folder: str
    spec: GitIgnoreSpec

    def says(self, path: str, *, is_folder: bool) -> bool | None:
        """Return whether the path is left out or taken back; None if no line fits."""
        inside = path[len(self.folder) + 1 :] if self.folder else path
        return self.spec.check_file(f"{inside}/" if is_folder else inside).include


@dataclass(frozen=True)
class _Expressions:
    """The lines of one file of regular expressions, each looked for in the paths below ``folder``."""

    folder: str
    patterns: tuple[re.Pattern[str], ...]

    def says(self, path: str, *, is_folder: bool) -> bool | None:
        """Return whether the path is left out; None if no line fits."""
        inside = path[len(self.folder) + 1 :] if self.folder else path
        # A line such as `helpers/` means the folder, and finds what is in it only by its slash
        return any(each.search(f"{inside}/" if is_folder else inside) for each in self.patterns) or None


@dataclass(frozen=True)
class Rules:
    """All ignore files that count at one place, the outermost first."""

    files: tuple[_Globs | _Expressions, ...] = ()

    def ignore(self, path: str, *, is_folder: bool) -> bool:
        """Tell whether a path, relative to the DAG folder, is left out."""
        said = [answer for each in self.files if (answer := each.says(path, is_folder=is_folder)) is not None]
        return bool(said) and said[-1]

    def with_files_of(
        self, here: str, folder: str, names: Iterable[str], airflow_syntax: str
    ) -> tuple[Rules, dict[str, str]]:
        """Return these rules and those of the ignore files in one folder more, and what is wrong in them.

        Args:
            here: the folder's whole path.
            folder: the same, relative to the DAG folder.
            names: what is in it.
            airflow_syntax: ``regexp`` or ``glob``.
        """
        found: list[_Globs | _Expressions] = []
        wrong: dict[str, str] = {}
        for name in sorted({OURS, AIRFLOWS}.intersection(names)):
            try:
                lines = Path(here, name).read_text(errors="replace").splitlines()
                is_regexp = name == AIRFLOWS and airflow_syntax == "regexp"
                found.append(_expressions(folder, lines) if is_regexp else _globs(folder, lines))
            except OSError as error:
                wrong[name] = f"The file cannot be read, so it leaves nothing out: {error.strerror or error}."
            except ValueError as error:
                wrong[name] = f"{error} The file leaves nothing out until that is mended."
        return (Rules((*self.files, *found)) if found else self), wrong


NO_RULES = Rules()


def _globs(folder: str, lines: list[str]) -> _Globs:
    try:
        return _Globs(folder, GitIgnoreSpec.from_lines(lines))
    except ValueError as error:
        raise ValueError(f"A line is no pattern: {error}.") from error


def _expressions(folder: str, lines: list[str]) -> _Expressions:
    found = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                found.append(re.compile(text))
            except re.error as error:
                raise ValueError(f"Line {number}: {text!r} is no regular expression: {error}.") from error
    return _Expressions(folder, tuple(found))
