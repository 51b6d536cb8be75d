"""What deferred tasks wait for in SQS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from tradewind_plugins.threads import in_thread, pause
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_amazon.hooks.sqs import SqsHook
from tradewind_amazon.sqs_messages import receive

__all__ = ["SqsSensorTrigger"]


class SqsSensorTrigger(BaseTrigger):
    """Wait for messages of a queue; the event is `{"status": "success", "message_batch": […]}`.

    It deletes none: that is for the task, when it has them.

    Arguments:
        sqs_queue, max_messages, num_batches, wait_time_seconds, visibility_timeout, message_filtering,
            message_filtering_match_values, message_filtering_config, aws_conn_id, verify, region_name: as of `SqsSensor`.
        waiter_delay: seconds between two looks.
        pause: seconds before the first look.
    """

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
        waiter_delay: float = 60.0,
        region_name: str | None = None,
        verify: bool | str | None = None,
        pause: float = 0.0,
    ) -> None:
        super().__init__()
        self.sqs_queue = sqs_queue
        self.aws_conn_id = aws_conn_id
        self.max_messages = max_messages
        self.num_batches = num_batches
        self.wait_time_seconds = wait_time_seconds
        self.visibility_timeout = visibility_timeout
        self.message_filtering = message_filtering
        self.message_filtering_match_values = message_filtering_match_values
        self.message_filtering_config = message_filtering_config
        self.waiter_delay = waiter_delay
        self.region_name = region_name
        self.verify = verify
        self.pause = pause

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_amazon.triggers.sqs.SqsSensorTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until there are messages that are wanted."""
        hook = SqsHook(self.aws_conn_id, verify=self.verify, region_name=self.region_name)
        await pause(self.pause)
        while True:
            messages = await in_thread(lambda: receive(hook, vars(self)))
            if messages:
                break
            await pause(self.waiter_delay)
        yield TriggerEvent({"status": "success", "message_batch": messages})
