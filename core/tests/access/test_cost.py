"""What it costs to know who asks, and that only the web server pays for Flask-AppBuilder."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone

from tradewind.cli.groups import GROUPS, module_of

SERVER = {"webserver"}


def test_no_other_process_imports_flask_appbuilder() -> None:
    modules = [module_of(group) for group in GROUPS if group not in SERVER]
    code = f"import importlib, sys\nfor each in {modules!r}: importlib.import_module(each)\n"
    code += "print([each for each in ('flask_appbuilder', 'flask_login', 'sqlalchemy.orm') if each in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_many_roles_cost_no_more_statements(make, database, people, statements) -> None:
    client = make(database).test_client()
    token = people.token(database, people.add(database, "ann", "Viewer"), datetime.now(timezone.utc))
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/nothing", headers=headers).status_code == 404, "and writes that the token was used"
    for number in (0, 500):
        with database.transaction() as connection:
            for each in range(number):
                connection.exec_driver_sql(f"INSERT INTO ab_role (name) VALUES ('role{each}')")
        with statements.recorded(database):
            client.get("/nothing", headers=headers)
        statements.assert_at_most(1)
    with statements.recorded(database):
        assert client.get("/livez", headers=headers).status_code == 200
    statements.assert_at_most(0)
