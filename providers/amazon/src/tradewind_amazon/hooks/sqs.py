"""The hook for SQS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException

from tradewind_amazon.hooks.base_aws import AwsBaseHook

__all__ = ["SqsHook"]

_MOST_AT_ONCE = 10


class SqsHook(AwsBaseHook):
    """Queues and messages of SQS.

    Arguments:
        aws_conn_id: the connection.
        kwargs: of `AwsBaseHook`: `verify`, `region_name`, `config`.
    """

    def __init__(self, aws_conn_id: str | None = "aws_default", **kwargs: Any) -> None:
        super().__init__(aws_conn_id, client_type="sqs", **kwargs)

    def create_queue(self, queue_name: str, attributes: Mapping[str, str] | None = None) -> Any:
        """Create a queue and return SQS's answer, which has its `QueueUrl`."""
        return self.conn.create_queue(QueueName=queue_name, Attributes=dict(attributes or {}))

    def send_message(  # noqa: PLR0917 - Airflow's order
        self,
        queue_url: str,
        message_body: str,
        delay_seconds: int = 0,
        message_attributes: Mapping[str, Any] | None = None,
        message_group_id: str | None = None,
        message_deduplication_id: str | None = None,
    ) -> Any:
        """Send a message and return SQS's answer, which has its `MessageId`.

        Arguments:
            queue_url: the URL of the queue.
            message_body: a text of up to 256 KB.
            delay_seconds: how long nobody gets it.
            message_attributes: by name, as SQS has them: `{"kind": {"DataType": "String", "StringValue": "a"}}`.
            message_group_id: of a FIFO queue: messages of one group stay in order.
            message_deduplication_id: of a FIFO queue: a second message of the same id is dropped.
        """
        given: dict[str, Any] = {"MessageGroupId": message_group_id, "MessageDeduplicationId": message_deduplication_id}
        return self.conn.send_message(
            QueueUrl=queue_url,
            MessageBody=message_body,
            DelaySeconds=delay_seconds,
            MessageAttributes=dict(message_attributes or {}),
            **{name: value for name, value in given.items() if value is not None},
        )

    def receive_messages(
        self, queue_url: str, max_messages: int = 5, wait_time_seconds: int = 1, visibility_timeout: int | None = None
    ) -> list[dict[str, Any]]:
        """Return some messages; they stay in the queue, where nobody sees them for a time.

        Arguments:
            queue_url: the URL of the queue.
            max_messages: how many at most, up to 10.
            wait_time_seconds: how long the first one is waited for.
            visibility_timeout: for how many seconds nobody sees them; None for what the queue says.
        """
        given = {} if visibility_timeout is None else {"VisibilityTimeout": visibility_timeout}
        answer = self.conn.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=max_messages, WaitTimeSeconds=wait_time_seconds, **given
        )
        return list(answer.get("Messages", []))

    def delete_messages(self, queue_url: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """Delete messages that were received.

        Raises:
            TradewindException: SQS did not delete some.
        """
        for begin in range(0, len(messages), _MOST_AT_ONCE):
            entries = [
                {"Id": f"m{number}", "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(messages[begin : begin + _MOST_AT_ONCE])
            ]
            failed = self.conn.delete_message_batch(QueueUrl=queue_url, Entries=entries).get("Failed", [])
            if failed:
                told = ", ".join(sorted({str(each.get("Code")) for each in failed}))
                raise TradewindException(f"SQS did not delete {len(failed)} messages of {queue_url}: {told}")
