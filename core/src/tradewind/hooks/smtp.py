"""The hook for a mail server: makes mails and sends them by SMTP."""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import current

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SmtpHook", "addresses_of"]

FIRST_PAUSE = 0.2
_TRUE = frozenset({"1", "true", "yes", "on", "t"})


@dataclass(frozen=True)
class _Server:
    """Where mails go: of a connection, and where it says nothing of the section `smtp`."""

    host: str
    port: int
    login: str
    password: str
    is_tls: bool
    has_starttls: bool
    timeout: float
    attempts: int
    sender: str


class SmtpHook(BaseHook):
    """A mail server.

    Args:
        smtp_conn_id: a connection of type `smtp`: host, port, login and password, and in its extra `disable_ssl` (false is
            TLS from the first byte), `disable_tls` (false is STARTTLS), `timeout`, `retry_limit` and `from_email`. What it
            leaves out is that of the settings `[smtp]`. The connection `smtp_default` need not exist.
    """

    conn_name_attr: ClassVar[str] = "smtp_conn_id"
    default_conn_name: ClassVar[str] = "smtp_default"
    conn_type: ClassVar[str] = "smtp"
    hook_name: ClassVar[str] = "SMTP"

    def __init__(self, smtp_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smtp_conn_id = smtp_conn_id

    def send_email(
        self,
        to: str | Iterable[str],
        subject: str,
        html_content: str,
        *,
        from_email: str | None = None,
        files: Iterable[str] | None = None,
        cc: str | Iterable[str] | None = None,
        bcc: str | Iterable[str] | None = None,
        mime_subtype: str = "mixed",
        mime_charset: str = "utf-8",
        custom_headers: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a mail.

        Args:
            to, cc, bcc: addresses, in a list or in a text with commas or semicolons.
            subject, html_content: what it says.
            from_email: the sender; by default that of the connection, or of the settings.
            files: paths of what goes with it.
            mime_subtype: ``mixed``, or another kind of multipart.
            mime_charset: the text's encoding.
            custom_headers: more headers.

        Raises:
            TradewindException: there is no address to send it to, or the connection's type is another one.
            smtplib.SMTPException, OSError: the server did not take it; at what may pass, at the last attempt.
        """
        server = self._server()
        visible, copies = addresses_of(to), addresses_of(cc or ())
        recipients = [*visible, *copies, *addresses_of(bcc or ())]
        if not recipients:
            raise TradewindException(f"The mail {subject!r} has no address to be sent to.")
        message = EmailMessage()
        message.set_content(html_content, subtype="html", charset=mime_charset)
        getattr(message, f"make_{mime_subtype}", message.make_mixed)()
        _attach(message, files or ())
        headers = {"Subject": " ".join(subject.split()), "From": from_email or server.sender, "To": ", ".join(visible)}
        headers |= {"Cc": ", ".join(copies)} if copies else {}
        headers |= {"Date": formatdate(localtime=True), "Message-ID": make_msgid(domain="tradewind.invalid")}
        for name, value in {**headers, **(custom_headers or {})}.items():
            del message[name]
            message[name] = str(value)
        self._deliver(server, str(message["From"]), recipients, message)

    def test_connection(self) -> tuple[bool, str]:
        """Log in and say hello; return whether that went well, and what to say of it."""
        try:
            with _open(self._server()) as session:
                session.noop()
        except (OSError, smtplib.SMTPException, TradewindException) as error:
            return False, f"{type(error).__name__}: {error}"
        return True, "The server takes mails."

    def _deliver(self, server: _Server, sender: str, recipients: list[str], message: EmailMessage) -> None:
        for attempt in range(1, server.attempts + 1):
            try:
                with _open(server) as session:
                    session.send_message(message, sender, recipients)
            except (smtplib.SMTPException, OSError) as error:
                if attempt == server.attempts or not _may_pass(error):
                    raise
                self.log.info("Attempt %d of %d to send a mail failed: %s", attempt, server.attempts, error)
                time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
            else:
                self.log.info("Sent a mail to %s", ", ".join(recipients))
                return

    def _server(self) -> _Server:
        found = self._connection()
        extra = found.extra_dejson
        return _Server(
            host=found.host or _setting("host"),
            port=int(found.port or _setting("port")),
            login=found.login or "",
            password=found.password or "",
            is_tls=not _is_true(extra["disable_ssl"]) if "disable_ssl" in extra else _is_true(_setting("ssl")),
            has_starttls=not _is_true(extra["disable_tls"])
            if "disable_tls" in extra
            else _is_true(_setting("starttls")),
            timeout=float(extra.get("timeout") or _setting("timeout")),
            attempts=max(1, int(extra.get("retry_limit") or _setting("retry_limit"))),
            sender=str(extra.get("from_email") or _setting("from_email", "email") or _setting("mail_from")),
        )

    def _connection(self) -> Connection:
        try:
            found = self.get_connection(self.smtp_conn_id)
        except TradewindNotFoundException:
            if self.smtp_conn_id != self.default_conn_name:
                raise
            return Connection(conn_id=self.smtp_conn_id, conn_type=self.conn_type)
        if found.conn_type not in {self.conn_type, "email"}:
            raise TradewindException(
                f"Connection {self.smtp_conn_id!r} is of type {found.conn_type!r}: a mail server is of type 'smtp'."
            )
        return found


def _may_pass(error: Exception) -> bool:
    """Tell whether another attempt may succeed: the server was away, hung up, or said so (its codes from 400 to 499)."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code < 500
    return isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError))


def addresses_of(given: str | Iterable[str]) -> list[str]:
    """Return addresses given as a list, or as a text with commas or semicolons.

    Raises:
        TradewindException: there is something else among them.
    """
    found = [given] if isinstance(given, str) else list(given)
    for each in found:
        if not isinstance(each, str):
            raise TradewindException(f"A mail address is a text, not {each!r}.")
    return [each.strip() for text in found for each in re.split(r"[,;]", text) if each.strip()]


def _attach(message: EmailMessage, files: Iterable[str]) -> None:
    for each in map(Path, files):
        kind, _, detail = (guess_type(each.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(each.read_bytes(), maintype=kind, subtype=detail, filename=each.name)


@contextmanager
def _open(server: _Server) -> Iterator[smtplib.SMTP]:
    """Yield a session with the server, encrypted and logged in as it is said."""
    if server.is_tls:
        made: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=server.timeout, context=ssl.create_default_context()
        )
    else:
        made = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    with made as session:
        if server.has_starttls and not server.is_tls:
            session.starttls(context=ssl.create_default_context())
        if server.login:
            session.login(server.login, server.password)
        yield session


def _setting(key: str, section: str = "smtp") -> str:
    return current().settings(section, key) or ""


def _is_true(value: Any) -> bool:
    return str(value).strip().lower() in _TRUE
