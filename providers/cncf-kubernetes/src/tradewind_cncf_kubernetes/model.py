"""Pods as plain JSON, held against the models of the official client: a field that is not there is named with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tradewind_plugins.clients import lazy_client

__all__ = ["problems"]

client = lazy_client("kubernetes.client", extra="cncf-kubernetes")

# The client's generators have written these two ways: list[V1Container] and List[V1Container], dict(str, str) and Dict[str, str]
_LIST = re.compile(r"[Ll]ist\[(.*)\]")
_MAPPING = re.compile(r"(?:Dict\[|dict\()\w+, (.*)[\])]")
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "amount": (str, int, float),
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "datetime": (str,),
    "bytes": (str,),
}
_AMOUNTS = frozenset(["limits", "requests"])
"""Fields of amounts: the models say text, and Kubernetes takes numbers too."""
_WORDS = {
    "amount": "an amount, such as 500m or 4Gi",
    "str": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "datetime": "a moment as text",
    "bytes": "bytes as base64",
}


def problems(value: Any, path: str, kind: str = "V1Pod") -> Iterator[str]:
    """Yield what is wrong with a value of a Kubernetes type, a sentence each, without the values.

    Args:
        value: Plain JSON, as in a YAML file: fields have Kubernetes's names, such as `nodeSelector`.
        path: Where the value stands: `pod_override`.
        kind: A class of the official client, or what its models say of a field: `str`, `List[V1Container]`.
    """
    inner = _LIST.fullmatch(kind)
    if value is None or kind == "object":
        return
    if inner:
        if not isinstance(value, (list, tuple)):
            yield f"{path} is to be a list"
            return
        for number, each in enumerate(value):
            yield from problems(each, f"{path}[{number}]", inner.group(1))
    elif _MAPPING.fullmatch(kind):
        inner_kind = _MAPPING.sub(r"\1", kind)
        yield from _of_mapping(value, path, "amount" if path.rpartition(".")[2] in _AMOUNTS else inner_kind)
    elif kind in _PLAIN:
        # true is an int for Python, and no whole number for Kubernetes
        if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind != "bool"):
            yield f"{path} is to be {_WORDS[kind]}"
    else:
        yield from _of_model(value, path, kind)


def _of_mapping(value: Any, path: str, kind: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path} is to be an object"
        return
    for name, each in value.items():
        yield from problems(each, f"{path}.{name}", kind)


def _of_model(value: Any, path: str, kind: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path} is to be an object ({kind})"
        return
    model = getattr(client, kind)
    kinds = {model.attribute_map[name]: found for name, found in model.openapi_types.items()}
    for name, each in value.items():
        if name in kinds:
            yield from problems(each, f"{path}.{name}", kinds[name])
            continue
        near = model.attribute_map.get(name) or next(iter(difflib.get_close_matches(name, kinds, 1)), "")
        yield f"{path}.{name} is no field of {kind}" + (f"; did you mean {near}?" if near else "")
