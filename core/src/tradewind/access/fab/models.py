"""Flask-AppBuilder's classes of users and roles, fitted to the tables that our migration makes."""

from __future__ import annotations

from datetime import datetime, timezone

import sqlalchemy as sa
from flask_appbuilder import Model
from flask_appbuilder.security.sqla import models  # noqa: F401  (fills the metadata)

PREFIX = "ab_"


def fit_models() -> None:
    """Let the database draw ids by itself, as our columns do, and write times in UTC.

    Flask-AppBuilder asks for sequences, which there are on PostgreSQL only, and writes the time of this host's zone.
    """
    for table in Model.metadata.sorted_tables:
        if not table.name.startswith(PREFIX):
            continue
        for column in table.columns:
            if isinstance(column.default, sa.Sequence):
                column.default = None
                # It was decided already that this column is none that the database fills in
                vars(table.primary_key).pop("_autoincrement_column", None)
            elif isinstance(column.type, sa.DateTime) and column.default is not None:
                column.default = None
                sa.ColumnDefault(_utc)._set_parent(column)  # noqa: SLF001  (there is no public way to replace a default)


def _utc() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)
