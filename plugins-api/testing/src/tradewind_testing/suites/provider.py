"""The suite of a provider as a whole: what it declares, imports and documents."""

from __future__ import annotations

import ast
import inspect
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from tradewind_plugins.hook import BaseHook
from tradewind_plugins.notifier import BaseNotifier
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.triggers import BaseTrigger

from tradewind_testing import installed
from tradewind_testing.suites.suite import Suite, offline

__all__ = ["ProviderSuite"]

_BASES = {
    "tradewind_operators": BaseOperator,
    "tradewind_sensors": BaseSensor,
    "tradewind_triggers": BaseTrigger,
    "tradewind_notifiers": BaseNotifier,
    "tradewind_connection_types": BaseHook,
}
_OWN = ("tradewind_plugins", "pluggy")
_CONTRACTS = ("plugins-api", "runtime")

_LOADED = """
import json, os, sys, traceback
from importlib import import_module
import tradewind_plugins.operator, tradewind_plugins.sensor, tradewind_plugins.hook, tradewind_plugins.dbapi
import tradewind_plugins.triggers, tradewind_plugins.clients, tradewind_plugins.hooks, tradewind_plugins.notifier
# After these, as Airflow 1.10 itself needs some of what providers have as clients
{before}
there = set(sys.modules)
for module in {modules!r}:
    # A process each, so that none finds what another one has loaded
    child = os.fork()
    if child:
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
        continue
    try:
        import_module(module)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    print(json.dumps([module, sorted(set(sys.modules) - there)]), flush=True)
    os._exit(0)
"""

_BLOCKED = """
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {clients!r}:
            raise ModuleNotFoundError("blocked by the kit: " + name, name=name)
sys.meta_path.insert(0, Blocked())
# The host itself may have loaded some
for name in [each for each in sys.modules if each.partition(".")[0] in {clients!r}]:
    del sys.modules[name]
"""


