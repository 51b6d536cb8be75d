"""`airflow.utils.email`: mail from DAG files, sent as the sections `email` and `smtp` of `airflow.cfg` say."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.utils import formatdate
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.hook import BaseHook

from tradewind_airflow_names.own.configuration import conf

_OURS: Final = "airflow.utils.email.send_email_smtp"
_log = logging.getLogger(__name__)


def send_email(  # noqa: PLR0917  (Airflow's order)
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Iterable[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = None,
    custom_headers: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Send a mail, by SMTP or by the function that the setting `email.email_backend` names.

    Arguments:
        to, cc, bcc: addresses, in a list or in a text with commas or semicolons.
        subject, html_content: what it says.
        files: paths of what goes with it.
        dryrun: make it, and do not send it.
        mime_subtype: `mixed`, or another kind of multipart.
        mime_charset: the text's encoding.
        conn_id: the connection with login and password; by default the setting `email.email_conn_id`.
        custom_headers: more headers.
        kwargs: for the backend.
    Raises:
        smtplib.SMTPException, OSError: it could not be sent, at the last of `smtp.smtp_retry_limit` attempts.
    """
    backend = conf.get("email", "email_backend")
    send = send_email_smtp if backend == _OURS else conf.getimport("email", "email_backend")
    send(
        get_email_address_list(to),
        subject,
        html_content,
        files=files,
        dryrun=dryrun,
        cc=cc,
        bcc=bcc,
        mime_subtype=mime_subtype,
        mime_charset=mime_charset,
        conn_id=conn_id or conf.get("email", "email_conn_id"),
        from_email=conf.get("email", "from_email", fallback=None),
        custom_headers=custom_headers,
        **kwargs,
    )


def send_email_smtp(  # noqa: PLR0917  (Airflow's order)
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Iterable[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str = "smtp_default",
    from_email: str | None = None,
    custom_headers: Mapping[str, Any] | None = None,
    **_kwargs: Any,
) -> None:
    """Send a mail by SMTP; see `send_email`."""
    sender = from_email or conf.get("smtp", "smtp_mail_from")
    message, recipients = build_mime_message(
        sender, to, subject, html_content, files, cc, bcc, mime_subtype, mime_charset, custom_headers
    )
    send_mime_email(sender, recipients, message, conn_id, dryrun)


def build_mime_message(  # noqa: PLR0917  (Airflow's order)
    mail_from: str | None,
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Iterable[str] | None = None,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    custom_headers: Mapping[str, Any] | None = None,
) -> tuple[EmailMessage, list[str]]:
    """Return a mail, and everybody who gets it; see `send_email`. Who stands in `bcc` is in no header."""
    visible, copies = get_email_address_list(to), get_email_address_list(cc or ())
    message = EmailMessage()
    message.set_content(html_content, subtype="html", charset=mime_charset)
    getattr(message, f"make_{mime_subtype}", message.make_mixed)()
    for each in map(Path, files or ()):
        kind, _, detail = (guess_type(each.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(each.read_bytes(), maintype=kind, subtype=detail, filename=each.name)
    headers = {
        "Subject": subject,
        "From": mail_from or "",
        "To": ", ".join(visible),
        "Date": formatdate(localtime=True),
    }
    if copies:
        headers["CC"] = ", ".join(copies)
    for name, value in {**headers, **(custom_headers or {})}.items():
        del message[name]
        message[name] = str(value)
    return message, [*visible, *copies, *get_email_address_list(bcc or ())]


def send_mime_email(
    e_from: str, e_to: str | Iterable[str], mime_msg: EmailMessage, conn_id: str = "smtp_default", dryrun: bool = False
) -> None:
    """Send a mail that `build_mime_message` made, as the section `smtp` says; see `send_email`."""
    if dryrun:
        return
    attempts = conf.getint("smtp", "smtp_retry_limit")
    login = _login(conn_id)
    for attempt in range(1, attempts + 1):
        try:
            with _server() as server:
                if login:
                    server.login(*login)
                server.sendmail(e_from, get_email_address_list(e_to), mime_msg.as_bytes())
        except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
            if attempt == attempts:
                raise
            _log.info("attempt %d of %d to send a mail failed: %s", attempt, attempts, error)
        else:
            return


def get_email_address_list(addresses: str | Iterable[str]) -> list[str]:
    """Return addresses given as a list, or as a text with commas or semicolons.

    Raises:
        TypeError: there is something else among them.
    """
    found = [addresses] if isinstance(addresses, str) else list(addresses)
    for each in found:
        if not isinstance(each, str):
            raise TypeError(f"an e-mail address is a text, not {each!r}")
    return [each.strip() for text in found for each in re.split(r"[,;]", text) if each.strip()]


def _login(conn_id: str) -> tuple[str, str] | None:
    """Return login and password: of the connection, else of the section `smtp`; None for a server that asks for none."""
    try:
        connection = BaseHook.get_connection(conn_id)
    except TradewindNotFoundException:
        user, password = (conf.get("smtp", f"smtp_{each}", fallback="") for each in ("user", "password"))
    else:
        user, password = connection.login or "", connection.password or ""
    return (user, password) if user and password else None


def _server() -> smtplib.SMTP:
    """Return a connection to the mail server, encrypted where the section `smtp` says so."""
    host, port = conf.get("smtp", "smtp_host"), conf.getint("smtp", "smtp_port")
    timeout = conf.getint("smtp", "smtp_timeout")
    if conf.getboolean("smtp", "smtp_ssl"):
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=timeout)
    if conf.getboolean("smtp", "smtp_starttls"):
        server.starttls(context=ssl.create_default_context())
    return server
