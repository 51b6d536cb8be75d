"""What is looked at while a block runs, and the DAG files that scenarios write."""

import threading

import pytest
from tradewind_perf.sampling import sampled
from tradewind_perf.scenarios.tasks import separate_files


def test_a_block_is_looked_at_again_and_again_by_another_thread() -> None:
    seen, twice = [], threading.Event()

    def look() -> None:
        seen.append(threading.current_thread())
        if len(seen) == 2:
            twice.set()

    with sampled(look, 0.001):
        assert twice.wait(30)
    assert seen[0] is not threading.current_thread()
    assert not seen[0].is_alive()


def test_a_block_that_is_shorter_than_the_pause_or_fails_is_looked_at_once() -> None:
    seen: list[str] = []
    with pytest.raises(RuntimeError, match="in the block"), sampled(lambda: seen.append("end"), 3600):
        raise RuntimeError("in the block")
    assert seen == ["end"]


def test_separate_files_are_whole_and_each_has_a_dag_of_its_own() -> None:
    texts, names = separate_files(2)
    assert names == ["perf_file_000", "perf_file_001"]
    for name, text in zip(names, texts.values(), strict=True):
        compile(text, name, "exec")
        assert f'DAG("{name}"' in text
