"""What the pages of administration take behind the question mark."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import marshmallow as ma
from marshmallow import fields

from tradewind.api.fields import Flag, Name, Whole
from tradewind.api.schemas.common import PageQuery, Query
from tradewind.metadata.columns import EPOCH

LONGEST_PATTERN = 100


class ListPageQuery(PageQuery):
    """Which part of a list is shown."""

    limit = Whole(load_default=50)


class SearchQuery(ListPageQuery):
    """Which part of a list that can be searched is shown."""

    pattern = Name(longest=LONGEST_PATTERN, load_default=None)


class ConnectionListPageQuery(SearchQuery):
    """Which connections are shown."""

    conn_type = Name(load_default=None)


class ConnectionFormQuery(Query):
    """As what the form is drawn."""

    conn_type = Name(load_default=None)


class NewConnectionQuery(ConnectionFormQuery):
    """What stands in the form of a new connection at first."""

    connection_id = Name(attribute="conn_id", load_default=None)


class ConnectionPlacesQuery(Query):
    """Which connection is looked for."""

    connection_id = Name(attribute="conn_id", load_default=None)


class VariableQuery(Query):
    """Which variable is looked for, or is to be made."""

    key = Name(load_default=None)


class ConfigurationQuery(Query):
    """Which options are shown."""

    pattern = Name(longest=LONGEST_PATTERN, load_default=None)
    only_set = Flag(load_default=False)


class TokensQuery(ListPageQuery):
    """Whose tokens are shown."""

    everybody = Flag(load_default=False)


class Minute(fields.Field[datetime]):
    """A moment as HTML's fields for moments write it, without a time zone: it is UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise ma.ValidationError(
                f"{str(value)[:50]!r} is no moment: write one such as 2026-11-23T12:00."
            ) from error
        found = found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
        if not EPOCH.year <= found.year < 9999:
            raise ma.ValidationError(f"{str(value)[:50]!r} is out of range: years go from {EPOCH.year} to 9998.")
        return found


class AuditLogQuery(ListPageQuery):
    """Which entries are shown."""

    owner = Name(load_default=None)
    event = Name(load_default=None)
    dag_id = Name(load_default=None)
    run_id = Name(load_default=None)
    after = Minute(load_default=None)
    before = Minute(load_default=None)
