"""The tree of Airflow's names: which modules there are, what each name stands for, and which name took the place of an old one."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

from tradewind_plugins.declarations import AirflowAlias

from tradewind_airflow_names.surface import SURFACE

_TWO_WORDS = frozenset({"apache", "atlassian", "cncf", "common", "microsoft"})


class Tree:
    """Airflow's names as data.

    Arguments:
        built: by module, names and where they are: `module` for the same name there, or `module:Name`.
        renamed: old modules and new ones (all names of the new one are in the old one too), or `module:Name` for one name.
        borrowed: classes that stand in many modules, and where each is: `module:Name`.
        aliases: where providers have what Airflow's own have.
    """

    def __init__(
        self,
        built: Mapping[str, Mapping[str, str]],
        renamed: Mapping[str, str],
        borrowed: Mapping[str, str],
        aliases: Sequence[AirflowAlias],
    ) -> None:
        self._built = built
        self._renamed = renamed
        self._borrowed = borrowed
        self._prefixes = {each.name: each.path for each in aliases if ":" not in each.name}
        self._single = {each.name: each.path for each in aliases if ":" in each.name}
        self._instead = dict(renamed) | {each.name: each.instead for each in aliases if each.instead}
        known = {*built, *self._prefixes, *(f"airflow.providers.{each}" for each in _TWO_WORDS)}
        known |= {name.partition(":")[0] for name in (*renamed, *self._single)}
        self._modules = {above for each in known for above in _and_above(each)}

    def has_module(self, module: str) -> bool:
        """Tell whether Airflow's module is known here."""
        if module in self._modules:
            return True
        behind = self._behind(module)
        return _exists(behind) if behind is not None else module in SURFACE.packages

    def names(self, module: str) -> list[str]:
        """Return the names of a module that are built, sorted."""
        own = {name.partition(":")[2] for name in (*self._renamed, *self._single) if name.startswith(f"{module}:")}
        new = self._renamed.get(module)
        return sorted({*own, *self._built.get(module, ()), *(self.names(new) if new else ())})

    def target(self, module: str, name: str) -> str | None:
        """Return where a name is: `module` for the same name there, or `module:Name`; None where it is nowhere."""
        found = self._built.get(module, {}).get(name) or self._single.get(f"{module}:{name}")
        if found is not None:
            return found
        moved = self._renamed.get(f"{module}:{name}")
        if moved is not None:
            home, _, new_name = moved.partition(":")
            return self._whole(home, new_name or name)
        new = self._renamed.get(module)
        if new is not None:
            return self._whole(new, name)
        behind = self._behind(module)
        if behind is not None and _exists(behind):
            return behind
        return self._borrowed.get(name) if name in SURFACE.names(module) else None

    def renamed(self, name: str) -> str | None:
        """Return the new name of an old module, or of an old `module:Name`, for people to write; None for any other."""
        new = self._instead.get(name)
        return None if new is None else new.replace(":", ".")

    def item(self, module: str, name: str) -> str | None:
        """Return what a name of Airflow's that Tradewind does not have belongs to; None for one that Airflow has not either."""
        if name in SURFACE.names(module):
            return SURFACE.item(module, name)
        moved = self._renamed.get(module)
        return None if moved is None else self.item(moved, name)

    def provider(self, module: str) -> str | None:
        """Return the provider that a module is of, where Tradewind's is not installed: `amazon`; None for core's modules."""
        below = module.removeprefix("airflow.providers.")
        if below == module:
            return SURFACE.provider(module)
        return None if self._behind(module) or provider_of(below) == "standard" else provider_of(below)

    def _whole(self, module: str, name: str) -> str | None:
        found = self.target(module, name)
        return found if found is None or ":" in found else f"{found}:{name}"

    def _behind(self, module: str) -> str | None:
        """Return the module of a provider that stands behind one of Airflow's."""
        for above in _and_above(module):
            if above in self._prefixes:
                return f"{self._prefixes[above]}{module[len(above) :]}"
        return None


def _and_above(module: str) -> list[str]:
    """Return a module and those above it, itself first."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def provider_of(path: str) -> str:
    """Return the provider that a path below `airflow.providers` is of; some are of two words: `microsoft.azure`."""
    parts = path.split(".")
    return "-".join(parts[:2] if parts[0] in _TWO_WORDS else parts[:1])


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
