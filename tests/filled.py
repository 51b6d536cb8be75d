"""A home in which there is something of everything that pages show, with HTML planted wherever people may write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from stages import DAGS, FIRST_DATE, Stage, parsed, staged
from tradewind.access.actors import local_actor
from tradewind.access.first_user import make_first_user
from tradewind.operations import roles, users
from tradewind.operations.context import Context
from tradewind.transitions.values import XComValue
from tradewind.web.app import create_app
from tradewind.web.pages.page import Feed, Page

DAG_IDS = ("hostile", "grouped", "chain", "mapped", "told", "often")
OWNERS = {"dag_run_id": "hostile", "task_id": "hostile", "hold_id": "hostile", "backfill_id": "grouped"}
"""The DAG that has what stands in a path."""
PASSWORD = "four words do better"
ROLES = ("Admin", "Op", "User", "Viewer")
OF_ONE = "Of one DAG"
"""A role for one DAG, in which nothing is planted: it can see and change all of that, and nothing else."""
PAIRS_OF_ONE = (
    *(("can_read", each) for each in ("DAG:grouped", "DAG Run:grouped", "Task Instances", "Task Logs", "XComs")),
    *(("can_read", each) for each in ("DAG Code", "DAG Warnings", "ImportError", "Audit Logs")),
    *(("can_edit", each) for each in ("DAG:grouped", "DAG Run:grouped", "Task Instances")),
)
OPENING = "<planted"
ATTRIBUTE = "onplanted"


def planted(where: str) -> str:
    """Return what would become an element or an attribute wherever it is not escaped."""
    return f"{named(where)}</script></pre></textarea>"


def named(where: str) -> str:
    """Return the same without a slash, for what stands in paths."""
    return f"\"'> {ATTRIBUTE}=1 \" {ATTRIBUTE}=\"1' {ATTRIBUTE}='1{OPENING}-{where}>&amp;"


MORE_DAGS = f"""
from tradewind import TaskGroup
from tradewind.operators.bash import BashOperator

with DAG("hostile", schedule=None, is_paused_upon_creation=False, description={planted("description")!r},
         doc_md={planted("doc")!r}, tags=[{planted("tag")!r}], default_args={{"owner": {planted("owner")!r}}},
         params={{{planted("param")!r}: Param({planted("default")!r}, type="string", title={planted("title")!r},
                                              description={planted("help")!r}),
                 "choice": Param("one", enum=["one", {planted("choice")!r}])}}):
    with TaskGroup("group", tooltip={planted("tooltip")!r}):
        EmptyOperator(task_id="within")
    BashOperator(task_id="nothing", doc_md={planted("task-doc")!r}, retries=0,
                 bash_command={planted("command")!r},
                 outlets=[Dataset("s3://planted/data", extra={{"more": {planted("extra")!r}}})])
"""
OWN = f"""{DAGS.partition("with DAG")[0]}
from tradewind import TaskGroup

with DAG("grouped", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, is_paused_upon_creation=False,
         description="Groups within groups", params={{"rows": Param(10, type="integer", minimum=1), "region": "north"}}):
    with TaskGroup("outer", tooltip="All of it") as outer:
        EmptyOperator(task_id="one")
        with TaskGroup("inner"):
            EmptyOperator(task_id="two") >> EmptyOperator(task_id="three")

    @task(task_id="before")
    def before():
        at_work()

    before() >> outer >> EmptyOperator(task_id="after")
