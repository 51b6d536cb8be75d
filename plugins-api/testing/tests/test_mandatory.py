"""The tests that every provider has to pass are listed, with the version of the kit that brought them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tradewind_testing
from tradewind_testing import Suite
from tradewind_testing.installed import distribution
from tradewind_testing.suites.suite import names_of_tests

MANDATORY = json.loads((Path(tradewind_testing.__file__).parent / "mandatory.json").read_text())
SUITES = {
    name: value
    for name, value in vars(tradewind_testing).items()
    if isinstance(value, type) and issubclass(value, Suite) and value is not Suite
}


def test_every_suite_is_listed():
    assert set(MANDATORY) == set(SUITES)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_what_is_listed_is_what_the_suite_has(name):
    listed = [test for tests in MANDATORY[name].values() for test in tests]
    assert len(set(listed)) == len(listed)
    assert sorted(listed) == names_of_tests(SUITES[name]), (
        "a test that is taken away or added: mandatory.json, and a new version"
    )


def test_tests_come_with_minor_versions_that_exist():
    current = tuple(map(int, distribution("tradewind-testing").version.split(".")[:2]))
    versions = {version for tests in MANDATORY.values() for version in tests}
    assert all(tuple(map(int, version.split("."))) <= current for version in versions)
    assert all(version.count(".") == 1 for version in versions)
