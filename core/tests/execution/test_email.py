"""Mails to a real SMTP server: what tasks ask for when they fail, the notifier, the operator, encryption and logins."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from smtplib import SMTPNotSupportedError
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from tradewind.hooks.smtp import SmtpHook
from tradewind.metadata import tables
from tradewind.notifications.email import EmailNotifier
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.host import Host, bind

USUAL = {
    ("smtp", "host"): "127.0.0.1",
    ("smtp", "timeout"): "10",
    ("smtp", "retry_limit"): "1",
    ("smtp", "starttls"): "False",
    ("smtp", "ssl"): "False",
    ("smtp", "mail_from"): "flow@example.com",
    ("email", "conn_id"): "smtp_default",
}


class Inbox:
    """Takes mails, after so many that it asks to come again."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.logins: list[bytes] = []
        self.turned_away = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.turned_away:
            self.turned_away -= 1
            return "451 later"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 fine"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"open sesame", handled=False)

    def only(self) -> tuple[list[str], Message]:
        (found,) = self.mails
        return found


class OnAnyPort(Controller):
    """A controller on whatever port is free; its own one looks for the server at the port that was asked for."""

    def _trigger_server(self) -> None:
        self.port = port_of(self)
        super()._trigger_server()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[Controller]:
    started = OnAnyPort(
        inbox, hostname="127.0.0.1", port=0, authenticator=inbox.log_in, auth_require_tls=False, ready_timeout=30
    )
    started.start()
    yield started
    started.stop()


class Answers(Host):
    def __init__(self, port: int, connection: Connection | None = None, **settings: str) -> None:
        self.settings_of = {**USUAL, ("smtp", "port"): str(port)}
        self.settings_of |= {tuple(name.split("__")): value for name, value in settings.items()}  # type: ignore[misc]
        self.found = connection

    def settings(self, section: str, key: str) -> str | None:
        return self.settings_of.get((section, key), "")

    def connection(self, conn_id: str) -> Connection:
        if self.found is None or self.found.conn_id != conn_id:
            raise TradewindNotFoundException(f"no {conn_id}")
        return self.found

    def mask(self, secret: str) -> None:
        """Keep nothing: there is no log."""

    def render(self, value: Any, context: Any) -> Any:
        return value.replace("{{ name }}", context["name"]) if isinstance(value, str) else value


def port_of(server: Controller) -> int:
    return int(server.server.sockets[0].getsockname()[1])  # type: ignore[union-attr]


def text_of(mail: Message) -> str:
    part = next(each for each in mail.walk() if each.get_content_type() == "text/html")
    return part.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_a_failing_task_mails_whom_it_names_with_its_cause_and_goes_on_as_before(
    small_house: Any, tmp_path: Path, server: Controller, inbox: Inbox
) -> None:
    subject = tmp_path / "subject.txt"
    subject.write_text("{{ ti.task_id }} of {{ ti.dag_id }}: {{ exception }}")
    small_house.start_worker(
        smtp__host="127.0.0.1", smtp__port=port_of(server), smtp__starttls=False, email__subject_template=subject
    )
    small_house.deploy(
        """
        import os, signal
        from tradewind import DAG, task
        from tradewind.operators.email import EmailOperator

        with DAG("flow", default_args={"email": "ops@example.com, boss@example.com", "retries": 1, "retry_delay": 0}):
            @task(email_on_failure=False)
            def broken(): raise ValueError("1 < 2 & <b>so</b>")
            @task(email=["night@example.com"], email_on_retry=False)
            def killed(): os.kill(os.getpid(), signal.SIGKILL)
            @task(email=None)
            def quiet(): raise ValueError("nobody hears")
            [broken(), killed(), quiet()]
            EmailOperator(task_id="mail", to="all@example.com", subject="{{ ds }}", html_content="<p>{{ run_id }}</p>")
        """
    )
    run, state = small_house.run_dag()
    assert (state, small_house.states(run)["mail"]) == ("failed", "success")
    small_house.until(lambda: len(inbox.mails) >= 3, "three mails came")
    mails = {str(mail["Subject"]): (to, mail) for to, mail in inbox.mails}
    to, mail = mails["broken of flow: 1 < 2 & <b>so</b>"]
    assert to == ["ops@example.com", "boss@example.com"]
    assert "Try 1 of 2 of task <b>broken</b>" in text_of(mail)
    assert "1 &lt; 2 &amp; &lt;b&gt;so&lt;/b&gt;" in text_of(mail)
    assert 'href="http://127.0.0.1:8080/dags/flow/grid?' in text_of(mail)
    ((to, mail),) = [each for name, each in mails.items() if name.startswith("killed of flow: the process was killed")]
    assert (to, "Try 2 of 2" in text_of(mail)) == (["night@example.com"], True)
    assert mails["2026-01-02"][0] == ["all@example.com"]
    assert len(inbox.mails) == 3