"""
BROKEN = f"raise ValueError({planted('import-error')!r})\n"


@dataclass
class Filled:
    """A home with something of everything.

    Arguments:
        stage: what is done with runs.
        app: the web server's application on it.
        failed: the id of a run of `hostile` whose task failed.
        values: what there is for parameters in paths, by their names.
    """

    stage: Stage
    app: Flask
    failed: str
    values: Mapping[str, tuple[str, ...]]

    def addresses(self, shown: Page | Feed, dag_ids: Sequence[str] = DAG_IDS) -> Iterator[tuple[str, str | None]]:
        """Yield where a page or feed is, filled in with what there is, each with the DAG that it is about.

        Arguments:
            dag_ids: the DAGs that are asked for, where the page is not about something that one of them has.
        """
        names = re.findall(r"{(\w+)}", shown.path)
        owners = {OWNERS[name] for name in names if name in OWNERS}
        known = {**self.values, "dag_id": tuple(owners or dag_ids)}
        columns = [known.get(name, ("1",)) for name in names]
        fields = shown.query().fields if shown.query else {}
        asked = {each.data_key or name: known.get(name, ("1",))[0] for name, each in fields.items() if each.required}
        for row in zip_longest(*columns) if columns else [()]:
            parts = {name: value or column[0] for name, value, column in zip(names, row, columns, strict=True)}
            path = shown.path.format(**{name: quote(value, safe="") for name, value in parts.items()})
            yield path + (f"?{urlencode(asked)}" if asked else ""), parts.get("dag_id")


def parsed_for_pages(template: Path, home: Path) -> Path:
    """Make a home whose DAG files were parsed, one of which cannot be imported; to be copied."""
    return parsed(template, home, DAGS + MORE_DAGS, {"broken.py": BROKEN, "grouped.py": OWN})


@contextmanager
def filled(parsed_home: Path, home: Path) -> Iterator[Filled]:
    """Yield a copy of a parsed home with users, runs and all that the API can create.

    Arguments:
        home: an empty folder.
    """
    (home / "tradewind.toml").write_text('[web]\nexpose_config = "true"\n')
    with staged(parsed_home, home, lambda tools, _actor: create_app(tools.config, tools.database)) as stage:
        tools = stage.tools
        app = _app(stage)
        make_first_user(tools.database, home, now=tools.clock.now)
        context = Context(local_actor(), tools)
        roles.create_role(context, name=OF_ONE, pairs=PAIRS_OF_ONE)
        for role in (*ROLES, OF_ONE):
            users.create_user(
                context,
                username=user_of(role),
                first_name=named("first"),
                last_name=role,
                email=f"{user_of(role)}@example.org",
                password=PASSWORD,
                role_names=[role],
            )
        failed = _runs(stage)
        made = _things(app, failed)
        ids = ("backfill_id", "hold_id", "drain_id", "token_id")
        values = {
            "dag_run_id": (failed,),
            "task_id": ("nothing",),
            "map_index": ("-1",),
            "version_number": ("1",),
            "other_version_number": ("1",),
            "task_try_number": ("1",),
            "xcom_key": ("return_value", named("key")),
            "pool_name": ("default_pool", named("pool")),
            "connection_id": ("planted",),
            "variable_key": (named("variable"),),
            "section": ("web",),
            "option": ("port",),
            "username": ("viewer",),
            "role_name": ("Viewer",),
            "uri": ("s3://planted/data",),
            **{name: (str(made[name]),) for name in ids if name in made},
        }
        yield Filled(stage, app, failed, values)


def _app(stage: Stage) -> Flask:
    """Return the application, which wakes daemons by what the stage closes at its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tradewind.web.app.open_wakeups", lambda *_: stage.tools.wakeups)
        return create_app(stage.tools.config, stage.tools.database)


def user_of(role: str) -> str:
    """Return the name of the user who has a role; `admin` is the one that each installation begins with."""
    return "ada" if role == "Admin" else role.lower().replace(" ", "-")


def _runs(stage: Stage) -> str:
    """Make runs that succeeded, wait and failed; return the id of the one that failed."""
    value = json.dumps(planted("value"))
    values = [XComValue(each, value, "json", len(value)) for each in ("return_value", named("key"))]
    for dag_id in ("chain", "mapped"):
        stage.finish(stage.begin(dag_id), xcoms=values)
    stage.finish(stage.begin("grouped"))
    stage.begin("grouped")
    failed = stage.begin("hostile", conf={"planted": planted("conf")}, run_id=f"manual__{planted('run')}")
    (ticket,) = stage.start(failed)
    lines = f"INFO starts\n{planted('log')}\n::group::{planted('log-group')}\ninside\n::endgroup::\n"
    stage.log(ticket, f"{lines}Traceback (most recent call last):\nValueError: the cause is here\n".encode())
    stage.end(ticket, "failed", cause=f"ValueError: the cause is here {planted('cause')}", xcoms=tuple(values))
    return failed


