"""What a DAG file's import depended on, and the fingerprint that tells whether any of it changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tradewind.parsing.beside import FolderDigests
from tradewind.parsing.tree import Signature, Tree
from tradewind.plugins.codecs import canonical
from tradewind.serialization import SCHEMA
from tradewind.version import VERSION

ABSENT = "absent"


@dataclass(frozen=True)
class Volatile:
    """What a file makes anew at each import, such as ``datetime.now()`` as an argument.

    Args:
        source_hash: the sources of which this was found.
        places: for each DAG the places in its serialized form, see ``serialization.differences``.
    """

    source_hash: str = ""
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, source_hash: str) -> Volatile:
        """Return this for the sources it was found of, nothing for others."""
        return self if source_hash == self.source_hash else Volatile()


@dataclass(frozen=True)
class Inputs:
    """What an import read.

    Args:
        files: paths relative to the DAG folder; a whole path is a folder of code beside it.
        folders: folders that the file's own code listed, relative; ``""`` is the DAG folder itself.
        lookups: variables and connections it asked for, each as ``variable:key`` or ``connection:id``, with a digest of
            the answer.
        reparse: seconds after which the file is to be read again anyway; None for a file that says all it depends on.
        volatile: what differs between two imports of the same sources; nothing for a file that is always the same.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    lookups: Mapping[str, str] = field(default_factory=dict)
    reparse: float | None = None
    volatile: Volatile = Volatile()

    def to_json(self) -> str:
        """Return the inputs as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Inputs:
        """Return the inputs that :meth:`to_json` wrote; none for an empty or unknown text."""
        found = json.loads(text)
        if not isinstance(found, dict):
            return cls()
        volatile = found.get("volatile") or {"source_hash": "", "places": {}}
        places = {dag_id: tuple(each) for dag_id, each in volatile["places"].items()}
        return cls(
            tuple(found["files"]),
            tuple(found["folders"]),
            found["lookups"],
            found["reparse"],
            Volatile(volatile["source_hash"], places),
        )


class Digests:
    """SHA-256 of files' contents, read again only when the signature of a file changes."""

    def __init__(self) -> None:
        self._beside = FolderDigests()
        self._known: dict[tuple[str, str], tuple[Signature, str]] = {}

    def of(self, tree: Tree, path: str) -> str:
        """Return the digest of a file in ``tree``, or ``ABSENT``; of a whole path, that of the folder beside the tree."""
        if path.startswith("/"):
            return self._beside.of(path)
        signature = tree.signature(path)
        if signature is None:
            return ABSENT
        key = (str(tree.root), path)
        known = self._known.get(key)
        if known is None or known[0] != signature:
            try:
                found = hashlib.sha256((tree.root / path).read_bytes()).hexdigest()
            except OSError:
                return ABSENT  # gone since the look; the next one will tell
            known = self._known[key] = (signature, found)
        return known[1]


def fingerprint(inputs: Inputs, tree: Tree, digest: Callable[[str], str]) -> str:
    """Return the hash of all that ``inputs`` name, as it is now.

    Args:
        inputs: of the last import.
        tree: the DAG folder now.
        digest: the content digest of a path.
    """
    seen: dict[str, Any] = {
        "release": [VERSION, SCHEMA],  # another release may read the same file differently
        "files": {path: digest(path) for path in inputs.files},
        "folders": {folder: tree.digest_of_names(folder) for folder in inputs.folders},
        "lookups": dict(inputs.lookups),
    }
    return hashlib.sha256(canonical(seen)).hexdigest()