def test_a_server_that_is_away_delays_the_mail_and_harms_no_task(small_house: Any, inbox: Inbox) -> None:
    small_house.start_worker(smtp__host="127.0.0.1", smtp__port=1, smtp__retry_limit=1)
    small_house.deploy(
        """
        from tradewind import DAG, task

        with DAG("flow", default_args={"email": "ops@example.com"}):
            @task
            def broken(): raise ValueError("no")
            @task(trigger_rule="all_done")
            def neighbour(): return 1
            broken() >> neighbour()
        """
    )
    run, state = small_house.run_dag()
    assert (state, small_house.states(run)) == ("success", {"broken": "failed", "neighbour": "success"})

    def error() -> str:
        with small_house.database.read() as conn:
            return str(conn.execute(sa.select(tables.callback.c.error)).scalar())

    small_house.until(lambda: "email: ConnectionRefusedError" in error(), "the mail failed")


def test_a_notifier_renders_attaches_and_hides_blind_copies(tmp_path: Path, server: Controller, inbox: Inbox) -> None:
    (tmp_path / "report.csv").write_text("a,b\n")
    notifier = EmailNotifier(
        "a@example.com;b@example.com",
        "{{ name }}\nfailed",
        "<p>{{ name }}</p>",
        cc=["c@example.com"],
        bcc="d@example.com",
        files=[str(tmp_path / "report.csv")],
    )
    with bind(Answers(port_of(server))):
        notifier({"name": "load"})
    to, mail = inbox.only()
    assert to == ["a@example.com", "b@example.com", "c@example.com", "d@example.com"]
    assert (mail["Subject"], mail["From"], mail["Cc"]) == ("load failed", "flow@example.com", "c@example.com")
    assert "d@example.com" not in mail.as_string()
    assert [part.get_filename() for part in mail.walk()][-1] == "report.csv"
    assert "<p>load</p>" in text_of(mail)


def test_a_connection_says_where_who_and_how_often(server: Controller, inbox: Inbox) -> None:
    extra = '{"disable_tls": true, "disable_ssl": true, "retry_limit": 3, "from_email": "me@example.com"}'
    mail = Connection(
        conn_id="mail",
        conn_type="smtp",
        host="127.0.0.1",
        port=port_of(server),
        login="me",
        password="open sesame",
        extra=extra,
    )
    inbox.turned_away = 2
    with bind(Answers(1, mail)):
        SmtpHook("mail").send_email("a@example.com", "Hello", "Hello")
        assert SmtpHook("mail").test_connection() == (True, "The server takes mails.")
    assert (inbox.logins[0], inbox.only()[1]["From"]) == (b"me", "me@example.com")
    wrong = Connection(**{**vars_of(mail), "password": "guess"})
    with bind(Answers(1, wrong)):
        is_well, why = SmtpHook("mail").test_connection()
    assert (is_well, "SMTPAuthenticationError" in why) == (False, True)


def vars_of(connection: Connection) -> dict[str, Any]:
    names = ("conn_id", "conn_type", "host", "port", "login", "password", "extra")
    return {name: getattr(connection, name) for name in names}


def test_mistakes_are_named(server: Controller) -> None:
    other = Connection(conn_id="smtp_default", conn_type="http", host="h")
    with (
        bind(Answers(port_of(server), other)),
        pytest.raises(TradewindException, match="of type 'http': a mail server"),
    ):
        SmtpHook().send_email("a@example.com", "s", "b")
    with bind(Answers(port_of(server))):
        with pytest.raises(TradewindNotFoundException):
            SmtpHook("nowhere").send_email("a@example.com", "s", "b")
        with pytest.raises(TradewindException, match="The mail 's' has no address"):
            SmtpHook().send_email(" , ", "s", "b")
        with pytest.raises(TradewindException, match="A mail address is a text, not 7"):
            SmtpHook().send_email([7], "s", "b")  # type: ignore[list-item]
    with bind(Answers(port_of(server), smtp__starttls="True")), pytest.raises(SMTPNotSupportedError, match="STARTTLS"):
        SmtpHook().send_email("a@example.com", "s", "b")
