"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import os
import urllib.request
from functools import lru_cache
from urllib.parse import urlsplit

import boto3
import pytest
from tradewind_amazon.hooks.base_aws import AwsBaseHook
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.hooks.sqs import SqsHook
from tradewind_amazon.operators import s3, sqs
from tradewind_amazon.secrets.secrets_manager import SecretsManagerBackend
from tradewind_amazon.secrets.systems_manager import SystemsManagerParameterStoreBackend
from tradewind_amazon.sensors.s3 import S3KeySensor, S3KeySizeSensor, S3KeysUnchangedSensor, S3PrefixSensor
from tradewind_amazon.sensors.sqs import SqsSensor
from tradewind_amazon.stores.cloudwatch import CloudWatchLogStore
from tradewind_amazon.stores.logs import S3LogStore
from tradewind_amazon.stores.xcoms import S3XComStorage
from tradewind_amazon.transfers.local_to_s3 import LocalFilesystemToS3Operator
from tradewind_amazon.triggers.s3 import S3KeysUnchangedTrigger, S3KeyTrigger
from tradewind_amazon.triggers.sqs import SqsSensorTrigger
from tradewind_plugins.connection import Connection
from tradewind_testing import (
    HookSuite,
    LogStoreSuite,
    OperatorSuite,
    ProviderSuite,
    SecretsBackendSuite,
    SensorSuite,
    TriggerSuite,
    XComStorageSuite,
)

REGION = "eu-west-1"
NOWHERE = {"endpoint_url": "http://127.0.0.1:1", "config_kwargs": {"retries": {"max_attempts": 0}}}
on_moto = pytest.mark.backed_by("emulator", "moto")


@lru_cache(maxsize=8)
def client(url, service):
    """Return a client of the tests' own; one of each, as boto3 reads long descriptions for it."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="kit", aws_secret_access_key="kit"
    )


def post(url, body=b""):
    """Tell moto something."""
    headers = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(url, data=body, method="POST", headers=headers)  # noqa: S310 - our own server
    urllib.request.urlopen(asked, timeout=30).close()  # noqa: S310


@pytest.fixture
def moto(moto_url):
    """The URL of an empty moto server with a bucket `shop` and a queue `orders`."""
    post(moto_url + "/moto-api/reset")
    client(moto_url, "s3").create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": REGION})
    client(moto_url, "sqs").create_queue(QueueName="orders")
    os.environ.update(AWS_ACCESS_KEY_ID="kit", AWS_SECRET_ACCESS_KEY="kit")
    yield moto_url
    del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]


def connection_to(url, conn_id="aws_default"):
    """Return the connection to a moto server."""
    extra = '{"endpoint_url": "%s", "region_name": "%s"}' % (url, REGION)  # noqa: UP031 - braces
    return Connection(conn_id=conn_id, conn_type="aws", login="kit", password="kit/secret+", extra=extra)


class Aws:
    """What suites of this provider share: a moto server, and the connection to it."""

    url = ""

    @pytest.fixture
    def prepared(self, host, moto):
        self.url = moto
        host.add_connection(connection_to(moto))
        self.prepare()

    def prepare(self):
        """Put there what is needed."""

    def put(self, key, text="x"):
        """Store an object."""
        client(self.url, "s3").put_object(Bucket="shop", Key=key, Body=text.encode())

    def keys(self):
        """Return all keys of the bucket."""
        return [each["Key"] for each in client(self.url, "s3").list_objects_v2(Bucket="shop").get("Contents", [])]

    def read(self, key):
        """Return the text of an object."""
        return client(self.url, "s3").get_object(Bucket="shop", Key=key)["Body"].read().decode()


class TestProvider(ProviderSuite):
    distribution = "tradewind-amazon"


class AwsHookSuite:
    """The hooks of this provider; a login is refused by moto's own check of logins, switched on for the test."""

    speaks_http = True

    @pytest.fixture
    def connection(self, moto):
        yield connection_to(moto, "kit_aws")
        post(moto + "/moto-api/reset-auth", b"inf")

    def address(self, connection):
        url = urlsplit(connection.extra_dejson["endpoint_url"])
        return url.hostname, url.port

    def at(self, connection, host, port):
        return self.with_extra(connection, endpoint_url=f"http://{host}:{port}")

    def impatient(self, connection):
        patience = {"connect_timeout": 1, "read_timeout": 1, "retries": {"max_attempts": 0}}
        return self.with_extra(connection, config_kwargs=patience)

    def refused(self, connection):
        post(connection.extra_dejson["endpoint_url"] + "/moto-api/reset-auth", b"0")
        return connection.replace(login="nobody")

    @staticmethod
    def with_extra(connection, **more):
        return connection.replace(extra=dict(connection.extra_dejson, **more))


@on_moto
class TestAwsBaseHook(AwsHookSuite, HookSuite):
    hook = AwsBaseHook
    arguments = {"client_type": "s3"}

    def use(self, hook):
        assert hook.conn.list_buckets()["Buckets"][0]["Name"] == "shop"


