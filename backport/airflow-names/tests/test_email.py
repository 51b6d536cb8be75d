"""`airflow.utils.email` sends to a mail server, as the settings say."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from tradewind_airflow_names.own import email
from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException


class Session(socketserver.StreamRequestHandler):
    """A mail server's half of a conversation (RFC 5321, as far as it is needed)."""

    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper().strip()
            server.lines.append(line.decode().strip())
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            elif word == b"EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                continue
            elif word == b"AUTH":
                self.wfile.write(b"235 welcome\r\n")
                continue
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


class Answers(host.Host):
    """Has the connection of the mail server, or not."""

    def __init__(self, found: Connection | None = None) -> None:
        self.found = found

    def connection(self, conn_id: str) -> Connection:
        if self.found is None or conn_id != "smtp_default":
            raise TradewindNotFoundException(f"no {conn_id}")
        return self.found

    def mask(self, value: str) -> None:
        """Keep nothing: there is no log."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as found:
        found.lines, found.mails = [], []  # type: ignore[attr-defined]
        monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_PORT", str(found.server_address[1]))
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_STARTTLS", "False")
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_MAIL_FROM", "flow@example.com")
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_mail_arrives_with_its_attachment_and_without_bcc(server: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n")
    with host.bind(Answers()):
        email.send_email(
            "one@example.com; two@example.com",
            "Done",
            "<b>7 rows</b>",
            files=[str(tmp_path / "rows.csv")],
            bcc="b@example.com",
        )
    assert [line for line in server.lines if line.upper().startswith("RCPT")] == [
        f"rcpt TO:<{each}@example.com>" for each in ("one", "two", "b")
    ]
    mail = message_from_bytes(server.mails[0])
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "flow@example.com",
        "one@example.com, two@example.com",
        "Done",
    )
    assert b"b@example.com" not in server.mails[0]
    text, table = mail.get_payload()
    assert text.get_content_type() == "text/html"
    assert text.get_payload(decode=True).strip() == b"<b>7 rows</b>"
    assert table.get_filename() == "rows.csv"


def test_login_is_of_the_connection(server: Any) -> None:
    with host.bind(Answers(Connection(conn_id="smtp_default", conn_type="smtp", login="ada", password="secret"))):
        email.send_email(["one@example.com"], "x", "y")
    assert any(line.startswith("AUTH PLAIN") for line in server.lines)


def test_a_dry_run_sends_nothing(server: Any) -> None:
    with host.bind(Answers()):
        email.send_email("one@example.com", "x", "y", dryrun=True)
    assert server.lines == []


def test_another_backend_is_called(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mail_backend_of_ours.py").write_text(
        "sent = []\ndef send(to, subject, html, **kw):\n    sent.append((to, kw['conn_id']))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("AIRFLOW__EMAIL__EMAIL_BACKEND", "mail_backend_of_ours.send")
    email.send_email("one@example.com", "x", "y")
    import mail_backend_of_ours  # noqa: PLC0415  (made above)

    assert mail_backend_of_ours.sent == [(["one@example.com"], "smtp_default")]
    assert server.lines == []


def test_an_address_is_a_text() -> None:
    with pytest.raises(TypeError, match="not 7"):
        email.get_email_address_list([7])  # type: ignore[list-item]
