"""Files that somebody asks to be read again are, though nothing of them has changed."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing import dags


def test_a_file_that_is_asked_for_is_read_again_once(lite: Any, source: Any) -> None:
    for name in ("one", "two"):
        lite.write(f"{name}.py", source(name))
    lite.settle()
    assert lite.settle().parsed == ()
    assert lite.database.write(lambda c: dags.ask(c, "dags", "one.py", now=lite.clock.now()))
    assert not lite.database.write(lambda c: dags.ask(c, "dags", "none.py", now=lite.clock.now()))
    processor = lite.processor
    assert processor._requests.hear(processor._folders)
    assert lite.file("one.py").asked_at is None
    assert lite.settle().parsed == ("one.py",)
    assert not processor._requests.hear(processor._folders), "it is not yet time to look again"
    lite.seconds += 10
    assert not processor._requests.hear(processor._folders)
    assert lite.settle().parsed == ()
