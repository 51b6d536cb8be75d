"""The sensor for SQS."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tradewind_plugins.sensor import BaseSensor

from tradewind_amazon.hooks.sqs import SqsHook
from tradewind_amazon.sqs_messages import check_filter, receive
from tradewind_amazon.triggers.sqs import SqsSensorTrigger

__all__ = ["SqsSensor"]


class SqsSensor(BaseSensor):
    """Wait for messages of a queue; they are the XCom `messages`, a list of dicts as SQS has them.

    They are deleted after they were pushed, so that none is lost; a task that dies in between receives them again.

    Arguments:
        sqs_queue: the URL of the queue (templated).
        max_messages: how many a request returns at most, up to 10 (templated).
        num_batches: how many requests a look makes.
        wait_time_seconds: how long each waits for a message.
        visibility_timeout: for how many seconds nobody else sees them; None for what the queue says.
        message_filtering: None for all messages, `literal` or `jsonpath`.
        message_filtering_match_values: the texts that are wanted, or values at the path (templated).
        message_filtering_config: with `jsonpath`: the path in the message, which is JSON (templated).
        delete_message_on_reception: whether those that were wanted are deleted.
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        region_name: the region; None for the connection's.
        deferrable: whether the sensor gives its place up while it waits.
    """

    template_fields: Sequence[str] = (
        "sqs_queue",
        "max_messages",
        "message_filtering_config",
        "message_filtering_match_values",
    )
    ui_color = "#efdde2"

    def __init__(
        self,
        *,
        sqs_queue: str,
        aws_conn_id: str | None = "aws_default",
        max_messages: int = 5,
        num_batches: int = 1,
        wait_time_seconds: int = 1,
        visibility_timeout: int | None = None,
        message_filtering: str | None = None,
        message_filtering_match_values: Any = None,
        message_filtering_config: Any = None,
        delete_message_on_reception: bool = True,
        verify: bool | str | None = None,
        region_name: str | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_filter(
            f"task {self.task_id!r}", message_filtering, message_filtering_match_values, message_filtering_config
        )
        self.sqs_queue = sqs_queue
        self.aws_conn_id = aws_conn_id
        self.max_messages = max_messages
        self.num_batches = num_batches
        self.wait_time_seconds = wait_time_seconds
        self.visibility_timeout = visibility_timeout
        self.message_filtering = message_filtering
        self.message_filtering_match_values = message_filtering_match_values
        self.message_filtering_config = message_filtering_config
        self.delete_message_on_reception = delete_message_on_reception
        self.verify = verify
        self.region_name = region_name
        self.deferrable = deferrable

    @property
    def hook(self) -> SqsHook:
        """A hook of the connection."""
        return SqsHook(self.aws_conn_id, verify=self.verify, region_name=self.region_name)

    def poke(self, context: Any) -> bool:
        """Ask for messages; push and delete those that are wanted."""
        messages = receive(self.hook, self._search())
        if messages:
            self._take(context, messages)
        return bool(messages)

    def _search(self) -> dict[str, Any]:
        return {
            "sqs_queue": self.sqs_queue,
            "max_messages": int(self.max_messages),
            "num_batches": self.num_batches,
            "wait_time_seconds": self.wait_time_seconds,
            "visibility_timeout": self.visibility_timeout,
            "message_filtering": self.message_filtering,
            "message_filtering_match_values": self.message_filtering_match_values,
            "message_filtering_config": self.message_filtering_config,
        }

    def _take(self, context: Any, messages: Sequence[Any]) -> None:
        context["ti"].xcom_push(key="messages", value=list(messages))
        if self.delete_message_on_reception:
            self.hook.delete_messages(self.sqs_queue, messages)

    def execute(self, context: Any) -> Any:
        """Wait, in the task's place or in a trigger."""
        if not self.deferrable:
            return super().execute(context)
        since = time.time()
        if self._look(context):
            return None
        return self.defer(
            trigger=SqsSensorTrigger(
                **self._search(),
                aws_conn_id=self.aws_conn_id,
                verify=self.verify,
                region_name=self.region_name,
                waiter_delay=self.poke_interval,
                pause=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=max(self.timeout - (time.time() - since), 0.0)),
        )

    def execute_complete(self, context: Any, event: Any) -> None:
        """Push and delete what the trigger has received."""
        self._take(context, event["message_batch"])