@on_moto
class TestS3Hook(AwsHookSuite, HookSuite):
    hook = S3Hook

    def use(self, hook):
        assert hook.list_keys("shop") == []


@on_moto
class TestSqsHook(AwsHookSuite, HookSuite):
    hook = SqsHook

    def use(self, hook):
        assert hook.conn.list_queues()["QueueUrls"]


# --- operators -----------------------------------------------------------------------------------------------------------


@on_moto
class TestS3CreateBucketOperator(Aws, OperatorSuite):
    operator = s3.S3CreateBucketOperator
    arguments = {"bucket_name": "new-{{ ds }}"}

    def check(self, result, host):
        assert S3Hook().check_for_bucket("new-2021-01-01")


@on_moto
class TestS3DeleteBucketOperator(Aws, OperatorSuite):
    operator = s3.S3DeleteBucketOperator
    arguments = {"bucket_name": "shop", "force_delete": True}

    def prepare(self):
        self.put("a")

    def check(self, result, host):
        assert not S3Hook().check_for_bucket("shop")


@on_moto
class TestS3PutBucketTaggingOperator(Aws, OperatorSuite):
    operator = s3.S3PutBucketTaggingOperator
    arguments = {"bucket_name": "shop", "key": "day", "value": "{{ ds }}"}

    def check(self, result, host):
        assert S3Hook().get_bucket_tagging("shop") == [{"Key": "day", "Value": "2021-01-01"}]


class Tagged(Aws):
    def prepare(self):
        tags = {"TagSet": [{"Key": "a", "Value": "1"}]}
        client(self.url, "s3").put_bucket_tagging(Bucket="shop", Tagging=tags)


@on_moto
class TestS3GetBucketTaggingOperator(Tagged, OperatorSuite):
    operator = s3.S3GetBucketTaggingOperator
    arguments = {"bucket_name": "shop"}

    def check(self, result, host):
        assert result == [{"Key": "a", "Value": "1"}]


@on_moto
class TestS3DeleteBucketTaggingOperator(Tagged, OperatorSuite):
    operator = s3.S3DeleteBucketTaggingOperator
    arguments = {"bucket_name": "shop"}

    def check(self, result, host):
        assert S3Hook().get_bucket_tagging("shop") == []


class Filled(Aws):
    def prepare(self):
        self.put("a/1")
        self.put("b/2")


@on_moto
class TestS3CopyObjectOperator(Filled, OperatorSuite):
    operator = s3.S3CopyObjectOperator
    arguments = {"source_bucket_key": "s3://shop/a/1", "dest_bucket_key": "s3://shop/{{ ds }}"}

    def check(self, result, host):
        assert self.read("2021-01-01") == "x"


@on_moto
class TestS3CreateObjectOperator(Aws, OperatorSuite):
    operator = s3.S3CreateObjectOperator
    arguments = {"s3_bucket": "shop", "s3_key": "k", "data": "of {{ ds }}"}

    def check(self, result, host):
        assert self.read("k") == "of 2021-01-01"


@on_moto
class TestS3DeleteObjectsOperator(Filled, OperatorSuite):
    operator = s3.S3DeleteObjectsOperator
    arguments = {"bucket": "shop", "prefix": "a/"}

    def check(self, result, host):
        assert self.keys() == ["b/2"]


@on_moto
class TestS3ListOperator(Filled, OperatorSuite):
    operator = s3.S3ListOperator
    arguments = {"bucket": "shop", "prefix": "a"}

    def check(self, result, host):
        assert result == ["a/1"]


@on_moto
class TestS3ListPrefixesOperator(Filled, OperatorSuite):
    operator = s3.S3ListPrefixesOperator
    arguments = {"bucket": "shop", "prefix": "", "delimiter": "/"}

    def check(self, result, host):
        assert result == ["a/", "b/"]


@on_moto
class TestS3FileTransformOperator(Filled, OperatorSuite):
    operator = s3.S3FileTransformOperator
    arguments = {"source_s3_key": "s3://shop/a/1", "dest_s3_key": "s3://shop/made", "transform_script": "cp"}

    def check(self, result, host):
        assert self.read("made") == "x"


@on_moto
class TestLocalFilesystemToS3Operator(Aws, OperatorSuite):
    operator = LocalFilesystemToS3Operator
    arguments = {"filename": __file__, "dest_key": "s3://shop/{{ ds }}"}

    def check(self, result, host):
        assert "LocalFilesystemToS3Operator" in self.read("2021-01-01")


class Queue(Aws):
    queue = "https://queue"

    def prepare(self):
        self.queue = client(self.url, "sqs").get_queue_url(QueueName="orders")["QueueUrl"]

    def make(self, **changes):
        return super().make(**dict({"sqs_queue": self.queue}, **changes))

    def make_true(self):
        client(self.url, "sqs").send_message(QueueUrl=self.queue, MessageBody="hello")


