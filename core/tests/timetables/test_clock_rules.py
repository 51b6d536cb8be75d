"""The rules for days on which clocks change, over all time zones, against a walker that looks at every minute."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from tradewind.exceptions import TradewindTimetableInvalid
from tradewind.timetables import CronDataIntervalTimetable, CronTriggerTimetable, from_spec
from tradewind.timetables.cron import CLOCK_RULES, Cron

MINUTE, MARGIN = timedelta(minutes=1), timedelta(hours=5)
FIRST, LAST = datetime(2001, 1, 1, tzinfo=timezone.utc), datetime(2027, 1, 1, tzinfo=timezone.utc)
# Expression -> does it match a time on the wall clock? And does its minute or hour begin with a star?
EXPRESSIONS: dict[str, tuple[Callable[[datetime], bool], bool]] = {
    "*/15 * * * *": (lambda wall: wall.minute % 15 == 0, True),
    "*/20 1,2,3 * * *": (lambda wall: wall.minute % 20 == 0 and wall.hour in (1, 2, 3), True),
    "30 * * * *": (lambda wall: wall.minute == 30, True),
    "30 2 * * *": (lambda wall: (wall.hour, wall.minute) == (2, 30), False),
    "0,45 0-3,23 * * *": (lambda wall: wall.hour in (0, 1, 2, 3, 23) and wall.minute in (0, 45), False),
    "0 0 * * *": (lambda wall: (wall.hour, wall.minute) == (0, 0), False),
    "59 23 * * *": (lambda wall: (wall.hour, wall.minute) == (23, 59), False),
}


def walk(zone: ZoneInfo, begin: datetime, end: datetime, expression: str, rule: str) -> Iterator[datetime]:
    """Yield the ticks by the rule as it is written, minute by minute."""
    matches, has_star = EXPRESSIONS[expression]
    counts_once = rule == "once" or (rule == "cron" and not has_star)
    shown = begin.astimezone(zone).replace(tzinfo=None)
    moment = begin
    while moment < end:
        moment += MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        if not counts_once:
            if matches(wall):
                yield moment
            continue
        asked = False
        while shown < wall:  # all times that the clock shows now, or was set over, for the first time
            shown += MINUTE
            asked = asked or matches(shown)
        if asked:
            yield moment


def changes(zone: ZoneInfo, begin: datetime = FIRST, end: datetime = LAST) -> list[datetime]:
    """Return the first moments after changes of a zone's clocks."""
    found, moment = [], begin
    while moment < end:
        following = moment + timedelta(days=25)
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            inside, outside = moment, following
            while outside - inside > MINUTE:
                middle = inside + (outside - inside) // (2 * MINUTE) * MINUTE
                is_before = middle.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset()
                inside, outside = (middle, outside) if is_before else (inside, middle)
            found.append(outside)
        moment = following
    return found


def ticks(cron: Cron, begin: datetime, end: datetime) -> list[datetime]:
    found = []
    while (begin := cron.after(begin)) <= end:
        found.append(begin)
    return found


def distinct_zones() -> list[str]:
    """Return every time zone whose clocks show something of their own; many are names of others."""
    days = [FIRST + timedelta(days=23) * number for number in range(400)]
    names = sorted(available_timezones())
    shown = {tuple(day.astimezone(ZoneInfo(name)).utcoffset() for day in days): name for name in names}
    return sorted(shown.values())


ZONES = distinct_zones()


@pytest.mark.parametrize("part", range(4))
def test_every_zone_has_the_ticks_that_the_rules_say(part):
    seen = 0
    for name in ZONES[part::4]:
        zone, rng = ZoneInfo(name), random.Random(name)  # noqa: S311  (repeatable, not secret)
        begin = FIRST.replace(year=rng.randint(2001, 2025))
        of_zone = changes(zone, begin, begin + timedelta(days=400)) or changes(zone)
        for rule in CLOCK_RULES if of_zone else ():
            change, expression = rng.choice(of_zone), rng.choice(list(EXPRESSIONS))
            before, after = (each.astimezone(zone).utcoffset() for each in (change - MINUTE, change))
            window = MARGIN + abs(after - before)
            begin, end = change - window, change + window
            cron = Cron(expression, name, rule)
            expected = list(walk(zone, begin, end, expression, rule))
            assert ticks(cron, begin, end) == expected, (name, rule, expression, change)
            for tick in rng.sample(expected, min(3, len(expected))):
                assert cron.at_or_before(tick + MINUTE / 2) == tick == cron.before(cron.after(tick))
            seen += 1
    assert seen > 100


def test_a_day_that_was_left_out_is_made_up_for_at_its_end():
    cron = Cron("0 12 * * *", "Pacific/Apia")
    assert cron.after(datetime(2011, 12, 30, 0, tzinfo=timezone.utc)) == datetime(2011, 12, 30, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize("timetable", [CronDataIntervalTimetable, CronTriggerTimetable])
def test_the_rule_is_kept_where_it_is_not_the_usual_one(timetable):
    spec = timetable("0 * * * *", "Europe/Berlin", clock_rule="once").to_spec()
    assert spec["clock_rule"] == "once"
    assert from_spec(spec).to_spec() == spec
    assert "clock_rule" not in timetable("0 * * * *", clock_rule="cron").to_spec()
    with pytest.raises(TradewindTimetableInvalid, match="clock_rule is one of cron, once, matching, not 'twice'"):
        timetable("0 * * * *", clock_rule="twice")
