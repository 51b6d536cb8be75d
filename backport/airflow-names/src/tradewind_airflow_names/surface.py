"""Which names Airflow has, and which of them Tradewind does not have yet: read from a list beside this file, when first asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from tradewind_airflow_names.items import PROVIDERS, item_of


class Surface:
    """The modules and names of Airflow 1.10, 2.11 and 3.1. `gather_surface.py` writes the list."""

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        text = Path(__file__).with_name("surface.txt").read_text(encoding="utf-8")
        return {words[0]: words[1:] for words in map(str.split, text.splitlines())}

    def modules(self) -> list[str]:
        """Return every module, sorted."""
        return sorted(self._lines)

    @cached_property
    def packages(self) -> frozenset[str]:
        """Every module, and every package above one."""
        parts = [each.split(".") for each in self._lines]
        return frozenset(".".join(each[:length]) for each in parts for length in range(1, len(each) + 1))

    def names(self, module: str) -> list[str]:
        """Return the names of a module; none for one that Airflow does not have."""
        words = self._lines.get(module, [])
        return words[1:] if words and words[0].startswith("@") else words

    def provider(self, module: str) -> str | None:
        """Return the provider that has the names of an old module today, such as `amazon`; None for core's own."""
        words = self._lines.get(module) or [""]
        return words[0][1:] if words[0].startswith("@") else None

    def item(self, module: str, name: str) -> str:
        """Return what a name that is not built belongs to."""
        return PROVIDERS if self.provider(module) else item_of(f"{module}.{name}")


SURFACE = Surface()


class NotBuilt(Mapping[str, Mapping[str, str]]):
    """By module, the names that Airflow has and Tradewind does not, each with the item that it belongs to.

    Arguments:
        is_built: tells whether Tradewind has a name of a module.
    """

    def __init__(self, is_built: Callable[[str, str], bool]) -> None:
        self._is_built = is_built

    def __getitem__(self, module: str) -> Mapping[str, str]:
        names = {
            name: SURFACE.item(module, name)
            for name in SURFACE.names(module)
            if not self._is_built(module, name) and f"{module}.{name}" not in SURFACE.packages
        }
        if not names:
            raise KeyError(module)
        return names

    def __iter__(self) -> Iterator[str]:
        return (module for module in SURFACE.modules() if module in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