@on_moto
class TestSqsPublishOperator(Queue, OperatorSuite):
    operator = sqs.SqsPublishOperator
    arguments = {"sqs_queue": "https://queue", "message_content": "of {{ ds }}"}

    def check(self, result, host):
        (message,) = client(self.url, "sqs").receive_message(QueueUrl=self.queue)["Messages"]
        assert (message["Body"], message["MessageId"]) == ("of 2021-01-01", result["MessageId"])


# --- sensors and triggers ------------------------------------------------------------------------------------------------


class Waiting(Aws):
    def make_true(self):
        self.put("data/2021-01-01")


@on_moto
class TestS3KeySensor(Waiting, SensorSuite):
    operator = S3KeySensor
    arguments = {"bucket_key": "s3://shop/data/{{ ds }}"}
    deferrable = True


@on_moto
class TestS3KeySizeSensor(Waiting, SensorSuite):
    operator = S3KeySizeSensor
    arguments = {"bucket_key": "s3://shop/data/{{ ds }}"}
    deferrable = True


@on_moto
class TestS3PrefixSensor(Waiting, SensorSuite):
    operator = S3PrefixSensor
    arguments = {"bucket_name": "shop", "prefix": "data"}


@on_moto
class TestS3KeysUnchangedSensor(Waiting, SensorSuite):
    operator = S3KeysUnchangedSensor
    arguments = {"bucket_name": "shop", "prefix": "data/", "inactivity_period": 0.01}
    deferrable = True
    gaps = {"test_it_may_give_its_slot_back_between_looks": "it remembers what it saw; deferrable=True gives it back"}


@on_moto
class TestSqsSensor(Queue, SensorSuite):
    operator = SqsSensor
    arguments = {"sqs_queue": "https://queue", "wait_time_seconds": 0}
    deferrable = True

    def check(self, result, host):
        assert [each["Body"] for each in host.pushed["messages"]] == ["hello"]


@on_moto
class TestS3KeyTrigger(Waiting, TriggerSuite):
    trigger = S3KeyTrigger
    arguments = {"bucket_name": "shop", "bucket_key": "data/2021-01-01", "poke_interval": 0.02}

    def check(self, event):
        assert event.payload == {"status": "success"}


@on_moto
class TestS3KeysUnchangedTrigger(Waiting, TriggerSuite):
    trigger = S3KeysUnchangedTrigger
    arguments = {"bucket_name": "shop", "prefix": "data/", "inactivity_period": 0.01, "poke_interval": 0.02}

    def check(self, event):
        assert event.payload == {"status": "success"}


@on_moto
class TestSqsSensorTrigger(Queue, TriggerSuite):
    trigger = SqsSensorTrigger
    arguments = {"sqs_queue": "https://queue", "wait_time_seconds": 0, "waiter_delay": 0.02}

    def make(self):
        return self.trigger(**dict(self.arguments, sqs_queue=self.queue))

    def check(self, event):
        assert [each["Body"] for each in event.payload["message_batch"]] == ["hello"]


# --- what Tradewind itself uses ------------------------------------------------------------------------------------------


@on_moto
class TestS3XComStorage(XComStorageSuite):
    storage = S3XComStorage

    @pytest.fixture
    def location(self, moto):
        return f"s3://shop/xcoms?region_name={REGION}&endpoint_url={moto}"


@on_moto
class TestS3LogStore(LogStoreSuite):
    store = S3LogStore

    @pytest.fixture
    def location(self, moto):
        return f"s3://shop/logs?pause=0&region_name={REGION}&endpoint_url={moto}"


@on_moto
class TestCloudWatchLogStore(LogStoreSuite):
    store = CloudWatchLogStore

    @pytest.fixture
    def location(self, moto):
        return f"cloudwatch://tradewind%2Flogs?pause=0&region_name={REGION}&endpoint_url={moto}"


class AwsSecretsSuite(Aws):
    backend_class = None

    @pytest.fixture
    def backend(self, moto):
        self.url = moto
        return self.backend_class(endpoint_url=moto, region_name=REGION)

    def away(self):
        os.environ.update(AWS_ACCESS_KEY_ID="kit", AWS_SECRET_ACCESS_KEY="kit")
        return self.backend_class(region_name=REGION, **NOWHERE)


@on_moto
class TestSecretsManagerBackend(AwsSecretsSuite, SecretsBackendSuite):
    backend_class = SecretsManagerBackend

    def plant(self, kind, name, text):
        asked, path = client(self.url, "secretsmanager"), f"airflow/{_FOLDERS[kind]}/{name}"
        try:
            asked.create_secret(Name=path, SecretString=text)
        except asked.exceptions.ResourceExistsException:
            asked.put_secret_value(SecretId=path, SecretString=text)


@on_moto
class TestSystemsManagerParameterStoreBackend(AwsSecretsSuite, SecretsBackendSuite):
    backend_class = SystemsManagerParameterStoreBackend

    def plant(self, kind, name, text):
        path = f"/airflow/{_FOLDERS[kind]}/{name}"
        client(self.url, "ssm").put_parameter(Name=path, Value=text, Type="SecureString", Overwrite=True)


_FOLDERS = {"connection": "connections", "variable": "variables", "config": "config"}
