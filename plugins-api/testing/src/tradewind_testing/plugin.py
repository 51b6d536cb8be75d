"""What the kit adds to pytest: the fixtures `host` and `faults`, markers, and the gaps of suites."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tradewind_plugins.host import bind

from tradewind_testing import installed
from tradewind_testing.faults import FaultProxy
from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.suite import applies, is_offline, is_suite

HOSTS = "tradewind_testing_hosts"
"""The entry point group in which other hosts than the one in memory are found."""


def pytest_addoption(parser: Any) -> None:
    """Add the choice of the host."""
    group = parser.getgroup("tradewind")
    group.addoption(
        "--tradewind-host",
        default="memory",
        help="on which host suites run: memory (the default), or one that is installed, such as core or airflow",
    )


def pytest_configure(config: Any) -> None:
    """Say what the markers mean."""
    config.addinivalue_line(
        "markers",
        "backed_by(kind, what): runs against this: kind is real, emulator, emulated state or recorded; no marker: nothing",
    )
    config.addinivalue_line("markers", "offline: of a suite that is backed by something, but needs it not")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what does not apply; skip what a suite says it cannot do, with its reason; mark what needs no service."""
    others = [item for item in items if not _applies(item)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _applies(item)]
    for item in items:
        suite = getattr(item, "cls", None)
        if suite is None or not is_suite(suite):
            continue
        name = getattr(item, "originalname", None) or item.name
        if name in suite.gaps:
            item.add_marker(pytest.mark.skip(reason=f"gap of {suite.__name__}: {suite.gaps[name]}"))
        if is_offline(item.obj):
            item.add_marker("offline")


def _applies(item: Any) -> bool:
    suite = getattr(item, "cls", None)
    return suite is None or not is_suite(suite) or applies(item.obj, suite)


def _host_class(name: str) -> Callable[[Path], KitHost]:
    if name == "memory":
        return KitHost
    found = dict(installed.entry_points(HOSTS))
    if name not in found:
        known = ", ".join(["memory", *sorted(found)])
        raise pytest.UsageError(f"no host {name!r} is installed for --tradewind-host; there are {known}")
    made: Callable[[Path], KitHost] = installed.load(found[name])
    return made


@pytest.fixture
def host(request: Any, tmp_path: Path) -> Iterator[KitHost]:
    """The host that the code under test talks to, bound for the time of the test."""
    made = _host_class(request.config.getoption("--tradewind-host"))(tmp_path)
    with bind(made):
        yield made
    made.close()


@pytest.fixture
def faults() -> Iterator[Callable[[str, int], FaultProxy]]:
    """A maker of proxies to services, for what goes wrong on the way: `faults(host, port)`."""
    with contextlib.ExitStack() as stack:
        yield lambda host, port: stack.enter_context(FaultProxy(host, port))
