"""A scheduler looks at deadlines when their moment comes, and at nothing else because of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

DAY = timedelta(days=1)


def test_a_run_that_takes_too_long_is_failed_at_its_moment_and_its_neighbour_goes_on(office):
    office.add_worker()
    office.texts["d"] = replace(office.add_dag(every=DAY), dagrun_timeout=60.0)
    office.add_dag("neighbour", every=DAY)
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    assert [state for _, state in office.runs() + office.runs("neighbour")] == ["running", "running"]
    assert office.scheduler.step().next_due == office.clock.at + timedelta(seconds=60)
    office.pass_(seconds=60)
    office.renew_worker()
    office.scheduler.step()
    assert [state for _, state in office.runs() + office.runs("neighbour")] == ["failed", "running"]
    assert not office.scheduler.step().has_worked, "what was missed is looked at once"


def test_a_dag_in_quarantine_keeps_its_deadlines_and_wakes_nobody(office):
    office.add_worker()
    office.texts["d"] = replace(office.add_dag(every=DAY), dagrun_timeout=60.0)
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    office.set("d", quarantine="broken")
    office.pass_(seconds=60)
    office.renew_worker()
    office.scheduler.step()
    assert [state for _, state in office.runs()] == ["running"]
    office.set("d", quarantine=None)
    office.scheduler.step()
    assert [state for _, state in office.runs()] == ["failed"]


def test_a_run_that_takes_too_long_makes_room_that_the_scheduler_looks_at_before_it_sleeps(office):
    office.add_worker()
    office.texts["d"] = replace(office.add_dag(every=DAY, catchup=True, max_active_runs=1), dagrun_timeout=60.0)
    office.pass_(days=2)
    office.renew_worker()
    while office.scheduler.step().has_more:
        pass
    assert [state for _, state in office.runs()] == ["running"]
    office.pass_(seconds=60)
    office.renew_worker()
    while office.scheduler.step().has_more:
        pass
    assert [state for _, state in office.runs()] == ["failed", "running"]
