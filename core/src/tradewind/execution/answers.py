"""Answering what running tasks ask: XComs, variables, connections, settings; by direct calls to the database."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException, XComNotFound

from tradewind.config import Config
from tradewind.execution import masking
from tradewind.execution.asset_events import asset_event_page
from tradewind.execution.maintenance import Maintenance
from tradewind.execution.messages import (
    Beat,
    GetConnection,
    GetSetting,
    GetVariable,
    LastSuccess,
    LookAtRuns,
    Maintain,
    PullXCom,
    PushXCom,
    ReadAssetEvents,
    ReadTable,
    Reply,
    Request,
    SetVariable,
    Start,
    TriggerRun,
)
from tradewind.execution.other_dags import OVERTAKEN, OtherDags
from tradewind.execution.shelf import Shelf, pushed_by
from tradewind.metadata.clock import Clock
from tradewind.metadata.credentials import find_connection, find_variable
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, SecretError
from tradewind.metadata.statements import tickets, variables, xcoms
from tradewind.metadata.statements.views import Asked
from tradewind.metadata.viewing import read_page
from tradewind.plugins.named_xcoms import UnknownStorageError
from tradewind.plugins.secrets import SecretsChain

CONNECTION_FIELDS = ("conn_id", "conn_type", "description", "host", "login", "password", "schema", "port", "extra")
Answered = tuple[Reply, list[str]]


class Answers:
    """Answers requests of tries.

    Arguments:
        database: the metadata database.
        config: for settings.
        cipher: of connections and variables.
        secrets: where connections and variables are looked up.
        shelf: where large XComs are.
        others: answers what is asked of other DAGs.
        maintenance: removes what is over; None where no worker does it.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        cipher: Cipher,
        *,
        secrets: SecretsChain,
        shelf: Shelf,
        clock: Clock,
        others: OtherDags,
        maintenance: Maintenance | None = None,
    ) -> None:
        self._database = database
        self._config = config
        self._cipher = cipher
        self._secrets = secrets
        self._shelf = shelf
        self._clock = clock
        self._others = others
        self._maintenance = maintenance

    def answer(self, start: Start, request: Request) -> Answered:
        """Return the reply, and the texts to mask in the try's log from now on.

        Raises:
            sqlalchemy.exc.DBAPIError: the database could not be asked.
        """
        answered: Answered
        match request:
            case PushXCom():
                answered = self._push(start, request), []
            case PullXCom():
                answered = self._pull(start, request), []
            case GetVariable(key):
                answered = self._variable(key)
            case SetVariable():
                answered = self._set_variable(request)
            case GetConnection(conn_id):
                answered = self._connection(conn_id)
            case ReadTable():
                answered = self._table(start, request)
            case ReadAssetEvents():
                answered = Reply(asset_event_page(self._database, start, request)), []
            case TriggerRun() | LastSuccess() | LookAtRuns():
                answered = self._others.answer(start, request), []
            case Maintain():
                answered = self._maintain(start, request), []
            case GetSetting(section, key):
                answered = Reply(setting_for_tasks(self._config, section, key)), []
            case Beat():
                answered = self._beat(start), []
            case _:
                raise TypeError(f"no answer is known to {type(request).__name__}")
        return answered

    def _maintain(self, start: Start, request: Maintain) -> Reply:
        if self._maintenance is None:
            return Reply(error=f"What is over is removed by workers only, not where task {start.task_id!r} runs now.")
        return self._maintenance.answer(start, request)

    def _push(self, start: Start, request: PushXCom) -> Reply:
        pushed = pushed_by(request)
        value = dataclasses.asdict(self._shelf.put(pushed, start.instance, start.token))
        del value["wanted"]  # it is there now
        now = self._clock.now()
        is_stored = self._database.write(lambda conn: xcoms.push(conn, start.instance, start.token, value, now))
        self._shelf.forget(pushed, start.instance, start.token)
        return Reply() if is_stored else Reply(error=OVERTAKEN)

    def _pull(self, start: Start, request: PullXCom) -> Reply:
        with self._database.read() as conn:
            run = self._run(conn, start, request)
            if run is None:
                return Reply([])
            found = xcoms.pull(
                conn, run=run, task_ids=request.task_ids, key=request.key, map_indexes=request.map_indexes
            )
        try:
            fetch = partial(self._shelf.fetch, instance=start.instance, token=start.token)
            return Reply([[row.task_id, row.map_index, *fetch(row.value, row.storage)] for row in found])
        except XComNotFound as error:
            return Reply(error=str(error), missing=True)
        except UnknownStorageError as error:
            return Reply(error=str(error))

    @staticmethod
    def _run(conn: sa.Connection, start: Start, request: PullXCom) -> int | None:
        if request.dag_id in (None, start.dag_id) and request.run_id in (None, start.run_id):
            return start.run
        return xcoms.run_of(conn, request.dag_id or start.dag_id, request.run_id or start.run_id)

    def _variable(self, key: str) -> Answered:
        try:
            text = find_variable(self._database, key, cipher=self._cipher, secrets=self._secrets)
        except SecretError as error:
            return Reply(error=str(error)), []
        return Reply(text), [text] if text and masking.is_sensitive(key) else []

    def _set_variable(self, request: SetVariable) -> Answered:
        self._database.write(
            lambda conn: variables.set_variable(
                conn, request.key, request.value, description=request.description, cipher=self._cipher
            )
        )
        return Reply(), [request.value] if masking.is_sensitive(request.key) else []

    def _connection(self, conn_id: str) -> Answered:
        try:
            found = find_connection(self._database, conn_id, cipher=self._cipher, secrets=self._secrets)
        except TradewindNotFoundException as error:
            return Reply(error=str(error), missing=True), []
        except SecretError as error:
            return Reply(error=str(error)), []
        fields = connection_fields(found)
        return Reply(fields), masking.connection_secrets(fields)

    def _table(self, start: Start, request: ReadTable) -> Answered:
        try:
            asked = Asked(request.table, request.equal, request.between, request.after, request.without)
            page = read_page(self._database, asked, cipher=self._cipher)
            if request.table == "xcom":
                for row in page.rows:
                    row["value"], row["storage"] = self._shelf.fetch(
                        row["value"], row["storage"], start.instance, start.token
                    )
        except (ValueError, SecretError, UnknownStorageError) as error:
            return Reply(error=str(error)), []
        except XComNotFound as error:
            return Reply(error=str(error), missing=True), []
        return Reply(page.to_json()), masking.secrets_of_rows(request.table, page.rows)

    def _beat(self, start: Start) -> Reply:
        with self._database.read() as conn:
            is_current = tickets.ticket_of(conn, start.instance, start.token) is not None
        return Reply() if is_current else Reply(error=OVERTAKEN)


def connection_fields(found: Connection) -> dict[str, Any]:
    """Return a connection as the dict of its fields, as a message carries it."""
    return {name: getattr(found, name) for name in CONNECTION_FIELDS}


def setting_for_tasks(config: Config, section: str, key: str) -> str | None:
    """Return a setting as text, None where there is none of that name; secret ones are not for tasks."""
    values = getattr(config, section, None)
    for each in dataclasses.fields(values) if dataclasses.is_dataclass(values) else ():
        if each.name == key and not each.metadata.get("secret"):
            return str(getattr(values, key))
    return None
