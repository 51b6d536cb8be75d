"""The suites pass what keeps its contract, and find each way of breaking it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CONFTEST = """
import socket, threading
import pytest

@pytest.fixture
def echo_server():
    listener = socket.create_server(("127.0.0.1", 0))
    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                if client.recv(100) == b"sesame":
                    client.sendall(b"welcome")
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
"""

FOUND = {
    "TestForgetfulStorage": {"test_a_value_comes_back_from_another_process", "test_it_knows_what_it_has"},
    "TestSilentStorage": {"test_what_is_not_there_is_a_key_error"},
    "TestLoweringStorage": {"test_keys_that_look_alike_are_told_apart"},
    "TestPrefixedStorage": {"test_deleting_twice_is_no_error_and_touches_nothing_else"},
    "TestDoublingLogs": {"test_a_chunk_that_comes_again_with_more_changes_nothing_before"},
    "TestUnlimitedLogs": {"test_any_part_of_it_can_be_read"},
    "TestMixedBackend": {"test_kinds_are_kept_apart"},
    "TestCachingBackend": {"test_what_changes_is_seen"},
    "TestHidingBackend": {"test_that_it_could_not_look_is_an_error_and_never_a_no"},
    "TestTellingHook": {"test_secrets_are_masked_and_stand_in_no_repr_and_no_log"},
    "TestNamelessHook": {"test_a_host_that_cannot_be_reached_is_named", "test_a_refused_login_is_named"},
    "TestKeepingHook": {
        "test_a_cut_connection_is_named_and_a_retry_succeeds",
        "test_silence_ends_with_the_time_out_and_a_retry_succeeds",
    },
    "TestEagerOperator": {"test_making_it_asks_for_nothing_and_makes_no_client"},
    "TestUntoldOperator": {"test_templated_fields_are_arguments", "test_its_arguments_are_documented"},
    "TestStubbornSensor": {"test_it_gives_up_after_its_time_out", "test_it_may_be_skipped_then"},
    "TestSleepingTrigger": {"test_it_never_blocks_those_beside_it"},
    "TestLosingTrigger": {"test_it_is_made_again_from_what_it_serializes"},
    "TestHastyTrigger": {"test_it_fires_when_it_is_true_and_not_before"},
    "TestTwiceNotifier": {"test_a_message_arrives_with_its_templates_filled_in"},
}
GOOD = {"Storage", "Logs", "Backend", "Hook", "Operator", "Sensor", "Trigger", "Notifier"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """How each test of each class of bad parts ended, by class: {test: outcome}."""
    folder = tmp_path_factory.mktemp("kit")
    shutil.copy(HERE / "bad_parts.py", folder / "test_bad_parts.py")
    (folder / "conftest.py").write_text(CONFTEST)
    done = run(folder, "-rA")
    found = {}
    for outcome, cls, test in re.findall(r"^(PASSED|FAILED|ERROR) .*?::(\w+)::(\w+)", done.stdout, re.MULTILINE):
        found.setdefault(cls, {}).setdefault(test, set()).add(outcome)
    return found


def run(folder, *options):
    """Run pytest on a folder, as a provider's author would: with nothing of this repository's own settings."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-p", "tradewind_testing.plugin", "-p", "no:cacheprovider", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize("part", sorted(GOOD))
def test_what_keeps_its_contract_passes(outcomes, part):
    ended = outcomes[f"TestGood{part}"]
    assert {test: how for test, how in ended.items() if how != {"PASSED"}} == {}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_what_breaks_it_is_found(outcomes, name):
    failed = {test for test, how in outcomes[name].items() if how & {"FAILED", "ERROR"}}
    assert failed >= FOUND[name]


def test_every_bad_part_is_looked_at(outcomes):
    assert set(outcomes) == set(FOUND) | {f"TestGood{part}" for part in GOOD}


def problem(folder, text):
    (folder / "test_it.py").write_text(f"from tradewind_testing import XComStorageSuite\n{text}\n")
    return run(folder).stdout


def test_a_mandatory_test_cannot_be_replaced(tmp_path):
    text = "class TestIt(XComStorageSuite):\n    def test_it_knows_what_it_has(self): pass"
    assert "TestIt replaces test_it_knows_what_it_has, which every provider has to pass" in problem(tmp_path, text)


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ("{'test_nothing': 'there is none'}", "has a gap 'test_nothing', but its suite has no such test"),
        ("{'test_any_bytes_come_back': 'later'}", "needs a reason"),
    ],
)
def test_a_gap_has_a_test_and_a_reason(tmp_path, gaps, said):
    assert said in problem(tmp_path, f"class TestIt(XComStorageSuite):\n    gaps = {gaps}")


def test_an_unknown_host_is_named(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(host): pass\n")
    done = run(tmp_path, "--tradewind-host", "mainframe")
    assert "no host 'mainframe' is installed for --tradewind-host; there are" in done.stdout + done.stderr
