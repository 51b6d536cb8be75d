"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest
from tradewind_google.common.hooks.base_google import GoogleBaseHook
from tradewind_google.hooks.gcs import GCSHook
from tradewind_google.operators import gcs
from tradewind_google.sensors.gcs import (
    GCSObjectExistenceSensor,
    GCSObjectsWithPrefixExistenceSensor,
    GCSObjectUpdateSensor,
)
from tradewind_google.settings import GoogleSettings, storage_client
from tradewind_google.stores.logs import GCSLogStore
from tradewind_google.stores.xcoms import GCSXComStorage
from tradewind_google.transfers.gcs_to_local import GCSToLocalFilesystemOperator
from tradewind_google.transfers.local_to_gcs import LocalFilesystemToGCSOperator
from tradewind_google.triggers.gcs import GCSBlobTrigger, GCSCheckBlobUpdateTimeTrigger, GCSPrefixBlobTrigger
from tradewind_plugins.connection import Connection
from tradewind_testing import (
    HookSuite,
    LogStoreSuite,
    OperatorSuite,
    ProviderSuite,
    SensorSuite,
    TriggerSuite,
    XComStorageSuite,
)

on_fake_gcs = pytest.mark.backed_by("emulator", "fake-gcs-server")
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


class TestProvider(ProviderSuite):
    distribution = "tradewind-google"


@on_fake_gcs
class TestGCSHook(HookSuite):
    hook = GCSHook
    speaks_http = True
    gaps = {
        "test_a_refused_login_is_named": "the emulator asks nobody for a login; test_gcs_hook.py has a server that does"
    }

    @pytest.fixture
    def connection(self, gcs_url):
        extra = json.dumps({"endpoint": gcs_url, "project": "shop"})
        return Connection(conn_id="kit_google", conn_type="google_cloud_platform", extra=extra)

    def use(self, hook):
        assert hook.has_bucket("no-such-bucket-here") is False

    def address(self, connection):
        url = urlsplit(connection.extra_dejson["endpoint"])
        return url.hostname, url.port

    def at(self, connection, host, port):
        place = f"http://{host}:{port}"
        return connection.replace(extra=dict(connection.extra_dejson, endpoint=place, num_retries=0))

    def impatient(self, connection):
        return connection.replace(extra=dict(connection.extra_dejson, timeout=1))


class Gcs:
    """What suites of this provider share: an emulator with a bucket, and the connection to it."""

    bucket = "shop"
    url = ""

    @pytest.fixture
    def prepared(self, host, google):
        self.url = google.extra_dejson["endpoint"]
        for name in (self.bucket, "new-bucket"):
            GCSHook().delete_bucket(name, force=True)
        GCSHook().create_bucket(self.bucket)
        self.prepare()

    def prepare(self):
        """Put there what is needed."""

    def put(self, name, text="x"):
        """Store an object, also from a thread that has no host."""
        client = storage_client(GoogleSettings(endpoint=self.url))
        client.bucket(self.bucket).blob(name).upload_from_string(text)
        client.close()

    def read(self, name):
        """Return the text of an object."""
        return GCSHook().download_as_byte_array(self.bucket, name).decode()


class Filled(Gcs):
    def prepare(self):
        self.put("a/1")
        self.put("b/2")


@on_fake_gcs
class TestGCSCreateBucketOperator(Gcs, OperatorSuite):
    operator = gcs.GCSCreateBucketOperator
    arguments = {"bucket_name": "new-bucket"}

    def check(self, result, host):
        assert GCSHook().has_bucket("new-bucket")


@on_fake_gcs
class TestGCSDeleteBucketOperator(Filled, OperatorSuite):
    operator = gcs.GCSDeleteBucketOperator
    arguments = {"bucket_name": "shop"}

    def check(self, result, host):
        assert not GCSHook().has_bucket("shop")


@on_fake_gcs
class TestGCSListObjectsOperator(Filled, OperatorSuite):
    operator = gcs.GCSListObjectsOperator
    arguments = {"bucket": "shop", "prefix": "a"}

    def check(self, result, host):
        assert result == ["a/1"]


@on_fake_gcs
class TestGCSDeleteObjectsOperator(Filled, OperatorSuite):
    operator = gcs.GCSDeleteObjectsOperator
    arguments = {"bucket_name": "shop", "prefix": "a"}

    def check(self, result, host):
        assert GCSHook().list("shop") == ["b/2"]


