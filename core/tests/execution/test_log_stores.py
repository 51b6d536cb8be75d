"""Another log store than files: the one of the hooks' manual, written by a real worker and read by the command line."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tradewind.config import load
from tradewind.execution.log_stores import open_log_store
from tradewind.plugins.current import forget, use_registry
from tradewind_plugins.exceptions import TradewindConfigException

pytestmark = pytest.mark.long_module

MANUAL = Path(__file__).parents[3] / "docs" / "reference" / "hooks.md"
STORES = """
from hello_parts import LedgerStore
from tradewind_plugins.contracts.log_store import LogStoreCapabilities
from tradewind_plugins.declarations import Declared
from tradewind_plugins.hooks import hookimpl


class Flaky(LedgerStore):
    \"\"\"Stores every other chunk and then says that it did not, and refuses every other seal.\"\"\"

    calls = 0

    def put_chunk(self, key, offset, data):
        super().put_chunk(key, offset, data)
        self._stumble()

    def seal(self, key):
        self._stumble()

    def _stumble(self):
        self.calls += 1
        if self.calls % 2:
            raise OSError("the ledger is elsewhere")


class Sealed(LedgerStore):
    capabilities = LogStoreCapabilities(append=False, delete_prefix=True)


@hookimpl
def tradewind_log_stores():
    return [
        Declared(name="flaky", path="stores_plugin:Flaky", summary="Fails now and then."),
        Declared(name="sealed", path="stores_plugin:Sealed", summary="Shows a log at its end."),
    ]
"""
TWO_TRIES = """
    from tradewind import DAG, task

    with DAG("flow"):
        @task(retries=1, retry_delay=0)
        def work(ti=None):
            for number in range(3):
                print("line", number, "of try", ti.try_number, flush=True)
            assert ti.try_number == 2
        work()
"""


@pytest.fixture
def ledger_house(small_house: Any) -> Any:
    """A house whose environment has the manual's store, and two that derive from it."""
    site = small_house.home / "site"
    site.mkdir()
    section = MANUAL.read_text().partition("### `tradewind_log_stores`")[2].partition("\n### ")[0]
    for name, source in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section, re.DOTALL):
        (site / name).write_text(source)
    (site / "stores_plugin.py").write_text(STORES)
    small_house.environ |= {
        "PYTHONPATH": str(site),
        "TRADEWIND__PLUGINS__MODULES": "hello_plugin,stores_plugin",
        "TRADEWIND__LOGS__LOCATION": str(small_house.home / "ledger.db"),
    }
    return small_house


def tradewind(house: Any, *words: str) -> str:
    command = [sys.executable, "-m", "tradewind", *words]
    done = subprocess.run(command, env=house.environ, check=False, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.parametrize("store", ["ledger", "flaky"])
def test_a_worker_writes_to_the_store_that_is_named_and_the_command_line_reads_it(
    ledger_house: Any, store: str
) -> None:
    house = ledger_house
    house.environ["TRADEWIND__LOGS__STORE"] = store
    house.deploy(TWO_TRIES)
    house.start_worker()
    run, state = house.run_dag()
    assert state == "success"
    with house.database.read() as conn:
        (name,) = conn.exec_driver_sql("SELECT run_id FROM dag_run").scalars()
    first = tradewind(house, "tasks", "logs", "flow", "work", name, "--try-number", "1")
    last = tradewind(house, "tasks", "logs", "flow", "work", name)
    for number, log in ((1, first), (2, last)):
        assert re.findall(r"INFO - line (\d) of try (\d)\n", log) == [(str(each), str(number)) for each in range(3)]
    assert first.count("ERROR - Ended as failed: AssertionError") == 1
    assert last.endswith("INFO - Ended as success\n")
    assert not list(house.home.rglob("attempt=*")), "nothing was written to files"
    told = (house.home / "w1.out").read_text()
    assert ("the log store did not take dag_id=flow/" in told) == (store == "flaky")
    assert len(house.tries(run)) == 2


def test_a_store_that_lacks_something_is_named_with_what_it_lacks(ledger_house: Any) -> None:
    ledger_house.environ["TRADEWIND__LOGS__STORE"] = "sealed"
    expected = (
        "the log store 'sealed' lacks the capability 'append': a log is written, and can be followed, while its try"
    )
    assert expected in tradewind(ledger_house, "worker")
    ledger_house.deploy(TWO_TRIES)
    ledger_house.start_run()
    with ledger_house.database.read() as conn:
        (name,) = conn.exec_driver_sql("SELECT run_id FROM dag_run").scalars()
    assert expected in tradewind(ledger_house, "tasks", "logs", "flow", "work", name)


def test_a_store_that_nobody_declares_is_answered_with_those_there_are(ledger_house: Any) -> None:
    ledger_house.environ["TRADEWIND__LOGS__STORE"] = "stone"
    told = tradewind(ledger_house, "worker")
    known = re.fullmatch(r"tradewind: there is no log store 'stone'; there are (.+) \[config-invalid\]\n", told)
    assert known is not None, told
    assert {"file", "flaky", "ledger", "sealed"} <= set(known[1].split(", "))


def test_without_a_location_the_store_is_told_the_folder(tmp_path: Path) -> None:
    use_registry(None)
    try:
        for location, expected in (("", tmp_path / "logs"), (f"{tmp_path}/elsewhere", tmp_path / "elsewhere")):
            config = load(tmp_path, {"TRADEWIND__LOGS__LOCATION": location}).config
            with closing(open_log_store(config)) as store:
                store.put_chunk("a/b.log", 0, b"x")
            assert (expected / "a" / "b.log").read_bytes() == b"x"
        with pytest.raises(TradewindConfigException, match=r"there is no log store 'none'; there are .*file"):
            open_log_store(load(tmp_path, {"TRADEWIND__LOGS__STORE": "none"}).config)
    finally:
        forget()
