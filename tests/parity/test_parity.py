"""Everything that Airflow 2.11 offers authors and at the command line is built and tested, or listed with its reason."""

from __future__ import annotations

from parity import surface
from parity.page import PAGE, page


def test_every_item_is_built_or_listed_with_a_reason() -> None:
    ours, rows = surface.our_items(), surface.differences()
    neither = [
        item for item in surface.airflow_items() if item not in ours and not any(row.covers(item) for row in rows)
    ]
    assert not neither, "build these, or give their reason in tests/parity/differences.toml"


def test_every_built_item_has_a_behaviour_test() -> None:
    ours, evidence = surface.our_items(), surface.evidence()
    assert evidence.missing() == []
    untested = [item for item in surface.airflow_items() if item in ours and evidence.of(item) is None]
    assert not untested, "name a test of these in tests/parity/behaviours.toml"


def test_no_row_is_about_nothing() -> None:
    missing = set(surface.airflow_items()) - surface.our_items()
    idle = [
        pattern
        for row in surface.differences()
        for pattern in row.items
        if not any(surface.Difference((pattern,), "", None).covers(item) for item in missing)
    ]
    assert not idle, "these are built by now, or never were in Airflow: take them out of differences.toml"


def test_the_page_is_what_the_rows_say() -> None:
    assert PAGE.read_text() == page(), "run: python tests/parity/page.py"
