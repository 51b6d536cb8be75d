"""The checker finds what is wrong: each broken promise, in a ledger that is right but for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos.checker import Instance, Rows, violations
from chaos.ledger import Line
from chaos.play import missing_runs, stopped_badly

RUN = "manual__1"
ENDS = ("start", "success")


def line(word: str, at: int, *, instance: int = 1, token: int = 1, number: int = 1, task: str = "link_0") -> Line:
    return Line(word, at, 100 + token, "w", instance, token, number, "chain", RUN, task, -1)


def link(number: int, state: str = "success") -> Instance:
    return Instance(number + 1, 7, "chain", RUN, f"link_{number}", -1, state)


GOOD_LINES = (
    line("start", 10),
    line("failed", 20),
    line("start", 30, token=2, number=2),
    line("success", 40, token=2, number=2),
    line("start", 50, instance=2, task="link_1"),
    line("success", 60, instance=2, task="link_1"),
    *(
        line(word, 10 * number + 60, instance=number + 1, task=f"link_{number}")
        for number in (2, 3, 4)
        for word in ENDS
    ),
)
GOOD_ROWS = Rows(
    runs=(("chain", RUN, "success"),),
    instances=tuple(link(number) for number in range(5)),
    tries={(1, 1): ("failed", 1, "boom"), (1, 2): ("success", 2, "")}
    | {(instance, 1): ("success", 1, "") for instance in (2, 3, 4, 5)},
)
OVERLAP = (*GOOD_LINES[:1], replace(GOOD_LINES[1], at=35), *GOOD_LINES[2:])
EARLY = (*GOOD_LINES[:4], replace(GOOD_LINES[4], at=35), *GOOD_LINES[5:])


def test_a_ledger_that_agrees_with_the_rows_is_fine() -> None:
    assert violations(GOOD_LINES, GOOD_ROWS) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (OVERLAP, "two tries overlap"),
        (EARLY, "link_1 began before link_0 had ended"),
        ((*GOOD_LINES, line("start", 70, token=2, number=2)), "the code of one try began twice"),
        ((*GOOD_LINES, line("start", 70, token=3, number=3)), "the database has no such try"),
        ((*GOOD_LINES, line("full:pool-narrow", 70, token=2, number=2)), "pool-narrow was held by others"),
        ((*GOOD_LINES[:5], *GOOD_LINES[6:]), "wrote no end to the ledger"),
        ((*GOOD_LINES[:4], *GOOD_LINES[6:]), "link_2 began, and link_1 never ended with success"),
        ((GOOD_LINES[0], replace(GOOD_LINES[0], at=11), *GOOD_LINES[1:]), "the code of one try began twice"),
        ((*GOOD_LINES[:1], replace(GOOD_LINES[1], word="success"), *GOOD_LINES[2:]), "is failed by the database"),
    ],
)
def test_what_the_ledger_shows_is_found(lines: tuple[Line, ...], said: str) -> None:
    assert said in "\n".join(violations(lines, GOOD_ROWS))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (replace(GOOD_ROWS, runs=(("chain", RUN, "running"),)), "is running"),
        (replace(GOOD_ROWS, instances=(link(0, "queued"), *GOOD_ROWS.instances[1:])), "never ended"),
        (replace(GOOD_ROWS, instances=GOOD_ROWS.instances[:4]), "has 4 of 5 tasks"),
        (replace(GOOD_ROWS, instances=(*GOOD_ROWS.instances[:4], link(4, "skipped"))), "was to end as success"),
        (replace(GOOD_ROWS, instances=(*GOOD_ROWS.instances[:4], link(4, "failed"))), "was to end as success"),
        (replace(GOOD_ROWS, left_over=("progress 7 1",)), "progress 7 1"),
        (replace(GOOD_ROWS, tries={**GOOD_ROWS.tries, (2, 1): ("failed", 1, "")}), "last try that ended as failed"),
        (replace(GOOD_ROWS, tries={**GOOD_ROWS.tries, (2, 1): ("lost", 1, "")}), "last try that ended as lost"),
        (replace(GOOD_ROWS, tries={**GOOD_ROWS.tries, (1, 1): ("never_started", 1, "")}), "says that it never did"),
    ],
)
def test_what_the_rows_show_is_found(rows: Rows, said: str) -> None:
    assert said in "\n".join(violations(GOOD_LINES, rows))


def test_a_run_that_was_made_and_is_gone_is_found() -> None:
    assert missing_runs(1, GOOD_ROWS) == []
    assert missing_runs(2, GOOD_ROWS) == ["2 runs were made, and 1 are there"]


def test_a_daemon_that_fails_at_its_end_or_never_comes_to_it_is_found() -> None:
    said = stopped_badly({"scheduler-0": 0, "worker-0": None, "processor-0": 1})
    assert said == ["worker-0 did not stop", "processor-0 stopped with exit code 1"]
