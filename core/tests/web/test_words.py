"""Values in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from tradewind.web.pages.schedules import in_words
from tradewind.web.pages.words import ago, duration, moment, sentence, state


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ("None", "when asked"),
        ("@daily", "at 00:00 every day"),
        ("15 4 * * *", "at 04:15 every day"),
        ("0 9 * * 1, 0 17 * * 5", "at 09:00 on Monday, at 17:00 on Friday"),
        ("new data in s3://one/", "new data in s3://one/"),
        ("1 day, 2:00:00", "1 day, 2:00:00"),
    ],
)
def test_schedules(summary: str, words: str) -> None:
    assert in_words(summary) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (-1, "0 s"), (0.04, "0.0 s"), (9.99, "10.0 s"), (61, "1 min 1 s"), (3600, "1 h"), (90061, "1 d 1 h")],
)
def test_lengths_of_time(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words
    if seconds is not None:
        assert duration(timedelta(seconds=seconds)) == words


def test_what_is_put_into_html_is_escaped() -> None:
    at = datetime(2026, 11, 24, 8, 5, tzinfo=timezone.utc)
    assert moment(at) == '<time datetime="2026-11-24T08:05:00+00:00">2026-11-24 08:05:00 UTC</time>'
    assert "data-relative" in ago(at)
    assert moment(None) == ago(None) == state(None) == ""
    assert "<b>" not in state("<b>")
    assert sentence("start `tradewind <i>`, <b>") == "start <code>tradewind &lt;i&gt;</code>, &lt;b&gt;"
