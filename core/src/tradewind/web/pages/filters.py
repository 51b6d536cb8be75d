"""What lists of pages take behind the question mark: the API's filters, with days where it wants instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from marshmallow import fields, validate

from tradewind.api.fields import Flag, Instant, Name, Text, Whole
from tradewind.api.parameters import LONGEST_URI
from tradewind.api.schemas.common import PageQuery, Query
from tradewind.api.schemas.runs import RunListQuery
from tradewind.api.schemas.scheduling import DAEMONS, BackfillListQuery
from tradewind.api.schemas.task_instances import InstanceListQuery
from tradewind.metadata.statements.browsing.plots import MOST_RUNS
from tradewind.operations.paging import Paging

_DAY = len("2026-11-23")
SHOWN = 50
LAST_YEAR = 9997


class Day(Instant):
    """An instant, or a day in UTC, as fields of forms write it.

    Arguments:
        is_last: a day stands for its end, else for its beginning.
    """

    def __init__(self, *, is_last: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_last = is_last

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if isinstance(value, str) and len(value.strip()) == _DAY:
            value = f"{value.strip()}T{'23:59:59.999999' if self.is_last else '00:00:00'}+00:00"
        return super()._deserialize(value, attr, data, **kwargs)


def newest_first(page: Paging) -> Paging:
    """Return the part of a list that is asked for; where no order is, the newest first."""
    return page if page.order_by is not None else replace(page, is_descending=True)


class ListQuery(PageQuery):
    """Which part of a list is shown."""

    limit = Whole(load_default=SHOWN)


class RunsQuery(RunListQuery):
    """Which runs are shown."""

    class Meta(RunListQuery.Meta):
        """Without what only concerns answers of the API."""

        exclude = ("fields",)

    limit = Whole(load_default=SHOWN)
    dag_id = Name()
    execution_date_gte = Day()
    execution_date_lte = Day(is_last=True)
    start_date_gte = Day()
    start_date_lte = Day(is_last=True)


class InstancesQuery(InstanceListQuery):
    """Which task instances are shown."""

    limit = Whole(load_default=SHOWN)
    dag_id = Name()
    dag_run_id = Name(attribute="run_id")
    task_id = Name()
    execution_date_gte = Day()
    execution_date_lte = Day(is_last=True)
    start_date_gte = Day()
    start_date_lte = Day(is_last=True)


class DaemonsQuery(ListQuery):
    """Which daemons are shown."""

    kind = fields.String(load_default=None, validate=validate.OneOf(DAEMONS))
    host = Name(load_default=None)
    live_only = Flag(load_default=False)


class WarningsQuery(ListQuery):
    """Which warnings are shown."""

    dag_id = Name(load_default=None)


class DatasetsQuery(ListQuery):
    """Which datasets are shown."""

    uri_pattern = Text(longest=LONGEST_URI, load_default=None)


class DatasetQuery(ListQuery):
    """Which dataset is shown, and which part of its events."""

    uri = Text(required=True, longest=LONGEST_URI)


class BackfillsQuery(BackfillListQuery):
    """Which backfills are shown."""

    limit = Whole(load_default=SHOWN)
    only_open = Flag(load_default=False)


class BackfillQuery(ListQuery):
    """Which dates of a backfill are shown."""


class CalendarQuery(Query):
    """Which year is drawn."""

    year = Whole(load_default=None, smallest=1971, largest=LAST_YEAR)


class TimesQuery(Query):
    """Over how many runs, and of which task."""

    most_runs = Whole(load_default=50, smallest=1, largest=MOST_RUNS)
    task_id = Name(load_default=None)
