"""The suite of executors passes those that keep the contract, and finds each way of breaking it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind_plugins.contracts.executor import Ticket
from tradewind_testing import FarEnd

HERE = Path(__file__).parent
pytestmark = pytest.mark.long_module
GOOD = {"TestGoodSpool", "TestGoodPulling"}
FOUND = {
    "TestDoubling": ["test_a_ticket_that_comes_twice_starts_once"],
    "TestMisspoken": ["test_a_ticket_runs_its_command_once", "test_another_token_is_another_ticket"],
    "TestRaising": ["test_what_can_never_run_is_refused_with_a_reason_and_the_others_run"],
    "TestCurt": ["test_each_ticket_is_answered_once"],
    "TestWaiting": ["test_a_ticket_runs_its_command_once"],
    "TestRemembering": ["test_what_ended_is_not_alive"],
    "TestForgetful": ["test_one_that_is_opened_later_knows_what_runs"],
    "TestCareless": ["test_cancelled_a_running_one_ends_and_no_other", "test_cancelled_a_waiting_one_never_starts"],
    "TestSweeping": ["test_cancelled_a_running_one_ends_and_no_other"],
    "TestStrict": ["test_cancelling_what_is_unknown_is_no_error"],
    "TestGloomy": ["test_a_start_is_told", "test_each_of_many_runs_once"],
    "TestRepeating": ["test_an_end_is_told_once_with_its_exit_code"],
    "TestHopeful": [
        "test_a_service_that_is_away_is_an_error_and_a_retry_succeeds",
        "test_nothing_counts_as_ended_while_the_service_is_away",
    ],
    "TestBoasting": ["test_capacity_is_sane", "test_slots_that_are_taken_are_not_free"],
    "TestTelling": ["test_secrets_stand_in_no_repr_and_no_log"],
    "TestQueueless": ["test_a_ticket_gets_to_its_queue"],
    "TestRestarting": ["test_a_command_that_fails_is_not_run_again"],
    "TestHasty": ["test_a_drain_lets_tries_end"],
    "TestStubborn": ["test_hurried_it_waits_no_longer"],
    "TestLingering": ["test_it_stops_and_leaves_no_thread_that_keeps_the_process"],
    "TestBare": ["test_the_environment_reaches_the_command"],
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """How each test ended that was run, by class: {test: outcome}."""
    folder = tmp_path_factory.mktemp("kit")
    shutil.copy(HERE / "bad_executors.py", folder / "test_bad_executors.py")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Of those that break it only the tests are run that have to find them: most of the others would pass
    wanted = [f"test_bad_executors.py::{name}" for name in sorted(GOOD)]
    wanted += [f"test_bad_executors.py::{name}::{test}" for name, tests in FOUND.items() for test in tests]
    command = [sys.executable, "-m", "pytest", "-p", "tradewind_testing.plugin", "-p", "no:cacheprovider", "-q", "-rA"]
    done = subprocess.run([*command, *wanted], cwd=folder, capture_output=True, text=True, env=environment, check=False)
    found = {}
    for outcome, cls, test in re.findall(r"^(PASSED|FAILED|ERROR) .*?::(\w+)::(\w+)", done.stdout, re.MULTILINE):
        found.setdefault(cls, {}).setdefault(test, set()).add(outcome)
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_keeps_its_contract_passes(outcomes, name):
    assert {test: how for test, how in outcomes[name].items() if how != {"PASSED"}} == {}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_what_breaks_it_is_found(outcomes, name):
    failed = {test for test, how in outcomes[name].items() if how & {"FAILED", "ERROR"}}
    assert failed == set(FOUND[name])


def test_every_bad_executor_is_looked_at():
    text = (HERE / "bad_executors.py").read_text()
    assert set(re.findall(r"^class (Test\w+)", text, re.MULTILINE)) == set(FOUND) | GOOD


@pytest.mark.parametrize("words", [["tradewind"], [sys.executable, "-m", "tradewind"]], ids=["program", "module"])
def test_the_far_end_tells_how_it_was_called(tmp_path, words):
    with FarEnd(tmp_path / "far") as far_end:
        environ = dict(far_end.environ(), TRADEWIND_KIT_QUEUE="fast")
        process = subprocess.Popen([*words, "tasks", "run-try", "7", "2"], env=environ)
        while not far_end.calls:
            far_end.wait_for_change(1)
        (call,) = far_end.calls_of(Ticket(instance=7, token=2))
        assert call.environ["TRADEWIND_KIT_QUEUE"] == "fast"
        assert call.is_running
        call.end(3)
        assert process.wait() == 3
        assert call.wait(10)
        assert far_end.calls_of(Ticket(instance=7, token=1)) == []
