"""What pages take behind the question mark."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.fields import Name, Whole, Words
from tradewind.api.schemas.common import Query
from tradewind.api.schemas.dags import DagListQuery
from tradewind.operations.grids import MOST_RUNS

LARGEST_ID = 2**63 - 1


class DagListPageQuery(DagListQuery):
    """Which DAGs are shown."""

    limit = Whole(load_default=50, smallest=1, largest=100)


class GridPageQuery(Query):
    """Which runs a grid begins with."""

    most_runs = Whole(load_default=25, smallest=1, largest=MOST_RUNS)
    until = Whole(load_default=None, largest=LARGEST_ID)


class GridQuery(GridPageQuery):
    """Which part of a grid is asked for."""

    first = Whole(load_default=0)
    number = Whole(load_default=120, largest=1000)
    open_groups = Words(load_default=None)
    lines = fields.Boolean(load_default=True)


class InstanceQuery(Query):
    """Which instance of a task is shown."""

    map_index = Whole(load_default=None, smallest=-1)
    try_number = Whole(load_default=None, smallest=1)


class RunPageQuery(Query):
    """Which tasks of a run are shown."""

    limit = Whole(load_default=100, smallest=1, largest=1000)
    offset = Whole(load_default=0)
    state = Name(load_default=None)
    task = Name(load_default=None)


class LogQuery(Query):
    """Which part of which log is asked for."""

    try_number = Whole(required=True, smallest=1)
    map_index = Whole(load_default=None, smallest=-1)
    log = Whole(load_default=0)
    offset = Whole(load_default=0, largest=LARGEST_ID)


class GraphQuery(Query):
    """Which version is drawn: that of a run, else that of a number, else the newest."""

    run = Name(attribute="run_id", load_default=None)
    version = Whole(attribute="number", load_default=None, smallest=1)


class GraphFeedQuery(GraphQuery):
    """Which part of a graph is asked for."""

    structure = fields.Boolean(load_default=True)


class CompareQuery(Query):
    """Which two versions are compared."""

    before = Whole(attribute="number", required=True, smallest=1)
    after = Whole(attribute="other", required=True, smallest=1)


class CodeQuery(Query):
    """Which version's sources are shown; without a number those of the newest."""

    version = Whole(attribute="number", load_default=None, smallest=1)


class VersionsPageQuery(Query):
    """Which versions are shown."""

    limit = Whole(load_default=20, smallest=1, largest=50)
    offset = Whole(load_default=0)
