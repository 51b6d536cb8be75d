"""The bases of log stores over a network, on a service in memory that can fail."""

from __future__ import annotations

import threading

import pytest
from tradewind_plugins.remote_logs import BackgroundLogStore, PartsLogStore
from tradewind_testing import LogStoreSuite

PLACES: dict[str, dict[str, bytes]] = {}


class Bucket(PartsLogStore):
    """Objects in memory, which every store of the same place sees."""

    def __init__(self, location, pause=0.0):
        super().__init__(pause)
        self.objects = PLACES.setdefault(location, {})
        self.is_away = False
        self.writes = []

    def _put(self, name, data):
        if self.is_away:
            raise ConnectionError("the bucket is away")
        self.writes.append((name, data))
        self.objects[name] = data

    def _get(self, name, begin, end):
        return self.objects[name][begin:end]

    def _list(self, prefix):
        return iter(sorted(name for name in list(self.objects) if name.startswith(prefix)))

    def _remove(self, names):
        for name in list(names):
            self.objects.pop(name, None)


class TestPartsAtOnce(LogStoreSuite):
    store = Bucket

    @pytest.fixture
    def location(self, tmp_path):
        return str(tmp_path)


@pytest.fixture
def bucket(tmp_path):
    made = Bucket(str(tmp_path))
    yield made
    made.is_away = False
    made.close()


@pytest.fixture
def patient(tmp_path):
    """A store that writes a log's chunks together: so long a pause ends in no test by itself."""
    made = Bucket(str(tmp_path), pause=3600.0)
    yield made
    made.close()


def test_parts_of_a_sealed_log_become_one(bucket):
    for offset, data in ((0, b"one "), (4, b"two "), (4, b"two three")):
        bucket.put_chunk("a.log", offset, data)
    assert len(bucket.objects) == 3
    bucket.seal("a.log")
    bucket.close()
    assert bucket.objects == {"a.log/000000000000-000000000013": b"one two three"}
    assert bucket.read("a.log") == b"one two three"


def test_a_gap_ends_what_can_be_read(bucket):
    bucket.put_chunk("a.log", 0, b"one")
    bucket.objects["a.log/000000000005-000000000008"] = b"far"
    assert (bucket.read("a.log"), bucket.size("a.log")) == (b"one", 3)


def test_chunks_that_come_within_the_pause_are_written_together(patient):
    patient.put_chunk("a.log", 0, b"first")
    assert patient.read("a.log") == b"first"
    for offset, data in ((5, b" and"), (9, b" then"), (5, b" and then")):
        patient.put_chunk("a.log", offset, data)
    assert patient.size("a.log") == 14
    patient.seal("a.log")
    assert [data for _, data in patient.writes] == [b"first", b" and then"]


def test_what_failed_is_told_at_the_next_chunk_and_written_when_it_comes_again(bucket):
    bucket.is_away = True
    with pytest.raises(ConnectionError, match="the bucket is away"):
        bucket.put_chunk("a.log", 0, b"one")
    with pytest.raises(ConnectionError):
        bucket.put_chunk("a.log", 0, b"one two")
    bucket.is_away = False
    bucket.seal("a.log")
    assert bucket.read("a.log") == b"one"
    bucket.put_chunk("a.log", 0, b"one two")
    assert bucket.read("a.log") == b"one two"


def test_a_seal_that_fails_says_so(patient):
    patient.put_chunk("a.log", 0, b"one")
    assert patient.read("a.log") == b"one"
    patient.put_chunk("a.log", 3, b" two")
    patient.is_away = True
    with pytest.raises(ConnectionError):
        patient.seal("a.log")
    patient.is_away = False
    patient.seal("a.log")
    assert patient.read("a.log") == b"one two"


def test_a_chunk_that_leaves_a_gap_is_refused(patient):
    patient.put_chunk("b.log", 0, b"x")
    assert patient.read("b.log") == b"x"
    patient.put_chunk("b.log", 1, b"y")
    with pytest.raises(ValueError, match="begins at 5, and the one before ends at 2"):
        patient.put_chunk("b.log", 5, b"z")


def test_its_thread_ends_when_it_is_closed(bucket):
    bucket.put_chunk("a.log", 0, b"x")
    assert "tradewind-log-store" in {thread.name for thread in threading.enumerate()}
    bucket.close()
    assert bucket._thread is None


@pytest.mark.parametrize("call", ["_write", "_stored_size", "_stored", "_delete_stored"])
def test_what_a_subclass_has_to_do_is_said(call):
    arguments = {"_write": ("k", 0, b""), "_stored": ("k", 0, None)}.get(call, ("k",))
    with pytest.raises(NotImplementedError):
        getattr(BackgroundLogStore(0.0), call)(*arguments)


class Failing(BackgroundLogStore):
    """Keeps logs in memory, fails while it shall, and says when it was asked."""

    def __init__(self, pause=0.001):
        super().__init__(pause)
        self.kept = {}
        self.fails = False
        self.asked = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()
        self.merged = []

    def _write(self, key, offset, data):
        self.asked.release()
        self.may_go.wait(30)
        if self.fails:
            raise ConnectionError("no bucket today")
        self.kept[key] = self.kept.get(key, b"")[:offset] + data

    def _stored_size(self, key):
        return len(self.kept.get(key, b""))

    def _stored(self, key, offset, limit):
        return self.kept.get(key, b"")[offset:]

    def _merge(self, key):
        self.merged.append(key)
        raise ConnectionError("merging is no promise")


def test_nothing_waits_for_a_slow_store():
    store = Failing()
    store.may_go.clear()
    store.put_chunk("k", 0, b"a")
    assert store.asked.acquire(timeout=30)
    store.put_chunk("k", 1, b"b")
    store.put_chunk("k", 2, b"c")
    assert store.size("k") == 3
    store.may_go.set()
    assert store.read("k") == b"abc"
    store.close()


def test_a_store_that_fails_loses_nothing():
    store = Failing()
    store.fails = True
    store.put_chunk("k", 0, b"a")
    with pytest.raises(ConnectionError, match="no bucket today"):
        store.seal("k")
    with pytest.raises(ConnectionError, match="no bucket today"):
        store.put_chunk("k", 1, b"b")
    store.fails = False
    assert store.read("k") == b"a"
    store.put_chunk("k", 1, b"b")
    store.seal("k")
    store.close()
    assert (store.kept, store.merged) == ({"k": b"ab"}, ["k"])


def test_closing_a_store_that_fails_ends():
    store = Failing(pause=60)
    store.put_chunk("k", 0, b"a")
    store.read("k")
    store.fails = True
    store.put_chunk("k", 1, b"b")
    store.close()
    assert store.kept == {"k": b"a"}


def test_so_much_waits_and_no_more(monkeypatch):
    monkeypatch.setattr("tradewind_plugins.remote_logs._MOST_WAITING", 10)
    store = Failing()
    store.may_go.clear()
    store.put_chunk("a", 0, b"12345678")
    with pytest.raises(BlockingIOError, match="wait to be written"):
        store.put_chunk("b", 0, b"12345678")
    store.may_go.set()
    store.close()
