"""Mails: a notifier for callbacks, and what `email_on_failure` and `email_on_retry` of a task send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current
from tradewind_plugins.notifier import BaseNotifier

from tradewind.hooks.smtp import SmtpHook, addresses_of

__all__ = ["EmailNotifier", "send_alert"]

SUBJECT: Final = "Tradewind alert: {{ ti.dag_id }}.{{ ti.task_id }} is {{ ti.state }}, run {{ ti.run_id }}"
BODY: Final = """\
<p>Try {{ try_number }} of {{ max_tries + 1 }} of task <b>{{ ti.task_id }}</b> of DAG <b>{{ ti.dag_id }}</b> in run
{{ ti.run_id }}{% if ti.map_index >= 0 %}, instance {{ ti.map_index }}{% endif %} failed{% if ti.state == "up_for_retry" %}
and will be tried again{% endif %}.</p>
<pre>{{ exception_html }}</pre>
<p><a href="{{ ti.log_url }}">Log</a>{% if ti.hostname %}, host {{ ti.hostname }}{% endif %}</p>
"""


class EmailNotifier(BaseNotifier):
    """Sends a mail.

    Args:
        to, cc, bcc: addresses, in a list or in a text with commas or semicolons.
        subject, html_content: what it says, as templates; left out, what a task's own alert says.
        from_email: the sender; by default that of the connection, or of the settings.
        files: paths of what goes with it.
        conn_id: the connection to the mail server; by default the setting `email.conn_id`.
    """

    template_fields = ("to", "cc", "bcc", "subject", "html_content", "from_email", "files")

    def __init__(
        self,
        to: str | Iterable[str],
        subject: str | None = None,
        html_content: str | None = None,
        *,
        from_email: str | None = None,
        files: Iterable[str] | None = None,
        cc: str | Iterable[str] | None = None,
        bcc: str | Iterable[str] | None = None,
        conn_id: str | None = None,
    ) -> None:
        super().__init__()
        self.to = to
        self.subject = subject
        self.html_content = html_content
        self.from_email = from_email
        self.files = files
        self.cc = cc
        self.bcc = bcc
        self.conn_id = conn_id

    def notify(self, context: Mapping[str, Any]) -> None:
        """Send the mail."""
        subject, body = alert_texts(context) if None in {self.subject, self.html_content} else ("", "")
        SmtpHook(self.conn_id or _setting("conn_id")).send_email(
            self.to,
            self.subject if self.subject is not None else subject,
            self.html_content if self.html_content is not None else body,
            from_email=self.from_email,
            files=self.files,
            cc=self.cc,
            bcc=self.bcc,
        )


def send_alert(to: str | Iterable[str], context: Mapping[str, Any]) -> None:
    """Send what a task's `email_on_failure` or `email_on_retry` asks for."""
    EmailNotifier(to).notify(context)


def send_sla_alert(
    dag: Any, task_list: str, blocking_task_list: str, slas: Iterable[Any], _blocking_tis: Iterable[Any]
) -> None:
    """Send what tasks with an `email` ask for that have missed their `sla`."""
    wanted = [dag.get_task(each.task_id).email for each in slas]
    to = sorted({address for given in wanted if given for address in addresses_of(given)})
    if to:
        late = "".join(f"<li>{escape(each)}</li>" for each in task_list.splitlines())
        waiting = "".join(f"<li>{escape(each)}</li>" for each in blocking_task_list.splitlines())
        body = f"<p>Later than their <code>sla</code>:</p><ul>{late}</ul><p>Not succeeded yet:</p><ul>{waiting}</ul>"
        SmtpHook(_setting("conn_id")).send_email(to, f"Tradewind: tasks of DAG {dag.dag_id} are late", body)


def alert_texts(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and body of an alert, by the templates that the settings `[email]` name, or our own.

    Raises:
        TradewindException: a template cannot be read or rendered; the message names its setting.
    """
    ti, error = context["ti"], context.get("exception")
    more = {
        "try_number": ti.try_number,
        "max_tries": ti.max_tries,
        "exception": error,
        "exception_html": Markup("<br>").join(str(error).split("\n")),
    }
    texts = {"subject_template": SUBJECT, "html_content_template": BODY}
    subject, body = (_rendered(name, text, {**context, **more}) for name, text in texts.items())
    return subject, body


def _rendered(name: str, usual: str, context: Mapping[str, Any]) -> str:
    path = _setting(name)
    try:
        text = Path(path).read_text(encoding="utf-8") if path else usual
        is_html = name != "subject_template"
        made = jinja2.Environment(autoescape=is_html, undefined=jinja2.StrictUndefined)  # noqa: S701  (a subject is text)
        return made.from_string(text).render(context)
    except (OSError, jinja2.TemplateError) as error:
        raise TradewindException(f"The setting [email] {name}: {path or 'our own template'}: {error}") from error


def _setting(key: str) -> str:
    return current().settings("email", key) or ""
