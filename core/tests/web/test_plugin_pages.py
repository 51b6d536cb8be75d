"""Pages about plugins and providers: what each declares, and what was left out of which."""

from __future__ import annotations

import pytest
from administration import MARKUP
from stages import Stage
from tradewind.operations import installation
from tradewind.plugins.catalogue import Catalogue, Entry, Plugin
from tradewind.plugins.registry import Registry

GOOD = Plugin(name="good", module="good.plugin", distribution="tradewind-good 1.0")
HALF = Plugin(name="half", module="half.plugin", distribution="tradewind-half 2.0")
PROBLEMS = (
    f"plugin half.plugin of tradewind-half 2.0: its tradewind_sensors is left out: {MARKUP}",
    "plugin gone.plugin of tradewind-gone 3.0 is left out: ModuleNotFoundError: no gone",
)
SENSOR = Entry(0, {"path": "good.sensors:Sensor", "name": "Sensor", "summary": ""})


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three plugins: a good one, one of which a part is left out, and one that cannot be imported."""
    catalogue = Catalogue(
        plugins=(GOOD, HALF),
        hooks=(("tradewind_sensors",), ("tradewind_sensors", "on_task_success")),
        stamps=(None, None),
        entries={"sensor": {"good.sensors:Sensor": SENSOR}},
        problems=PROBLEMS,
    )
    monkeypatch.setattr(installation, "registry", lambda: Registry(catalogue))
    found = (("tradewind-gone", "3.0", "Gone"), ("tradewind-good", "1.0", MARKUP))
    monkeypatch.setattr(installation, "_known_to_this_process", lambda: found)


@pytest.mark.usefixtures("installed")
def test_each_plugin_shows_what_it_declares_and_its_error(stage: Stage) -> None:
    page = stage.client().get("/plugins").text
    assert "1 × sensor" in page
    assert "<code>good.sensors.Sensor</code>" in page
    assert "on_task_success" in page
    assert page.count("Left out of it:") == 1
    assert "its tradewind_sensors is left out: &lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "no gone" in page, "what is in no list is told as well"
    assert page.count("tradewind_sensors is left out") == 1


@pytest.mark.usefixtures("installed")
def test_each_provider_shows_what_is_wrong_with_it(stage: Stage) -> None:
    page = stage.client().get("/providers").text
    assert "tradewind-good" in page
    assert "<script>alert" not in page
    assert page.count("Left out:") == 1
    assert "no gone" in page


def test_what_is_installed_here_is_shown(stage: Stage) -> None:
    assert "tradewind.plugins.builtin" in stage.client().get("/plugins").text
    assert stage.client().get("/providers").status_code == 200


def test_who_may_not_see_it_is_refused(stage: Stage, statements) -> None:
    nobody = stage.client(("can_read", "Pools"))
    assert (nobody.get("/plugins").status_code, nobody.get("/providers").status_code) == (403, 403)
    with statements.recorded(stage.tools.database):
        assert stage.client(("can_read", "Providers")).get("/providers").status_code == 200
    statements.assert_at_most(0)
