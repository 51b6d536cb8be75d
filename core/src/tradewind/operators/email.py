"""Sending a mail as a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradewind_plugins.host import current
from tradewind_plugins.operator import BaseOperator

from tradewind.plugins.imports import load

__all__ = ["EmailOperator"]


class EmailOperator(BaseOperator):
    """Sends a mail.

    Args:
        to, cc, bcc: addresses, in a list or in a text with commas or semicolons.
        subject: what it is about.
        html_content: what it says; a text that ends in ``.html`` names a template file.
        files: paths of what goes with it.
        mime_subtype: ``mixed``, or another kind of multipart.
        mime_charset: the text's encoding.
        conn_id: the connection to the mail server; by default the setting ``email.conn_id``.
        custom_headers: more headers.
        from_email: the sender; by default that of the connection, or of the settings.
    """

    template_fields = ("to", "subject", "html_content", "files", "cc", "bcc")
    template_ext = (".html",)
    template_fields_renderers: Mapping[str, str] = {"html_content": "html"}
    ui_color = "#e6faf9"

    def __init__(
        self,
        *,
        to: str | Iterable[str],
        subject: str,
        html_content: str,
        files: Iterable[str] | None = None,
        cc: str | Iterable[str] | None = None,
        bcc: str | Iterable[str] | None = None,
        mime_subtype: str = "mixed",
        mime_charset: str = "utf-8",
        conn_id: str | None = None,
        custom_headers: Mapping[str, Any] | None = None,
        from_email: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.subject = subject
        self.html_content = html_content
        self.files = files or []
        self.cc = cc
        self.bcc = bcc
        self.mime_subtype = mime_subtype
        self.mime_charset = mime_charset
        self.conn_id = conn_id
        self.custom_headers = custom_headers
        self.from_email = from_email

    def execute(self, context: Any) -> None:
        """Send the mail."""
        # By name: what sends mails is imported in the task's process only
        hook = load("tradewind.hooks.smtp:SmtpHook", f"task {self.task_id!r}")
        hook(self.conn_id or current().settings("email", "conn_id")).send_email(
            self.to,
            self.subject,
            self.html_content,
            from_email=self.from_email,
            files=self.files,
            cc=self.cc,
            bcc=self.bcc,
            mime_subtype=self.mime_subtype,
            mime_charset=self.mime_charset,
            custom_headers=self.custom_headers,
        )
