"""Parts that break their contracts, each in one way; `test_suites.py` has the suites run on them."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.log_store import LogStore, LogStoreCapabilities
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import ConnectionFailed
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.notifier import BaseNotifier
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent
from tradewind_testing import (
    HookSuite,
    LogStoreSuite,
    NotifierSuite,
    OperatorSuite,
    SecretsBackendSuite,
    SensorSuite,
    TriggerSuite,
    XComStorageSuite,
)

PLACES = {}


class Storage(XComStorage):
    """A good one, in memory."""

    def __init__(self, location):
        self.kept = PLACES.setdefault(location, {})

    def put(self, key, data):
        self.kept[key] = data
        return key

    def get(self, reference):
        return self.kept[reference]

    def delete(self, reference):
        self.kept.pop(reference, None)

    def references(self):
        return list(self.kept)


class StorageTests(XComStorageSuite):
    @pytest.fixture
    def location(self, tmp_path):
        return str(tmp_path)


class TestGoodStorage(StorageTests):
    storage = Storage


class Forgetful(Storage):
    def __init__(self, location):
        self.kept = {}


class TestForgetfulStorage(StorageTests):
    storage = Forgetful


class Silent(Storage):
    def get(self, reference):
        return self.kept.get(reference, b"")


class TestSilentStorage(StorageTests):
    storage = Silent


class Lowering(Storage):
    def put(self, key, data):
        return super().put(key.lower(), data)


class TestLoweringStorage(StorageTests):
    storage = Lowering


class Prefixed(Storage):
    def delete(self, reference):
        for each in [key for key in self.kept if key.startswith(reference[:12])]:
            del self.kept[each]


class TestPrefixedStorage(StorageTests):
    storage = Prefixed


class Logs(LogStore):
    """A good one, in memory."""

    capabilities = LogStoreCapabilities(append=True, delete_prefix=True)

    def __init__(self, location):
        self.kept = PLACES.setdefault("logs" + location, {})

    def put_chunk(self, key, offset, data):
        kept = self.kept.setdefault(key, bytearray())
        kept[offset : offset + len(data)] = data

    def seal(self, key):
        """Nothing is to be done."""

    def read(self, key, offset=0, limit=None):
        return bytes(self.kept.get(key, b"")[offset : None if limit is None else offset + limit])

    def delete(self, prefix):
        gone = [key for key in self.kept if key.startswith(prefix)]
        for key in gone:
            del self.kept[key]
        return len(gone)


class LogTests(LogStoreSuite):
    @pytest.fixture
    def location(self, tmp_path):
        return str(tmp_path)


class TestGoodLogs(LogTests):
    store = Logs


class Doubling(Logs):
    def put_chunk(self, key, offset, data):
        self.kept.setdefault(key, bytearray()).extend(data)


class TestDoublingLogs(LogTests):
    store = Doubling


class Unlimited(Logs):
    def read(self, key, offset=0, limit=None):
        return super().read(key, offset)


class TestUnlimitedLogs(LogTests):
    store = Unlimited


class Backend(SecretsBackend):
    """A good one, in memory."""

    def __init__(self):
        self.kept = {}

    def get_conn_value(self, conn_id):
        return self.kept.get(("connection", conn_id))

    def get_variable(self, key):
        return self.kept.get(("variable", key))

    def get_config(self, key):
        return self.kept.get(("config", key))


class SecretsTests(SecretsBackendSuite):
    has_service = False
    kind = Backend

    @pytest.fixture
    def backend(self):
        self.made = self.kind()
        return self.made

    def plant(self, kind, name, text):
        self.made.kept[kind, name] = text


class TestGoodBackend(SecretsTests):
    kind = Backend


class Mixed(Backend):
    def get_conn_value(self, conn_id):
        return next((text for (_, name), text in self.kept.items() if name == conn_id), None)


class TestMixedBackend(SecretsTests):
    kind = Mixed


class Caching(Backend):
    def __init__(self):
        super().__init__()
        self.seen = {}

    def get_variable(self, key):
        return self.seen.setdefault(key, super().get_variable(key))


class TestCachingBackend(SecretsTests):
    kind = Caching


class Hiding(Backend):
    """Says no where it could not look."""


class TestHidingBackend(SecretsTests):
    has_service = True
    kind = Hiding

    def away(self):
        return Hiding()


class EchoHook(BaseHook):
    """A good client of a server that echoes."""

    conn_name_attr = "echo_conn_id"
    default_conn_name = "echo_default"
    conn_type = "echo"
    hook_name = "Echo"
    seconds = 1.0

    def __init__(self, echo_conn_id="echo_default"):
        super().__init__()
        self.echo_conn_id = echo_conn_id

    def echo(self):
        connection = self.get_connection(self.echo_conn_id)
        where = (connection.host, connection.port)
        with self.naming_errors(OSError), socket.create_connection(where, timeout=self.seconds) as client:
            client.settimeout(self.seconds)
            client.sendall((connection.password or "").encode())
            if client.recv(100) != b"welcome":
                raise ConnectionError("refused")

    def test_connection(self):
        try:
            self.echo()
        except ConnectionFailed as error:
            return False, str(error)
        return True, "It answers."


class HookTests(HookSuite):
    gaps = {
        "test_its_connection_type_leads_to_it": "it is not installed",
        "test_a_connection_survives_as_uri_and_as_json": "it is not installed",
    }

    @pytest.fixture
    def connection(self, echo_server):
        return Connection(
            conn_id="kit_echo", conn_type="echo", host=echo_server[0], port=echo_server[1], password="sesame"
        )

    def secrets(self, connection):
        return [connection.password]

    def impatient(self, connection):
        return connection

    def use(self, hook):
        hook.echo()


class TestGoodHook(HookTests):
    hook = EchoHook


class Telling(EchoHook):
    def echo(self):
        self.log.warning("asking with %s", self.get_connection(self.echo_conn_id).password)
        super().echo()


class TestTellingHook(HookTests):
    hook = Telling


class Nameless(EchoHook):
    def naming_errors(self, *errors):
        return super().naming_errors(ZeroDivisionError)


class TestNamelessHook(HookTests):
    hook = Nameless


class Keeping(EchoHook):
    """Goes on with what broke."""

    broken = None

    def echo(self):
        if self.broken is not None:
            raise self.broken
        try:
            super().echo()
        except Exception as error:
            self.broken = error
            raise


class TestKeepingHook(HookTests):
    hook = Keeping


class Greet(BaseOperator):
    """Greets.

    Arguments:
        whom: to greet (templated).
    """

    template_fields = ("whom",)

    def __init__(self, *, whom, **kwargs):
        super().__init__(**kwargs)
        self.whom = whom

    def execute(self, context):
        return f"hello {self.whom}"


class OperatorTests(OperatorSuite):
    arguments = {"whom": "{{ ds }}"}

    def check(self, result, host):
        assert result == "hello 2021-01-01"


class TestGoodOperator(OperatorTests):
    operator = Greet


class Eager(Greet):
    def __init__(self, *, whom, **kwargs):
        super().__init__(whom=whom, **kwargs)
        self.hook = EchoHook()


class TestEagerOperator(OperatorTests):
    operator = Eager


class Untold(Greet):
    template_fields = ("whom", "nothing")

    def __init__(self, *, whom, loudness=1, **kwargs):
        super().__init__(whom=whom, **kwargs)
        self.nothing = loudness


class TestUntoldOperator(OperatorTests):
    operator = Untold


class Flag:
    is_up = False


class FlagSensor(BaseSensor):
    """Waits for the flag."""

    def poke(self, context):
        return Flag.is_up


class SensorTests(SensorSuite):
    @pytest.fixture
    def prepared(self):
        Flag.is_up = False

    def make_true(self):
        Flag.is_up = True


class TestGoodSensor(SensorTests):
    operator = FlagSensor


class Stubborn(FlagSensor):
    """Looks a hundred times, whatever its time-out says."""

    def execute(self, context):
        for _ in range(100):
            if self.poke(context):
                return


class TestStubbornSensor(SensorTests):
    operator = Stubborn


class FlagTrigger(BaseTrigger):
    def __init__(self, pause=0.01):
        super().__init__()
        self.pause = pause

    def serialize(self):
        return f"{__name__}.{type(self).__name__}", {"pause": self.pause}

    async def run(self):
        while not Flag.is_up:
            await asyncio.sleep(self.pause)  # in a task
        yield TriggerEvent("up")


class TriggerTests(TriggerSuite):
    arguments = {"pause": 0.02}

    @pytest.fixture
    def prepared(self):
        Flag.is_up = False

    def make_true(self):
        Flag.is_up = True

    def check(self, event):
        assert event.payload == "up"


class TestGoodTrigger(TriggerTests):
    trigger = FlagTrigger


class Sleeping(FlagTrigger):
    async def run(self):
        while not Flag.is_up:
            await asyncio.sleep(self.pause)  # in a task
        time.sleep(0.001)  # what it must not do, in a task
        yield TriggerEvent("up")


class TestSleepingTrigger(TriggerTests):
    trigger = Sleeping


class Losing(FlagTrigger):
    def serialize(self):
        return f"{__name__}.{type(self).__name__}", {}


class TestLosingTrigger(TriggerTests):
    trigger = Losing


class Hasty(FlagTrigger):
    async def run(self):
        yield TriggerEvent("up")


class TestHastyTrigger(TriggerTests):
    trigger = Hasty


class Note(BaseNotifier):
    template_fields = ("text",)
    said = []

    def __init__(self, text="{{ ti.task_id }}"):
        super().__init__()
        self.text = text

    def notify(self, context):
        self.said.append(self.text)


class NotifierTests(NotifierSuite):
    gaps = {"test_that_nobody_could_be_told_is_an_error": "it only writes into a list"}

    @pytest.fixture
    def prepared(self):
        Note.said.clear()

    def delivered(self):
        return Note.said


class TestGoodNotifier(NotifierTests):
    notifier = Note


class Twice(Note):
    def notify(self, context):
        self.said.extend([self.text, self.text])


class TestTwiceNotifier(NotifierTests):
    notifier = Twice
