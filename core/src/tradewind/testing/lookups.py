"""Answers from fakes: to a task that is tried alone, and to the tasks of a run."""

from __future__ import annotations

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.config import Config
from tradewind.execution.answers import Answered, connection_fields, setting_for_tasks
from tradewind.execution.masking import Masker, connection_secrets, is_sensitive
from tradewind.execution.messages import (
    Beat,
    GetConnection,
    GetSetting,
    GetVariable,
    Reply,
    Request,
    SetVariable,
    Start,
)
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
            case GetSetting(section, key):
                return Reply(self._lookups.setting(section, key)), []
            case Beat():
                return Reply(), []
            case _:
                raise TypeError(f"no answer is known to {type(request).__name__}")

    def _connection(self, conn_id: str) -> Answered:
        try:
            fields = connection_fields(self._lookups.connection(conn_id))
        except TradewindNotFoundException as error:
            return Reply(error=str(error), missing=True), []
        return Reply(fields), connection_secrets(fields)
