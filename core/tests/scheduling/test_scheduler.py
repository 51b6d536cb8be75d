"""The scheduler's loop, step by step: due runs, gates, quarantine, leases, its budget of statements."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.scheduling.sharing import in_own_order
from tradewind.transitions.runs import create_run

pytestmark = pytest.mark.long_module

DAY = timedelta(days=1)


def test_a_run_is_made_when_it_is_due_and_its_tasks_are_queued(office):
    office.add_worker()
    office.add_dag(every=DAY)
    assert office.scheduler.step().next_due == office.clock.at + DAY
    assert office.runs() == []
    office.pass_(days=1)
    office.renew_worker()
    stepped = office.scheduler.step()
    assert office.runs() == [("scheduled__2026-01-01T00:00:00+00:00", "running")]
    assert stepped.wake == {"worker:LocalExecutor"}
    assert office.heard.channels == ["worker:LocalExecutor"]
    office.finish(*office.claim())
    assert office.runs() == [("scheduled__2026-01-01T00:00:00+00:00", "success")]
    assert office.row().due_at == office.clock.at + DAY


def test_with_catchup_every_missed_interval_is_made_without_it_the_latest(office):
    office.add_dag("all", every=DAY, catchup=True)
    office.add_dag("latest", every=DAY)
    office.pass_(days=5, hours=1)
    while office.scheduler.step().has_more:
        pass
    assert [run_id[11:21] for run_id, _ in office.runs("all")] == [f"2026-01-0{n}" for n in range(1, 6)]
    assert [run_id[11:21] for run_id, _ in office.runs("latest")] == ["2026-01-05"]


def test_no_more_runs_are_made_than_may_be_active(office):
    office.add_worker()
    office.add_dag(every=DAY, catchup=True, max_active_runs=2)
    office.pass_(days=5)
    while office.scheduler.step().has_more:
        pass
    assert len(office.runs()) == 2
    assert not office.scheduler.step().has_more
    office.renew_worker()
    office.scheduler.step()
    office.finish(*office.claim())
    office.scheduler.step()
    assert [state for _, state in office.runs()] == ["success", "success", "running"]


def test_a_paused_dag_makes_no_runs_and_starts_no_queued_ones(office):
    office.add_worker()
    dag = office.add_dag(every=DAY, is_paused=True)
    office.pass_(days=1)
    office.scheduler.step()
    assert office.runs() == []
    with office.database.transaction() as conn:
        from_cli(conn, office, dag)
    office.scheduler.step()
    assert office.runs() == [("manual", "queued")]
    assert office.task_states() == ["none"]
    office.set("d", is_paused=False)
    while office.scheduler.step().has_more:
        pass
    assert {state for _, state in office.runs()} == {"running"}


def test_a_queued_run_that_starts_with_an_expansion_is_gone_on_with_at_once(office):
    """Found by the simulation: the expansion waited for the next poll, as nobody is woken for it."""
    dag = office.add_dag("d", "up", "mapped", is_paused=True)
    up = replace(dag.tasks["up"], is_empty=True, downstream=("mapped",))
    over = (("x", ("up", "return_value")),)
    mapped = replace(dag.tasks["mapped"], upstream=("up",), trigger_rule="always", expand=over)
    dag.tasks.update(up=up, mapped=mapped)
    with office.database.transaction() as conn:
        from_cli(conn, office, dag)
    office.set("d", is_paused=False)
    assert office.scheduler.step().has_more
    while office.scheduler.step().has_more:
        pass
    assert office.runs() == [("manual", "failed")]  # nothing was pushed to expand over


def from_cli(conn, office, dag, version=1):
    create_run(
        conn,
        version_id=version,
        graph=dag,
        run_id="manual",
        run_type="manual",
        logical_date=office.clock.at,
        data_interval_start=None,
        data_interval_end=None,
        conf={"x": 1},
        triggered_by="cli",
        clock=office.clock,
        ids=office.ids,
    )


def test_a_version_that_cannot_be_read_is_set_aside_and_every_other_dag_goes_on(office, caplog):
    office.add_dag("broken", every=DAY)
    office.texts["broken"] = ValueError("no such schema")
    office.add_dag("fine", every=DAY)
    office.pass_(days=1)
    office.scheduler.step()
    assert office.row("broken").quarantine == "ValueError: no such schema"
    assert [state for _, state in office.runs("fine")] == ["running"]
    assert "quarantine" in caplog.text
    assert not office.scheduler.step().has_more


@pytest.mark.parametrize(
    "database_url",
    [pytest.param("postgresql", marks=pytest.mark.postgres), pytest.param("mariadb", marks=pytest.mark.mariadb)],
    indirect=True,
)
def test_a_dag_that_another_scheduler_is_at_holds_up_no_other_and_is_not_left_out(office):
    names = ["d0", "d1", "d2"]
    dags = [office.add_dag(name, is_paused=True) for name in names]
    with office.database.transaction() as conn:
        for number, dag in enumerate(dags, 1):
            from_cli(conn, office, dag, number)
    for name in names:
        office.set(name, is_paused=False)
    given_back = threading.Semaphore(0)  # connections, so after the commit
    sa.event.listen(office.database.engine, "checkin", lambda *_: given_back.release())
    stepping = threading.Thread(target=office.scheduler.step)
    with office.database.transaction() as conn:
        conn.execute(sa.select(tables.dag).where(tables.dag.c.dag_id == "d1").with_for_update())
        stepping.start()
        while {state for name in ("d0", "d2") for _, state in office.runs(name)} != {"running"}:
            assert given_back.acquire(timeout=20)
        assert office.runs("d1") == [("manual", "queued")]
    stepping.join(20)
    assert office.runs("d1") == [("manual", "running")]


def test_schedulers_begin_at_different_dags_and_keep_the_order_within_each():
    found = [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("b", 2)]
    orders = {tuple(in_own_order(found, itemgetter(0), f"scheduler {n}")) for n in range(20)}
    assert {order[0][0] for order in orders} == {"a", "b", "c"}
    for order in orders:
        assert sorted(order) == sorted(found)
        assert [n for name, n in order if name == "a"] == [1, 2]
    assert in_own_order([], itemgetter(0), "scheduler") == []


def test_two_schedulers_make_each_run_once(office):
    other = office.add_scheduler()
    for n in range(5):
        office.add_dag(f"d{n}", every=DAY)
    office.pass_(days=1)
    threads = [threading.Thread(target=each.step) for each in (office.scheduler, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(office.runs(f"d{n}")) for n in range(5)] == [1] * 5


def test_an_idle_step_is_one_statement_and_a_renewal_a_few_more(office, statements):
    office.add_dag(every=DAY)
    office.scheduler.step()
    with statements.recorded(office.database) as recorded:
        office.scheduler.step()
    recorded.assert_at_most(1)
    office.pass_(seconds=3)
    with statements.recorded(office.database) as recorded:
        office.scheduler.step()
    recorded.assert_at_most(4)


def test_run_stops_when_told_and_records_its_end(office):
    thread = threading.Thread(target=office.scheduler.run)
    thread.start()
    office.scheduler.stop()
    thread.join(timeout=30)
    assert not thread.is_alive()
    with office.database.read() as conn:
        causes = list(conn.execute(sa.select(tables.daemon.c.end_cause)).scalars())
    assert causes in ([], ["stopped"]), "stopped before or after its first step"


def beat(office, seconds):
    for _ in range(seconds // 3):
        office.pass_(seconds=3)
        office.scheduler.step()


def test_what_is_taken_from_a_silent_worker_is_admitted_in_the_same_step(office):
    office.add_worker()
    dag = office.add_dag(every=DAY)
    again = replace(dag.tasks["a"], retries=1, retry_delay=0.0)
    office.texts["d"] = replace(dag, tasks={"a": again})
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    assert len(office.claim()) == 1
    for _ in range(200):
        office.pass_(seconds=3)
        office.scheduler.step()
        if office.task_states() != ["running"]:
            break
    office.add_worker("other")
    assert office.task_states() == ["scheduled"], "ready at once, though nobody lives who could take it"
    office.scheduler.step()
    assert office.task_states() == ["queued"]


def test_a_silent_worker_keeps_its_tries_until_the_isolation_grace(office, caplog):
    office.add_worker()
    office.add_dag(every=DAY)
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    (ticket,) = office.claim()
    beat(office, 594)
    assert office.task_states() == ["running"], "silence is not death"
    beat(office, 9)
    assert office.task_states() == ["failed"]
    assert "silent for 600 s" in caplog.text
    assert not office.renew_worker(), "the worker learns that it was declared ended"
    office.finish(ticket)
    assert office.task_states() == ["failed"], "what it says now comes too late"


def test_after_an_outage_nobody_is_declared_dead_before_one_full_lease(office):
    office.add_worker()
    office.add_dag(every=DAY)
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    office.claim()
    office.pass_(seconds=700)
    office.scheduler.step()
    assert office.task_states() == ["running"]
    office.pass_(seconds=3)
    assert office.renew_worker()
    beat(office, 30)
    assert office.task_states() == ["running"]


def test_tries_of_a_worker_that_is_recorded_as_ended_are_lost_at_once(office, caplog):
    office.add_worker()
    office.add_dag(every=DAY)
    office.pass_(days=1)
    office.renew_worker()
    office.scheduler.step()
    office.claim()
    with office.database.transaction() as conn:
        conn.execute(tables.daemon.update().where(tables.daemon.c.id == "w").values(ended_at=office.clock.at))
    beat(office, 3)
    assert office.task_states() == ["failed"]
    assert "its worker ended" in caplog.text


def test_the_reconciler_repairs_a_wrong_count_and_calls_it_a_bug(office, caplog):
    office.add_dag(every=DAY)
    office.pass_(days=1)
    office.scheduler.step()
    with office.database.transaction() as conn:
        conn.execute(tables.run_progress.update().values(unfinished=5))
    office.pass_(seconds=61)
    office.scheduler.step()
    assert "which is a bug" in caplog.text
    with office.database.read() as conn:
        assert conn.execute(sa.select(tables.run_progress.c.unfinished)).scalar_one() == 1


def test_an_expired_scheduler_is_declared_ended(office, caplog):
    other = office.add_scheduler()
    other.step()
    beat(office, 24)
    assert f"daemon {other.daemon_id} is gone" in caplog.text
    before = other.daemon_id
    other.step()
    assert other.daemon_id != before, "it goes on under a new name"


def test_a_clock_that_is_put_back_holds_up_no_renewal(office):
    office.scheduler.step()
    with office.database.read() as conn:
        before = conn.execute(sa.select(tables.daemon.c.renewed_at)).scalar_one()
    office.clock.at -= timedelta(hours=1)
    office.scheduler.step()
    with office.database.read() as conn:
        after = conn.execute(sa.select(tables.daemon.c.renewed_at)).scalar_one()
    assert after == before - timedelta(hours=1), "renewed at once, and not an hour later"
