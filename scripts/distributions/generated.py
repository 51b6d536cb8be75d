"""Parts of files that are written by a program, between two lines that say so; what stands around them is people's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

COMMAND = "PYTHONPATH=scripts python -m distributions write"


class Part(NamedTuple):
    """A generated part of a file.

    Arguments:
        path: the file.
        name: what the part is called in the lines around it; empty means that the whole file is generated.
        text: what belongs there, without a line break at the end.
    """

    path: Path
    name: str
    text: str

    def written(self) -> str:
        """Return the text of the file with the part as it should be.

        Raises:
            ValueError: the file lacks the lines around the part, or is not there.
        """
        if not self.name:
            return f"{self.text}\n"
        if not self.path.exists():
            raise ValueError(f"{self.path} is not there, and its part {self.name!r} is generated")
        whole = self.path.read_text(encoding="utf-8")
        begin, end = self.marks()
        before, found, rest = whole.partition(f"{begin}\n")
        _old, ended, after = rest.partition(f"{end}\n")
        if not found or not ended:
            raise ValueError(
                f"{self.path} has no place for the generated part {self.name!r}: add {begin!r} and {end!r}"
            )
        return f"{before}{begin}\n{self.text}\n{end}\n{after}"

    def marks(self) -> tuple[str, str]:
        """Return the lines around the part."""
        begin, end = f"generated: {self.name}", f"end of {self.name}"
        if self.path.suffix == ".md":
            return f"<!-- {begin} -->", f"<!-- {end} -->"
        return f"# {begin} ({COMMAND})", f"# {end}"

    def is_stale(self) -> bool:
        """Return whether the file says something else."""
        return not self.path.exists() or self.path.read_text(encoding="utf-8") != self.written()


def write(parts: Iterable[Part], tell: Callable[[str], None] = print) -> None:
    """Write all parts whose files say something else, and tell which.

    Raises:
        ValueError: some have no place to be; all others are written.
    """
    homeless = []
    for part in parts:
        try:
            if part.is_stale():
                part.path.write_text(part.written(), encoding="utf-8")
                tell(f"wrote {part.path}" + (f", {part.name}" if part.name else ""))
        except ValueError as error:
            homeless.append(str(error))
    if homeless:
        raise ValueError("\n".join(homeless))
