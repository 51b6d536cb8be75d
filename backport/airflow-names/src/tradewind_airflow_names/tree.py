"""The tree of Airflow's names: which modules there are, what each name stands for, and which name took the place of an old one."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Mapping, Sequence

from tradewind_plugins.declarations import AirflowAlias


class Tree:
    """Airflow's names as data.

    Arguments:
        built: by module, names and where they are: `module` for the same name there, or `module:Name`.
        renamed: old modules and new ones (all names of the new one are in the old one too), or `module:Name` for one name.
        not_built: by module, names that Airflow has and Tradewind does not have yet.
        aliases: where providers have what Airflow's own have.
    """

    def __init__(
        self,
        built: Mapping[str, Mapping[str, str]],
        renamed: Mapping[str, str],
        not_built: Mapping[str, Collection[str]],
        aliases: Sequence[AirflowAlias],
    ) -> None:
        self._built = built
        self._renamed = renamed
        self._not_built = not_built
        self._prefixes = {each.name: each.path for each in aliases if ":" not in each.name}
        self._single = {each.name: each.path for each in aliases if ":" in each.name}
        self._instead = dict(renamed) | {each.name: each.instead for each in aliases if each.instead}
        known = {*built, *not_built, *self._prefixes}
        known |= {name.partition(":")[0] for name in (*renamed, *self._single)}
        self._modules = {above for each in known for above in _and_above(each)}

    def has_module(self, module: str) -> bool:
        """Tell whether Airflow's module is known here."""
        if module in self._modules:
            return True
        behind = self._behind(module)
        return behind is not None and _exists(behind)

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
        return behind if behind is not None and _exists(behind) else None

    def renamed(self, name: str) -> str | None:
        """Return the new name of an old module, or of an old `module:Name`, for people to write; None for any other."""
        new = self._instead.get(name)
        return None if new is None else new.replace(":", ".")

    def is_not_built(self, module: str, name: str) -> bool:
        """Tell whether Airflow has this name in this module, and Tradewind does not have it yet."""
        moved = self._renamed.get(module)
        return name in self._not_built.get(module, ()) or (moved is not None and self.is_not_built(moved, name))

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


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