class ProviderSuite(Suite):
    """A provider imports the contracts and its client alone, parses without the client, and declares what it has.

    To be given: `distribution`.
    """

    distribution: ClassVar[str]
    """Its name, such as `tradewind-parrot`."""
    most_modules: ClassVar[int] = 25
    """How many modules the import of one of its classes may load beside those of `tradewind_plugins`."""

    @property
    def package(self) -> str:
        """The name of its package."""
        (package,) = {value.partition(".")[0] for _, value in self.entries()}
        return package

    def entries(self) -> list[tuple[str, str]]:
        """Return its entry points: names and plugin modules."""
        points = installed.distribution(self.distribution).entry_points
        return [(each.name, each.value) for each in points if each.group == "tradewind"]

    def plugins(self) -> list[Any]:
        """Return its plugin modules."""
        return [import_module(value) for _, value in self.entries()]

    def declared(self) -> Iterator[tuple[str, Any]]:
        """Return all that it declares, each with its hook's name."""
        for plugin in self.plugins():
            for name, hook in sorted(vars(plugin).items()):
                if (
                    name.startswith("tradewind_")
                    and inspect.isfunction(hook)
                    and not inspect.signature(hook).parameters
                ):
                    for each in hook():
                        yield name, each

    def requires(self) -> list[str]:
        """Return its requirements, those of its extras too."""
        return list(installed.distribution(self.distribution).requires or [])

    def clients(self) -> frozenset[str]:
        """Return the top modules of the other distributions that it requires, those of its extras too."""
        others = [each for each in self.requires() if not each.startswith(("tradewind-", "apache-airflow"))]
        return frozenset(name for each in others for name in installed.provides(each))

    def siblings(self) -> frozenset[str]:
        """Return the packages of other providers that it requires."""
        names = [each for each in self.requires() if each.startswith("tradewind-") and _bare(each) not in _CONTRACTS]
        return frozenset(name for each in names for name in installed.provides(each)) | frozenset(
            "tradewind_" + _bare(each).replace("-", "_") for each in names
        )

    def sources(self) -> list[tuple[Path, ast.AST]]:
        """Return its modules, parsed."""
        (folder,) = import_module(self.package).__path__
        return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(Path(folder).rglob("*.py"))]

    def modules(self) -> list[str]:
        """Return the names of its modules."""
        root = import_module(self.package)
        return [self.package] + [each.name for each in pkgutil.walk_packages(root.__path__, self.package + ".")]

    @offline
    def test_it_requires_the_contracts_by_a_range(self) -> None:
        requires = self.requires()
        (range_,) = [each for each in requires if _bare(each) in _CONTRACTS]
        assert "<" in range_, "a new contract may break it: name the first version that it does not know"
        assert ">" in range_ or "=" in range_
        assert not [each for each in requires if _bare(each) == ""], "it requires core"

    @offline
    def test_it_imports_the_contracts_and_its_clients_alone(self) -> None:
        allowed = self.clients() | self.siblings() | {"tradewind_plugins", self.package}
        strange = [
            f"{path.name}:{line}: {name}"
            for path, tree in self.sources()
            for line, name in _imports(tree)
            if name.partition(".")[0] not in allowed and not _is_standard(name.partition(".")[0])
        ]
        assert strange == []

    @offline
    def test_its_plugin_modules_are_data(self) -> None:
        for value, loaded in _loaded([value for _, value in self.entries()]).items():
            named = [each for each in loaded if each != value and not value.startswith(each + ".")]
            assert [each for each in named if not _is_standard(each.partition(".")[0])] == []

    @offline
    def test_each_class_loads_few_modules_and_no_client(self) -> None:
        clients = self.clients()
        modules = {getattr(each, "path", "").partition(":")[0] for _, each in self.declared()} - {""}
        for module, loaded in _loaded(sorted(modules)).items():
            assert [name for name in loaded if name.partition(".")[0] in clients] == [], module
            assert len(loaded) <= self.most_modules, (module, loaded)

    @offline
    def test_it_is_read_where_its_clients_are_not_installed(self) -> None:
        before = _BLOCKED.format(clients=sorted(self.clients()))
        assert set(_loaded(self.modules(), before)) == set(self.modules())

    @offline
    def test_what_it_declares_is_there_and_of_its_kind(self) -> None:
        count = 0
        for hook, each in self.declared():
            path: str = getattr(each, "path", "")
            if not path or ":" not in path:
                continue
            found = installed.load(path)
            count += 1
            assert found.__doc__, f"{path} has no docstring"
            if hook in _BASES:
                assert issubclass(found, _BASES[hook]), f"{hook}: {path}"
            if hook != "tradewind_airflow_aliases":
                assert each.summary.endswith("."), f"{path} needs a summary: one sentence, with its full stop"
        assert count, "it declares nothing"

    @offline
    def test_its_classes_are_declared(self) -> None:
        declared = {getattr(each, "path", "") for _, each in self.declared()}
        for name in self.modules():
            for cls_name, cls in sorted(vars(import_module(name)).items()):
                if inspect.isclass(cls) and cls.__module__ == name and _is_for_users(cls_name, cls):
                    assert f"{name}:{cls_name}" in declared, f"{name}:{cls_name} is declared by no plugin module"

    @offline
    def test_names_of_a_kind_are_told_apart(self) -> None:
        names = [(hook, each.name) for hook, each in self.declared()]
        assert len(set(names)) == len(names)

    @offline
    def test_its_page_names_what_it_declares(self) -> None:
        page = installed.distribution(self.distribution).metadata.get_payload() or ""
        page += "".join(installed.distribution(self.distribution).metadata.get_all("Description") or [])
        paths = [getattr(each, "path", "") for hook, each in self.declared() if hook != "tradewind_airflow_aliases"]
        for path in paths:
            name = path.partition(":")[2]
            if name:
                assert name in page, f"the README does not name {name}"


def _bare(requirement: str) -> str:
    """Return the name of a provider from its requirement; empty for core."""
    name = requirement
    for end, character in enumerate(requirement):
        if not (character.isalnum() or character == "-"):
            name = requirement[:end]
            break
    for prefix in ("tradewind-backport-", "tradewind-"):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return "" if name == "tradewind" else name


def _is_for_users(name: str, cls: type[Any]) -> bool:
    """Return whether people would use a class in a DAG: public, and no base of others."""
    if name.startswith(("_", "Base")) or inspect.isabstract(cls):
        return False
    return issubclass(cls, (BaseOperator, BaseTrigger, BaseNotifier))


def _is_standard(name: str) -> bool:
    """Return whether a top module is of the standard library; before Python 3.10 nothing says so, and all pass."""
    known: Any = getattr(sys, "stdlib_module_names", None)
    return known is None or name in known


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return line and module of each import that runs, wherever it stands; those for type checkers are left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            for each in node.names:
                yield node.lineno, each.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or ""
        yield from _imports(node)


def _loaded(modules: Sequence[str], before: str = "") -> dict[str, list[str]]:
    """Return what the import of each module loads, alone in a fresh Python, beside `tradewind_plugins`."""
    code = _LOADED.format(modules=list(modules), before=before)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)  # noqa: UP022 - the dialect
    assert done.returncode == 0, f"a module cannot be imported:\n{done.stderr.decode()}"
    found = dict(json.loads(line) for line in done.stdout.decode().splitlines())
    return {module: [each for each in names if each.partition(".")[0] not in _OWN] for module, names in found.items()}
