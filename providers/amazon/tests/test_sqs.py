import asyncio
import json

import pytest
from tradewind_amazon.hooks.sqs import SqsHook
from tradewind_amazon.operators.sqs import SqsPublishOperator
from tradewind_amazon.sensors.sqs import SqsSensor
from tradewind_amazon.triggers.sqs import SqsSensorTrigger
from tradewind_plugins.exceptions import TaskDeferred, TradewindException

pytestmark = pytest.mark.backed_by("emulator", "moto")


class Pushing:
    """The half of a task instance that a sensor needs."""

    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value

    @property
    def bodies(self):
        return [each["Body"] for each in self.pushed["messages"]]


@pytest.fixture
def queue(aws):
    return SqsHook().create_queue("orders", {"VisibilityTimeout": "0"})["QueueUrl"]


def left(queue):
    return [each["Body"] for each in SqsHook().receive_messages(queue, 10, 0, 0)]


def sensor(queue, **arguments):
    arguments = dict({"wait_time_seconds": 0, "poke_interval": 0.01, "timeout": 0.05}, **arguments)
    return SqsSensor(task_id="t", sqs_queue=queue, **arguments)


def test_a_message_is_sent_with_its_attributes(aws, queue):
    kind = {"kind": {"DataType": "String", "StringValue": "a"}}
    sent = SqsPublishOperator(task_id="t", sqs_queue=queue, message_content="hello", message_attributes=kind).execute(
        {}
    )
    assert "ResponseMetadata" not in sent
    answer = SqsHook().conn.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert (message["MessageId"], message["Body"], message["MessageAttributes"]["kind"]["StringValue"]) == (
        sent["MessageId"],
        "hello",
        "a",
    )


def test_messages_of_a_fifo_queue_have_a_group_and_come_once(aws):
    queue = SqsHook().create_queue("orders.fifo", {"FifoQueue": "true"})["QueueUrl"]
    for text in ("one", "again"):
        SqsPublishOperator(
            task_id=text, sqs_queue=queue, message_content=text, message_group_id="g", message_deduplication_id="d"
        ).execute({})
    assert left(queue) == ["one"]


def test_a_delayed_message_is_not_there_yet(aws, queue):
    SqsPublishOperator(task_id="t", sqs_queue=queue, message_content="later", delay_seconds="900").execute({})
    assert left(queue) == []


def test_a_sensor_takes_messages_and_deletes_them(aws, queue):
    for number in range(12):
        SqsHook().send_message(queue, str(number))
    ti = Pushing()
    sensor(queue, max_messages=10, num_batches=2, visibility_timeout=30).execute({"ti": ti})
    assert sorted(map(int, ti.bodies)) == list(range(12))
    assert left(queue) == []


def test_a_sensor_may_leave_messages_where_they_are(aws, queue):
    SqsHook().send_message(queue, "a")
    ti = Pushing()
    assert sensor(queue, delete_message_on_reception=False).poke({"ti": ti})
    assert ti.bodies == left(queue) == ["a"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"message_filtering": "literal", "message_filtering_match_values": ["b", "c"]}, ["b"]),
        ({"message_filtering": "literal", "message_filtering_match_values": "b"}, ["b"]),
        ({"message_filtering": "jsonpath", "message_filtering_config": "order.id"}, ['{"order": {"id": 7}}']),
        (
            {
                "message_filtering": "jsonpath",
                "message_filtering_config": "order.id",
                "message_filtering_match_values": [7, 8],
            },
            ['{"order": {"id": 7}}'],
        ),
        (
            {
                "message_filtering": "jsonpath",
                "message_filtering_config": "order.id",
                "message_filtering_match_values": [8],
            },
            [],
        ),
    ],
)
def test_messages_are_filtered_and_the_others_stay(aws, queue, arguments, wanted):
    everything = ["a", "b", json.dumps({"order": {"id": 7}})]
    for text in everything:
        SqsHook().send_message(queue, text)
    ti = Pushing()
    assert sensor(queue, max_messages=10, **arguments).poke({"ti": ti}) is bool(wanted)
    assert (ti.bodies if wanted else []) == wanted
    assert sorted(left(queue)) == sorted(set(everything) - set(wanted))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"message_filtering": "regex"}, "'literal' or 'jsonpath', not 'regex'"),
        ({"message_filtering": "literal"}, "needs message_filtering_match_values"),
        ({"message_filtering": "jsonpath"}, "needs the path in message_filtering_config"),
    ],
)
def test_a_filter_that_cannot_work_is_refused(given, told):
    with pytest.raises(TradewindException, match="task 't': .*" + told):
        sensor("https://queue", **given)


def test_a_deferred_sensor_deletes_when_it_has_the_messages(aws, queue):
    waiting = sensor(queue, deferrable=True, timeout=60)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({"ti": Pushing()})
    path, arguments = deferred.value.trigger.serialize()
    assert path.endswith("SqsSensorTrigger")

    async def first():
        (payload,) = [event.payload async for event in SqsSensorTrigger(**arguments).run()]
        return payload

    SqsHook().send_message(queue, "a")
    event = asyncio.run(first())
    assert left(queue) == ["a"]
    ti = Pushing()
    waiting.execute_complete({"ti": ti}, event=event)
    assert ti.bodies == ["a"]
    assert left(queue) == []
    SqsHook().send_message(queue, "b")
    assert waiting.execute({"ti": ti}) is None
    assert ti.bodies == ["b"]


def test_messages_that_were_not_deleted_are_told(aws, queue):
    with pytest.raises(TradewindException, match=r"SQS did not delete 1 messages of .*ReceiptHandleIsInvalid"):
        SqsHook().delete_messages(queue, [{"ReceiptHandle": "of no message"}])
