"""Answers from fakes: to a task that is tried alone, and to the tasks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

from tradewind.config import Config
from tradewind.execution.answers import Answered, connection_fields, setting_for_tasks
from tradewind.execution.masking import Masker, connection_secrets, is_sensitive, secrets_of_rows
from tradewind.execution.messages import (
    Beat,
    GetConnection,
    GetSetting,
    GetVariable,
    ReadTable,
    Reply,
    Request,
    SetVariable,
    Start,
)
from tradewind.metadata.statements.views import Asked
from tradewind.testing.fakes import FakeConnections, FakeVariables, no_such_connection


class FakeLookups:
    """Where the tasks of a test find connections, variables and settings: in the fakes and the defaults, nowhere else."""

    def __init__(self, connections: FakeConnections, variables: FakeVariables, config: Config) -> None:
        self._connections = connections
        self._variables = variables
        self._config = config
        self.masker = Masker()

    def connection(self, conn_id: str) -> Connection:
        """Return a given connection.

        Raises:
            TradewindNotFoundException: the test gave none of that id.
        """
        if conn_id not in self._connections:
            raise no_such_connection(conn_id, self._connections)
        found = self._connections[conn_id]
        self.masker.add(connection_secrets(connection_fields(found)))
        return found

    def variable(self, key: str) -> str | None:
        """Return a given variable's text."""
        text = self._variables.get(key)
        if text and is_sensitive(key):
            self.masker.add([text])
        return text

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """Set the fake, for this test to look at."""
        self._variables[key] = value

    def setting(self, section: str, key: str) -> str | None:
        """Return a setting's default; secret ones are not for tasks."""
        return setting_for_tasks(self._config, section, key)

    def read_table(self, asked: Asked) -> Mapping[str, Any]:
        """Return the given connections or variables; there are no other tables.

        Raises:
            TradewindException: it is another table.
        """
        if asked.table == "connection":
            rows = [connection_fields(each) for each in self._connections.values()]
        elif asked.table == "variable":
            rows = [{"key": key, "value": text, "description": None} for key, text in self._variables.items()]
        else:
            _refuse_table(asked.table)
        found = [row for row in rows if all(row[name] in values for name, values in asked.equal.items())]
        self.masker.add(secrets_of_rows(asked.table, found))
        return {"rows": found, "after": None}

    def mask(self, secret: str) -> None:
        """Have a text replaced by stars in the log."""
        self.masker.add([secret])


class FakeAnswers:
    """Answers the requests of a run's tasks from lookups."""

    def __init__(self, lookups: FakeLookups) -> None:
        self._lookups = lookups

    def answer(self, _start: Start, request: Request) -> Answered:
        """Return the reply, and the texts to mask from now on."""
        match request:
            case GetConnection(conn_id):
                return self._connection(conn_id)
            case GetVariable(key):
                text = self._lookups.variable(key)
                return Reply(text), [text] if text and is_sensitive(key) else []
            case SetVariable():
                self._lookups.set_variable(request.key, request.value)
                return Reply(), [request.value] if is_sensitive(request.key) else []
            case ReadTable():
                return self._table(Asked(request.table, request.equal, request.between, request.after, request.without))
            case GetSetting(section, key):
                return Reply(self._lookups.setting(section, key)), []
            case Beat():
                return Reply(), []
            case _:
                raise TypeError(f"no answer is known to {type(request).__name__}")

    def _table(self, asked: Asked) -> Answered:
        try:
            page = self._lookups.read_table(asked)
        except TradewindException as error:
            return Reply(error=str(error)), []
        return Reply(page), secrets_of_rows(asked.table, page["rows"])

    def _connection(self, conn_id: str) -> Answered:
        try:
            fields = connection_fields(self._lookups.connection(conn_id))
        except TradewindNotFoundException as error:
            return Reply(error=str(error), missing=True), []
        return Reply(fields), connection_secrets(fields)


def _refuse_table(table: str) -> NoReturn:
    raise TradewindException(
        f"a test has no table {table!r} of an installation: a run has its own runs, task instances and XComs, and the "
        "connections and variables that the test gives"
    )
