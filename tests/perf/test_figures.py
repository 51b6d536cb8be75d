"""What the kit makes of values: medians, percentiles, slopes, goals, load."""

import os
import subprocess
import sys

import pytest
from tradewind_perf.figures import Figure, gather, percentile, plain, slope
from tradewind_perf.goals import Goal, Verdict, at_least, at_most
from tradewind_perf.load import TICKS, Load, LoadWatch
from tradewind_perf.processes import cpu_seconds


def test_a_figure_is_the_median_with_the_smallest_and_the_largest() -> None:
    found = gather([{"a ms": 3.0, "b": 1.0}, {"a ms": 1.0, "b": 1.0}, {"a ms": 20.0}])
    assert (found["a ms"].median, found["a ms"].low, found["a ms"].high) == (3.0, 1.0, 20.0)
    assert str(found["a ms"]) == "3.00 (1.00 to 20.0)"
    assert found["b"].values == (1.0, 1.0)
    assert str(found["b"]) == "1.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234.5, "1,234"),
        (45.67, "45.7"),
        (1.234, "1.23"),
        (0.01234, "0.0123"),
        (0.3, "0.3"),
        (0.00000409, "0.00000409"),
        (0.9996, "1"),
        (-0.25, "-0.25"),
    ],
)
def test_numbers_are_written_with_the_digits_that_matter(value: float, text: str) -> None:
    assert plain(value) == text


def test_percentiles_lie_between_neighbours_and_never_beyond_the_values() -> None:
    assert percentile([5.0], 95) == 5.0
    assert percentile(range(101), 95) == 95
    assert percentile([1.0, 2.0], 99) <= 2.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_slope_is_that_of_the_nearest_line() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 4), (1, 4), (2, 4)]) == 0


@pytest.mark.parametrize(
    ("goal", "values", "verdict"),
    [
        (at_most("lag ms", 8), (7.0, 8.0, 900.0), Verdict.REACHED),
        (at_most("lag ms", 8), (1.0, 8.1, 8.2), Verdict.NOT_REACHED),
        (at_least("lag ms", 8), (1.0, 8.1, 8.2), Verdict.REACHED),
        (at_least("lag ms", 8), (1.0, 2.0, 9.0), Verdict.NOT_REACHED),
    ],
)
def test_a_goal_judges_the_median(goal: Goal, values: tuple[float, ...], verdict: Verdict) -> None:
    assert goal.judge({"lag ms": Figure(values)}) is verdict


def test_a_goal_whose_figure_is_missing_is_not_reached_but_not_measured() -> None:
    assert at_most("lag ms", 8).judge({}) is Verdict.NOT_MEASURED


def test_what_the_kit_starts_is_its_own_work_even_when_it_has_ended() -> None:
    before = cpu_seconds([os.getpid()])
    busy = "import os\nwhile sum(os.times()[:2]) < 0.3: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    # Counted in the process's own seconds, so that it holds on a machine where everything else is busy too
    assert cpu_seconds([os.getpid()]) - before >= 0.3 - 1 / TICKS


def test_a_machine_is_busy_when_others_take_more_than_a_tenth_of_it() -> None:
    found = LoadWatch().look()
    assert found.average >= 0
    assert 0 <= found.others <= 1
    assert Load(0.0, 0.11).is_busy
    assert not Load(9.0, 0.09).is_busy