def _things(app: Flask, failed: str) -> dict[str, Any]:
    """Have the API create one of everything; return the ids of those that get a number."""
    client = app.test_client()

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, json=body or None, auth=("ada", PASSWORD))
        assert answer.status_code < 300, (path, answer.text)
        return answer.json

    run = {"dag_run_id": failed}
    ask("POST", "/variables", key=named("variable"), value=planted("value"), description=planted("description"))
    ask("POST", "/pools", name=named("pool"), slots=3, description=planted("description"))
    ask(
        "POST",
        "/connections",
        connection_id="planted",
        conn_type="http",
        host=planted("host"),
        login=planted("login"),
        password="a secret that no page shows",
        description=planted("description"),
        extra='{"more": "<planted-extra>"}',
    )
    ask("POST", "/roles", name=named("role"), actions=[])
    ask("PATCH", f"/dags/hostile/dagRuns/{_quoted(failed)}/setNote", note=planted("note"))
    ask("PATCH", f"/dags/hostile/dagRuns/{_quoted(failed)}/taskInstances/nothing/setNote", note=planted("task-note"))
    ask("POST", "/datasets/events", dataset_uri="s3://planted/data", extra={"more": planted("event")})
    ask("POST", "/tokens", name=named("token"))
    hold = ask("POST", "/dags/hostile/holds", reason=planted("hold"), **run)
    ask("POST", "/dags/grouped/backfills", from_date=FIRST_DATE.isoformat(), to_date=FIRST_DATE.isoformat())
    (backfill,) = ask("GET", "/dags/grouped/backfills")["backfills"]
    (token,) = ask("GET", "/tokens")["tokens"]
    return {"hold_id": hold["hold_id"], "token_id": token["token_id"], "backfill_id": backfill["backfill_id"]}


def _quoted(text: str) -> str:
    return quote(text, safe="")


@dataclass
class Form:
    """A form that the browser sends, and what it would send as it stands."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    has_button: bool = False


class Written(HTMLParser):
    """What a page is made of, as a browser reads it.

    Arguments:
        text: of the page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._is_told = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes, and what a form would send as it stands."""
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "form":
            # What has data for scripts is sent by them
            is_sent = (
                not any(name.startswith("data-") for name in found) and found.get("method", "get").lower() == "get"
            )
            self._form = Form(found.get("action", "")) if is_sent else None
            if self._form is not None:
                self.forms.append(self._form)
        elif self._form is not None:
            self._note_field(self._form, tag, found)

    def _note_field(self, form: Form, tag: str, attrs: dict[str, str]) -> None:
        kind, name = attrs.get("type", ""), attrs.get("name", "")
        if tag == "button" and kind in {"", "submit"}:
            form.has_button = True
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in attrs or self._select not in form.fields):
            form.fields[self._select] = attrs.get("value", "")
            self._is_told = "value" not in attrs
        elif tag == "input" and name and (kind not in {"checkbox", "radio"} or "checked" in attrs):
            form.fields[name] = attrs.get("value", "")

    def handle_data(self, data: str) -> None:
        """Take the text of an option for its value where that has none."""
        if self._is_told and self._form is not None:
            self._form.fields[self._select] = data.strip()
        self._is_told = False

    def handle_endtag(self, tag: str) -> None:
        """Close forms and fields."""
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""

    def links(self) -> list[str]:
        """Return where its links, feeds, files and forms lead."""
        names = ("href", "src", "data-feed", "data-then")
        links = [attrs[name] for _, attrs in self.tags for name in names if attrs.get(name)]
        return links + [f"{each.action}?{urlencode(each.fields)}" for each in self.forms if each.has_button]

    def faults(self) -> list[str]:
        """Return what was not escaped, and what the policy of the server would not let run."""
        wrong = []
        for tag, attrs in self.tags:
            if tag.startswith("planted") or any(name.startswith(("on", "planted")) for name in attrs):
                wrong.append(f"<{tag} {attrs}>")
            if "style" in attrs or tag == "style" or (tag == "script" and not attrs.get("src")):
                wrong.append(f"inline: <{tag} {attrs}>")
        return wrong
