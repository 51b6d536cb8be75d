"""Write the stubs of `airflow-stubs` from the tables of `tradewind-airflow-names`: each name is another's, by `from … import`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tradewind_airflow_names.tables import BUILT, RENAMED

FOLDER = Path(__file__).parent / "airflow-stubs"
_CONTEXT = ("builtins", "dict")  # whose keys are texts, which no import says
_HEAD = "# Written by generate.py from the tables of tradewind-airflow-names.\n"


def stubs() -> dict[str, str]:
    """Return the text of every stub by its path in the folder."""
    names = _names()
    modules = {above for each in names for above in _and_above(each)}
    packages = {each.rpartition(".")[0] for each in modules}
    return dict(sorted((_path(each, each in packages), _text(names.get(each, {}))) for each in modules))


def _names() -> dict[str, dict[str, tuple[str, str]]]:
    """Return, by module and name, the module and the name that it stands for."""
    found = {module: {name: _target(name, home) for name, home in names.items()} for module, names in BUILT.items()}
    for old, new in RENAMED.items():
        if ":" not in old:
            found.setdefault(old, {}).update(found.get(new, {}))
            continue
        (module, _, name), (home, _, new_name) = old.partition(":"), new.partition(":")
        found.setdefault(module, {})[name] = found[home][new_name]
    return {module: names for module, names in found.items() if names}


def _target(name: str, home: str) -> tuple[str, str]:
    module, _, attribute = home.partition(":")
    return module, attribute or name


def _and_above(module: str) -> Iterator[str]:
    parts = module.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _path(module: str, is_package: bool) -> str:
    inside = "/".join(module.split(".")[1:])
    return "/".join(filter(None, [inside, "__init__.pyi"])) if is_package else f"{inside}.pyi"


def _text(names: Mapping[str, tuple[str, str]]) -> str:
    taken = {name: each for name, each in names.items() if each != _CONTEXT}
    lines = [f"from {module} import {attribute} as {name}\n" for name, (module, attribute) in taken.items()]
    contexts = sorted(names.keys() - taken.keys())
    typed = ["from typing import Any\n"] if contexts else []
    return "".join(
        [
            _HEAD,
            *sorted([*lines, *typed]),
            *(f"{name} = dict[str, Any]\n" for name in contexts),
            f"__all__ = {sorted(names)!r}\n" if names else "",
        ]
    )


def main() -> None:
    """Write them all anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, text in stubs().items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
