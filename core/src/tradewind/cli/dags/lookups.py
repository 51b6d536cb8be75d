"""Connections, variables and settings of the installation, for DAG files and tasks that run in a command's own process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.cli.shared.session import Session
from tradewind.execution.answers import connection_fields, setting_for_tasks
from tradewind.execution.masking import Masker, connection_secrets, is_sensitive, secrets_of_rows
from tradewind.execution.shelf import Shelf
from tradewind.metadata.credentials import find_connection, find_variable
from tradewind.metadata.statements import variables
from tradewind.metadata.statements.views import Asked
from tradewind.metadata.viewing import read_page
from tradewind.plugins.named_xcoms import open_xcom_storages


class InstalledLookups:
    """Connections and variables as a worker finds them: secrets backends first, then the database, if there is one."""

    def __init__(self, session: Session, *, has_database: bool) -> None:
        self._session = session
        self._has_database = has_database
        self.masker = Masker()

    def connection(self, conn_id: str) -> Connection:
        """See `Lookups.connection`."""
        if self._has_database:
            session = self._session
            found = find_connection(session.database, conn_id, cipher=session.cipher, secrets=session.secrets)
        else:
            known = self._session.secrets.get_connection(conn_id)
            if known is None:
                raise TradewindNotFoundException(
                    f"Connection {conn_id!r} is not in the environment, and there is no database."
                )
            found = known
        self.masker.add(connection_secrets(connection_fields(found)))
        return found

    def variable(self, key: str) -> str | None:
        """See `Lookups.variable`."""
        if self._has_database:
            session = self._session
            text = find_variable(session.database, key, cipher=session.cipher, secrets=session.secrets)
        else:
            text = self._session.secrets.get_variable(key)
        if text and is_sensitive(key):
            self.masker.add([text])
        return text

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """See `Lookups.set_variable`: as in a real run, it is set."""
        if not self._has_database:
            raise TradewindNotFoundException(f"Variable {key!r} cannot be set, as there is no database.")
        cipher = self._session.cipher
        self._session.database.write(
            lambda connection: variables.set_variable(connection, key, value, description=description, cipher=cipher)
        )

    def setting(self, section: str, key: str) -> str | None:
        """See `Lookups.setting`; secret ones are not for tasks."""
        return setting_for_tasks(self._session.config, section, key)

    def read_table(self, asked: Asked) -> Mapping[str, Any]:
        """See `Lookups.read_table`."""
        if not self._has_database:
            raise TradewindNotFoundException(f"Table {asked.table!r} cannot be looked at, as there is no database.")
        page = read_page(self._session.database, asked, cipher=self._session.cipher)
        shelf = Shelf(open_xcom_storages(self._session.config), sys.maxsize)
        for row in page.rows if asked.table == "xcom" else ():
            row["value"], _ = shelf.fetch(row["value"], row.pop("storage"), 0, 0)
        self.masker.add(secrets_of_rows(asked.table, page.rows))
        return page.to_json()

    def mask(self, secret: str) -> None:
        """See `Lookups.mask`."""
        self.masker.add([secret])
