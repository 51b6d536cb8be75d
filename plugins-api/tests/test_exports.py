"""The frozen list of what providers may import. A name taken away breaks them: retire it over a release first."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import tradewind_plugins

FROZEN = json.loads((Path(__file__).parent / "exports.json").read_text())
PRIVATE = {"tradewind_plugins._binding"}
MODULES = {
    info.name for info in pkgutil.walk_packages(tradewind_plugins.__path__, "tradewind_plugins.") if not info.ispkg
} - PRIVATE


def exported(module):
    """What a module offers: its `__all__`, else what it defines under public names."""
    found = importlib.import_module(module)
    if hasattr(found, "__all__"):
        return sorted(found.__all__)
    return sorted(name for name, value in vars(found).items() if name[0] != "_" and is_own(name, value, module))


def is_own(name, value, module):
    home = getattr(value, "__module__", None)
    return home == module or (home is None and name.isupper() and name != "TYPE_CHECKING")


def test_every_module_is_on_the_list():
    assert set(FROZEN) == MODULES


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_names_of_a_module_are_those_on_the_list(module):
    assert exported(module) == FROZEN[module]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_name_is_there_and_documented(module):
    found = importlib.import_module(module)
    assert found.__doc__
    for name in exported(module):
        value = getattr(found, name)
        assert value.__doc__ or not callable(value), f"{module}.{name} has no docstring"


def test_importing_the_kernel_needs_nothing_but_the_standard_library():
    kernel = sorted(name for name in MODULES if "hooks" not in name and "specs" not in name)
    code = (
        "import sys, importlib\n"
        "before = set(sys.modules)\n"
        f"[importlib.import_module(name) for name in {kernel!r}]\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(tops - set(sys.stdlib_module_names) - {'tradewind_plugins'}))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"
