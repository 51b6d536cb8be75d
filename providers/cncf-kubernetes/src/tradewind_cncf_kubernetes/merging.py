"""A strategic merge as Kubernetes has it: objects merge field by field, and the lists that have a key element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["merged"]

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "ownerReferences": "uid",
}
"""By which field the elements of a list are told apart; lists that are not here are replaced as a whole."""


def merged(base: Any, patch: Any, field: str = "") -> Any:
    """Return what becomes of a value when another is laid over it; neither is changed.

    Args:
        base: Plain JSON.
        patch: What is laid over it; null takes a field away.
        field: The name of the field that the two are of.
    """
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        found = dict(base)
        for name, value in patch.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = merged(found.get(name), value, name)
        return found
    if isinstance(patch, (list, tuple)) and field in _KEYS:
        return _merged_lists(list(base or ()), patch, _KEYS[field])
    if isinstance(patch, Mapping):
        return merged({}, patch, field)
    return list(patch) if isinstance(patch, (list, tuple)) else patch


def _merged_lists(base: list[Any], patch: Sequence[Any], key: str) -> list[Any]:
    found = list(base)
    places = {each.get(key): number for number, each in enumerate(found)}
    for each in patch:
        place = places.get(each.get(key))
        if place is None:
            found.append(merged({}, each))
        else:
            found[place] = merged(found[place], each)
    return found
