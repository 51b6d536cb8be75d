"""Mail: a task that sends one, mails when a task fails, and a notifier of one's own that stands where a callback may.

Without somebody to write to (`--conf '{"to": "ann@example.com"}'`) nothing is sent, and no mail server is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pendulum

from tradewind import DAG, BaseNotifier, Param, task
from tradewind.operators.email import EmailOperator


class LogNotifier(BaseNotifier):
    """Says something in the log; one for a chat would send it there."""

    template_fields = ("message",)

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Mapping[str, Any]) -> None:
        """Say it."""
        print(self.message)


with DAG(
    "example_email",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={"to": Param(None, type=["null", "string"], format="email", description="Who gets the mail.")},
    default_args={"email": "ops@example.com", "email_on_failure": True, "email_on_retry": False},
    on_success_callback=LogNotifier("{{ run_id }} has told whom it had to tell"),
    tags=["example"],
):

    @task.short_circuit
    def has_reader(params: Any = None) -> bool:
        """Go on if there is somebody to write to."""
        return params["to"] is not None

    has_reader() >> EmailOperator(
        task_id="send",
        to="{{ params.to }}",
        subject="The numbers of {{ ds }}",
        html_content="<p>All is well, says {{ dag.dag_id }}.</p>",
    )
