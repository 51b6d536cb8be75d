"""Writing wheels. The same input makes the same bytes."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Metadata:
    """What a wheel says of itself.

    Args:
        name: of the distribution.
        version: of the distribution.
        summary: one sentence.
        requires: other distributions.
        description: Markdown, the page of an index.
        entry_points: modules or objects by name, by group.
    """

    name: str
    version: str
    summary: str
    requires: Sequence[str]
    description: str
    entry_points: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The beginning of file names."""
        return f"{self.name.replace('-', '_')}-{self.version}"

    def text(self) -> str:
        """Return the file METADATA."""
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {self.name}",
            f"Version: {self.version}",
            f"Summary: {self.summary}",
            "License: Apache-2.0",
            "Requires-Python: >=3.6,<3.9",
            *(f"Requires-Dist: {requirement}" for requirement in self.requires),
            "Description-Content-Type: text/markdown",
        ]
        return "\n".join(lines) + f"\n\n{self.description}"


def write_wheel(folder: Path, metadata: Metadata, files: Mapping[PurePath, str]) -> Path:
    """Write a pure wheel and return its path.

    Args:
        folder: where to; it is made if need be.
        metadata: what the wheel says of itself.
        files: the contents, by the path under site-packages.
    """
    info = PurePath(f"{metadata.stem}.dist-info")
    contents = dict(files)
    contents[info / "METADATA"] = metadata.text()
    contents[info / "WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: tradewind-backport-builder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    contents[info / "top_level.txt"] = "".join(f"{name}\n" for name in sorted({path.parts[0] for path in files}))
    if metadata.entry_points:
        contents[info / "entry_points.txt"] = _entry_points(metadata.entry_points)
    contents[info / "RECORD"] = _record(contents, info / "RECORD")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{metadata.stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            member = zipfile.ZipInfo(name.as_posix(), date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, text.encode())
    return path


def _entry_points(groups: Mapping[str, Mapping[str, str]]) -> str:
    parts = [
        [f"[{group}]", *(f"{name} = {value}" for name, value in each.items()), ""] for group, each in groups.items()
    ]
    return "\n".join(line for part in parts for line in part)


def _record(contents: Mapping[PurePath, str], own: PurePath) -> str:
    lines = []
    for name, text in contents.items():
        data = text.encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name.as_posix()},sha256={digest},{len(data)}")
    return "\n".join([*lines, f"{own.as_posix()},,"]) + "\n"
