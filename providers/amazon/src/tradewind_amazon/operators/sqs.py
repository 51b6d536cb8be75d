"""The operator for SQS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradewind_plugins.operator import BaseOperator

from tradewind_amazon.hooks.sqs import SqsHook

__all__ = ["SqsPublishOperator"]


class SqsPublishOperator(BaseOperator):
    """Send a message; the result is SQS's answer, with its `MessageId`.

    Arguments:
        sqs_queue: the URL of the queue (templated).
        message_content: the text (templated).
        message_attributes: by name, as SQS has them (templated).
        delay_seconds: how long nobody gets it (templated).
        message_group_id, message_deduplication_id: of a FIFO queue (templated).
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        region_name: the region; None for the connection's.
    """

    template_fields: Sequence[str] = (
        "sqs_queue",
        "message_content",
        "delay_seconds",
        "message_attributes",
        "message_group_id",
        "message_deduplication_id",
    )
    template_fields_renderers: Mapping[str, str] = {"message_attributes": "json"}
    ui_color = "#e6d3d9"

    def __init__(
        self,
        *,
        sqs_queue: str,
        message_content: str,
        message_attributes: Mapping[str, Any] | None = None,
        delay_seconds: int = 0,
        message_group_id: str | None = None,
        message_deduplication_id: str | None = None,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        region_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sqs_queue = sqs_queue
        self.message_content = message_content
        self.message_attributes = message_attributes
        self.delay_seconds = delay_seconds
        self.message_group_id = message_group_id
        self.message_deduplication_id = message_deduplication_id
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.region_name = region_name

    def execute(self, context: Any) -> dict[str, Any]:
        """Send it."""
        hook = SqsHook(self.aws_conn_id, verify=self.verify, region_name=self.region_name)
        answer = hook.send_message(
            self.sqs_queue,
            self.message_content,
            int(self.delay_seconds),
            self.message_attributes,
            self.message_group_id,
            self.message_deduplication_id,
        )
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
