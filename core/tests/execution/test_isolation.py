"""What a worker and its watcher conclude from silence: early enough for others, and never without need."""

from __future__ import annotations

from tradewind.execution.isolation import DEADLINE, Contact, Overseer


def contact() -> Contact:
    return Contact(lease=10.0, grace=600.0, margin=2.0, begun=1000.0)


def test_tasks_end_a_margin_before_the_grace_of_the_last_renewal_that_was_begun() -> None:
    last = contact()
    last.renewed(1003.0)
    assert last.deadline == 1003.0 + 600.0 - 2.0


def test_a_renewal_that_was_answered_late_counts_from_its_beginning() -> None:
    last = contact()
    last.renewed(1006.0)
    last.renewed(1003.0)
    assert last.begun == 1006.0


def test_nothing_is_claimed_without_a_valid_lease() -> None:
    last = contact()
    assert last.may_claim(1009.9)
    assert not last.may_claim(1010.0)
    last.renewed(1500.0)
    assert last.may_claim(1500.5)


def test_a_supervisor_that_stands_still_past_its_deadline_is_overdue() -> None:
    overseer = Overseer(heard_at=0.0)
    assert overseer.hear([f"{DEADLINE}=100.000", "WATCHDOG=1"], 50.0)
    assert not overseer.is_overdue(99.0), "it has time left"
    assert overseer.is_overdue(103.0)
    overseer.forget()
    assert not overseer.is_overdue(200.0), "the next one has said nothing yet"


def test_one_whose_loop_moves_ends_its_tasks_itself() -> None:
    overseer = Overseer(heard_at=0.0)
    overseer.hear([f"{DEADLINE}=100.000"], 50.0)
    overseer.hear(["WATCHDOG=1"], 101.0)
    assert not overseer.is_overdue(102.0)


def test_a_watcher_that_slept_itself_hears_what_was_told_meanwhile_first() -> None:
    overseer = Overseer(heard_at=0.0)
    overseer.hear([f"{DEADLINE}=100.000"], 50.0)
    assert overseer.hear(["WATCHDOG=1"], 500.0)
    assert not overseer.is_overdue(500.0)
