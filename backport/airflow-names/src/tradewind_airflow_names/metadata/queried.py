"""`Connection` and `Variable` as Airflow has them: plain classes that nearly every DAG file imports, and that some query.

SQLAlchemy is imported when one of their columns is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

from tradewind_plugins import connection, variable

from tradewind_airflow_names.metadata.errors import read_only

_MODELS = "tradewind_airflow_names.metadata.models"


class Queried(type):
    """The class of classes that stand for a model in queries. Their `queried` are the names that lead to the model's."""

    def model(cls) -> Any:
        """Return the model."""
        # SQLAlchemy takes some tenths of a second and 26 MB, which most files that import these names have no need of
        return getattr(importlib.import_module(_MODELS), cls.__name__)

    def __getattr__(cls, name: str) -> Any:
        if name in cls.__dict__.get("queried", ()):
            return getattr(cls.model(), name)
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")

    def __clause_element__(cls) -> Any:
        """Return what a query selects, as SQLAlchemy asks for it."""
        return importlib.import_module("sqlalchemy").inspect(cls.model()).__clause_element__()

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        if "queried" not in cls.__dict__:
            return False
        is_row = type(instance).__module__ == _MODELS and isinstance(instance, cls.model())
        return is_row or isinstance(instance, cls.__mro__[1])


class Connection(connection.Connection, metaclass=Queried):
    """A connection; arguments as Airflow has them, `uri` in place of the others."""

    queried = frozenset((*connection.Connection.__fields__, "is_encrypted", "is_extra_encrypted"))

    def __init__(
        self, conn_id: str | None = None, conn_type: str | None = None, *, uri: str | None = None, **parts: Any
    ) -> None:
        values: dict[str, Any] = {"conn_id": conn_id or "", "conn_type": conn_type or "", **parts}
        if uri is not None:
            values = connection.Connection.from_uri(uri, conn_id or "").to_dict() | {
                name: value for name, value in values.items() if value
            }
        super().__init__(**values)


class Variable(variable.Variable, metaclass=Queried):
    """A variable: `get` and `set` as everywhere, and a row to be found by queries."""

    queried = frozenset(("key", "val", "description", "is_encrypted"))

    def __init__(self, key: str | None = None, val: Any = None, description: str | None = None) -> None:
        self.key = key
        self.val = val
        self.description = description

    @classmethod
    def delete(cls, key: str) -> None:
        """Refuse: DAG code removes no variables.

        Raises:
            MetadataReadOnly: always.
        """
        raise read_only(f"delete {key!r} from", "variable")

    def get_val(self) -> Any:
        """Return the text."""
        return self.val
