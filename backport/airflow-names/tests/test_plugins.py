"""Plugins of Airflow: found in a folder and in distributions, one that fails beside others that do not."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tradewind_airflow_names.finder import install, uninstall
from tradewind_airflow_names.own.plugins_manager import AirflowPlugin, Plugins, code_folders

GOOD = """
from airflow.plugins_manager import AirflowPlugin

def half(number):
    return number / 2

class Good(AirflowPlugin):
    name = "{name}"
    macros = [half]
"""


@pytest.fixture(autouse=True)
def names() -> Iterator[None]:
    before = set(sys.modules)
    uninstall()
    assert install() is None
    yield
    uninstall()
    for each in set(sys.modules) - before:
        if each.partition(".")[0].startswith("names_test_"):
            del sys.modules[each]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def loaded(folder: Path, *installed: tuple[str, object]) -> Plugins:
    found = Plugins()
    found.load(folder, installed)  # type: ignore[arg-type]
    return found


def test_one_that_fails_is_named_and_the_others_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path, "names_test_good.py", GOOD.format(name="good"))
    write(tmp_path, "names_test_package/__init__.py", "")
    write(tmp_path, "names_test_package/inner.py", GOOD.format(name="inner"))
    write(tmp_path, "names_test_helper.py", "raise RuntimeError('nobody asked for me')\n")
    write(tmp_path, "names_test_bad.py", "from airflow.plugins_manager import AirflowPlugin\n1 / 0\n")
    write(tmp_path, ".hidden/names_test_hidden.py", GOOD.format(name="hidden"))
    found = loaded(tmp_path)
    assert sorted(found.found) == ["good", "inner"]
    assert (found.names_of("macros", "good") or {})["half"](3) == 1.5
    assert found.names_of("macros", "bad") is None
    complaint = found.complaint()
    assert complaint == f"the plugin {tmp_path}/names_test_bad.py cannot be loaded: ZeroDivisionError: division by zero"
    assert sys.modules["names_test_package.inner"].__spec__ is not None


def test_what_is_not_here_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Web(AirflowPlugin):
        name = "web"
        appbuilder_views = ({},)
        listeners = (object(),)

    with caplog.at_level(logging.WARNING):
        loaded(tmp_path, ("web (web:Web)", lambda: Web))
    (told,) = caplog.messages
    assert (
        told
        == "the plugin web of web (web:Web): appbuilder_views, listeners are not built yet in Tradewind and do nothing"
    )


def test_what_has_no_name_cannot_be_asked_for(tmp_path: Path) -> None:
    class Odd(AirflowPlugin):
        name = "odd"
        macros = (functools.partial(print), len)
        hooks = None  # type: ignore[assignment]

    found = loaded(tmp_path, ("odd", lambda: Odd))
    assert found.names_of("macros", "odd") == {"len": len}
    assert found.find("macros", "len") is len
    assert (found.find("hooks", "len"), found.names_of("hooks", "odd")) == (None, {})


def test_a_plugin_without_a_name_is_refused(tmp_path: Path) -> None:
    class Nameless(AirflowPlugin):
        pass

    found = loaded(tmp_path, ("x", lambda: Nameless))
    assert "is a plugin without a name" in str(found.complaint())


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path / "nothing").found == {}


def test_the_folders_are_those_of_airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(tmp_path / "mine"))
    assert code_folders() == [os.path.realpath(tmp_path / "config"), os.path.realpath(tmp_path / "mine")]