@on_fake_gcs
class TestGCSFileTransformOperator(Filled, OperatorSuite):
    operator = gcs.GCSFileTransformOperator
    arguments = {
        "source_bucket": "shop",
        "source_object": "a/1",
        "destination_object": "of/{{ ds }}",
        "transform_script": "cp",
    }

    def check(self, result, host):
        assert self.read("of/2021-01-01") == "x"


@on_fake_gcs
class TestGCSSynchronizeBucketsOperator(Filled, OperatorSuite):
    operator = gcs.GCSSynchronizeBucketsOperator
    arguments = {
        "source_bucket": "shop",
        "destination_bucket": "shop",
        "source_object": "a",
        "destination_object": "b",
        "delete_extra_files": True,
    }

    def check(self, result, host):
        assert GCSHook().list("shop") == ["a/1", "b/1"]


@on_fake_gcs
class TestLocalFilesystemToGCSOperator(Gcs, OperatorSuite):
    operator = LocalFilesystemToGCSOperator
    arguments = {"src": __file__, "dst": "of/{{ ds }}", "bucket": "shop"}

    def check(self, result, host):
        assert "TestLocalFilesystemToGCSOperator" in self.read("of/2021-01-01")


@on_fake_gcs
class TestGCSToLocalFilesystemOperator(Filled, OperatorSuite):
    operator = GCSToLocalFilesystemOperator
    arguments = {"bucket": "shop", "object_name": "a/1", "store_to_xcom_key": "content"}

    def check(self, result, host):
        assert host.pushed["content"] == "x"


class Waiting(Gcs):
    def make_true(self):
        self.put("data/2021-01-01")


@on_fake_gcs
class TestGCSObjectExistenceSensor(Waiting, SensorSuite):
    operator = GCSObjectExistenceSensor
    arguments = {"bucket": "shop", "object": "data/{{ ds }}"}
    deferrable = True


@on_fake_gcs
class TestGCSObjectUpdateSensor(Waiting, SensorSuite):
    operator = GCSObjectUpdateSensor
    arguments = {"bucket": "shop", "object": "data/{{ ds }}"}
    deferrable = True


@on_fake_gcs
class TestGCSObjectsWithPrefixExistenceSensor(Waiting, SensorSuite):
    operator = GCSObjectsWithPrefixExistenceSensor
    arguments = {"bucket": "shop", "prefix": "data"}
    deferrable = True

    def check(self, result, host):
        assert result == ["data/2021-01-01"]


class Firing(Waiting):
    def check(self, event):
        assert event.payload["status"] == "success"


@on_fake_gcs
class TestGCSBlobTrigger(Firing, TriggerSuite):
    trigger = GCSBlobTrigger
    arguments = {"bucket": "shop", "object_name": "data/2021-01-01", "poke_interval": 0.02}


@on_fake_gcs
class TestGCSCheckBlobUpdateTimeTrigger(Firing, TriggerSuite):
    trigger = GCSCheckBlobUpdateTimeTrigger
    arguments = {
        "bucket": "shop",
        "object_name": "data/2021-01-01",
        "target_date": LONG_AGO,
        "poke_interval": 0.02,
    }


@on_fake_gcs
class TestGCSPrefixBlobTrigger(Firing, TriggerSuite):
    trigger = GCSPrefixBlobTrigger
    arguments = {"bucket": "shop", "prefix": "data", "poke_interval": 0.02}


class Place:
    @pytest.fixture
    def location(self, bucket, gcs_url):
        return f"gs://{bucket}/{uuid.uuid4().hex}?pause=0&endpoint={gcs_url}"


@on_fake_gcs
class TestGCSXComStorage(Place, XComStorageSuite):
    storage = GCSXComStorage

    @pytest.fixture
    def location(self, bucket, gcs_url):
        return f"gs://{bucket}/xcoms?endpoint={gcs_url}"


@on_fake_gcs
class TestGCSLogStore(Place, LogStoreSuite):
    store = GCSLogStore


@on_fake_gcs
class TestGoogleBaseHook:
    def test_a_login_without_a_key_is_said(self, host):
        host.add_connection(Connection(conn_id="kit_google", conn_type="google_cloud_platform"))
        works, sentence = GoogleBaseHook("kit_google").test_connection()
        assert not works
        assert "connection 'kit_google'" in sentence
