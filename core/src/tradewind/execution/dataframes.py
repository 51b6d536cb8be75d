"""Tables of pandas, polars and pyarrow as XComs: Parquet, whichever of the libraries is there, and never pickle.

Nothing here imports a library before a value of it is met: which one a value is of is told by its type's name.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any, BinaryIO, Final

MAGIC: Final = b"PAR1"
"""How every Parquet file begins; no JSON does."""
MARK: Final = b"tradewind.library"
"""The key of a file's metadata under which stands whose table it was."""
_KINDS: Final = {("pandas", "DataFrame"): "pandas", ("polars", "DataFrame"): "polars", ("pyarrow", "Table"): "pyarrow"}


def library_of(value: Any) -> str | None:
    """Return `pandas`, `polars` or `pyarrow` where the value is a table of it, None for all else."""
    for kind in type(value).__mro__:
        found = _KINDS.get((kind.__module__.partition(".")[0], kind.__name__))
        if found is not None:
            return found
    return None


def is_table(data: bytes) -> bool:
    """Return whether stored bytes are a table, and not JSON."""
    return data.startswith(MAGIC)


def is_table_file(path: Path) -> bool:
    """Return whether a file holds a table, and not JSON."""
    with path.open("rb") as file:
        return is_table(file.read(len(MAGIC)))


def write(value: Any, file: BinaryIO | Path) -> None:
    """Write a table as Parquet.

    Arguments:
        value: what `library_of` knows.
        file: where to.
    Raises:
        TypeError: the library cannot write it, or pyarrow is missing, which pandas needs for it.
    """
    library = library_of(value)
    arrow = _pyarrow()
    if arrow is None:
        if library == "polars":
            value.write_parquet(file)
            return
        raise TypeError(f"a table of {library} is handed on as Parquet, which needs pyarrow: pip install pyarrow")
    try:
        table = _as_arrow(arrow, library, value)
        marked = table.replace_schema_metadata({**(table.schema.metadata or {}), MARK: str(library).encode()})
        importlib.import_module("pyarrow.parquet").write_table(marked, file)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError) as error:
        text = " ".join(str(error).split())
        raise TypeError(f"this table of {library} cannot be written as Parquet: {text}") from error


def as_bytes(value: Any) -> bytes:
    """Return a table as Parquet. Raises as `write`."""
    file = io.BytesIO()
    write(value, file)
    return file.getvalue()


def read(data: bytes) -> Any:
    """Return the table that Parquet holds, of the library whose it was; of another that is installed where that is not.

    Raises:
        TypeError: neither pyarrow nor polars is installed here.
    """
    arrow = _pyarrow()
    if arrow is None:
        polars = _library("polars")
        if polars is None:
            raise TypeError("an XCom is a table in Parquet, which needs pyarrow or polars here: pip install pyarrow")
        return polars.read_parquet(io.BytesIO(data))
    table = importlib.import_module("pyarrow.parquet").read_table(io.BytesIO(data))
    metadata = dict(table.schema.metadata or {})
    library = metadata.pop(MARK, b"").decode() or ("pandas" if b"pandas" in metadata else "polars")
    plain = table.replace_schema_metadata(metadata or None)
    if library == "pandas" and _library("pandas") is not None:
        return plain.to_pandas()
    if library == "polars" and (polars := _library("polars")) is not None:
        return polars.from_arrow(plain)
    return plain


def rows(value: Any) -> int:
    """Return how many rows a table has."""
    return int(value.num_rows if library_of(value) == "pyarrow" else len(value))


def _as_arrow(arrow: Any, library: str | None, value: Any) -> Any:
    if library == "pandas":
        return arrow.Table.from_pandas(value)
    return value.to_arrow() if library == "polars" else value


def _pyarrow() -> Any:
    return _library("pyarrow")


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise
