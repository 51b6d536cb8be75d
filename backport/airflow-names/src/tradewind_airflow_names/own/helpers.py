"""`airflow.utils.helpers` and `airflow.utils.module_loading`: little functions that DAG files borrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any


def as_flattened_list(iterable: Iterable[Any]) -> list[Any]:
    """Return the items of lists, tuples and sets inside one another, in one list."""
    found: list[Any] = []
    for each in iterable:
        found += as_flattened_list(each) if isinstance(each, (list, tuple, set)) else [each]
    return found


def exactly_one(*args: Any) -> bool:
    """Tell whether exactly one of the arguments is true."""
    return sum(bool(each) for each in args) == 1


def merge_dicts(dict1: Mapping[Any, Any], dict2: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the first with what the second has in place of its own; dicts inside are merged the same way."""
    merged = dict(dict1)
    for key, value in dict2.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = merge_dicts(merged[key], value) if both else value
    return merged


def prune_dict(val: Any, mode: str = "strict") -> Any:
    """Return dicts and lists without what is None (`strict`), or empty as well (`truthy`), at every depth."""
    if isinstance(val, dict):
        kept = ((key, prune_dict(value, mode)) for key, value in val.items() if _is_kept(value, mode))
        return {key: value for key, value in kept if _is_kept(value, mode)}
    if isinstance(val, list):
        items = [prune_dict(value, mode) for value in val if _is_kept(value, mode)]
        return [value for value in items if _is_kept(value, mode)]
    return val


def _is_kept(value: Any, mode: str) -> bool:
    if mode not in {"strict", "truthy"}:
        raise ValueError(f"prune_dict has the modes strict and truthy, not {mode!r}")
    return value is not None if mode == "strict" else bool(value)


def import_string(dotted_path: str) -> Any:
    """Return what `package.module.name` names.

    Raises:
        ImportError: there is nothing.
    """
    module, _, name = dotted_path.rpartition(".")
    if not module:
        raise ImportError(f"{dotted_path!r} is not a path with a module and a name")
    try:
        return getattr(import_module(module), name)
    except AttributeError as error:
        raise ImportError(f"the module {module!r} has no attribute {name!r}") from error


def at_most_one(*args: Any) -> bool:
    """Tell whether no more than one of the arguments is true."""
    return sum(bool(each) for each in args) <= 1


def chunks(items: list[Any], chunk_size: int) -> Iterator[list[Any]]:
    """Yield a list in pieces of a size.

    Raises:
        ValueError: the size is not above 0.
    """
    if chunk_size <= 0:
        raise ValueError(f"the size of a piece is above 0, not {chunk_size!r}")
    for start in range(0, len(items), chunk_size):
        yield items[start : start + chunk_size]


def is_container(obj: Any) -> bool:
    """Tell whether something can be gone through, and is no text."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def convert_camel_to_snake(camel_str: str) -> str:
    """Return `CamelCase` as `camel_case`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", camel_str).lower()
