"""The suite of log stores."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tradewind_testing.suites.suite import Suite, offline, only_if

__all__ = ["LogStoreSuite"]

_KEY = "dag_id=shop/run_id=r1/task_id=load/attempt=1.log"


class LogStoreSuite(Suite):
    """A store keeps every byte at its offset, however often it comes, and gives it back from any place.

    To be given: `store`, and the fixture `location`.
    """

    store: ClassVar[Any]
    """The class, a `LogStore`."""

    @pytest.fixture
    def location(self) -> str:
        """What the setting `logs.location` would say: a place that is empty. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `location`")

    def open(self, location: str) -> Any:
        """Return a store as another process would open it."""
        return self.store(location)

    def wrote(self, location: str, *chunks: tuple[int, bytes], seal: bool = True) -> None:
        """Write chunks as a worker does, and close the store."""
        store = self.open(location)
        for offset, data in chunks:
            store.put_chunk(_KEY, offset, data)
        if seal:
            store.seal(_KEY)
        store.close()

    @offline
    def test_it_says_what_it_can(self) -> None:
        assert isinstance(self.store.capabilities.append, bool)
        assert isinstance(self.store.capabilities.delete_prefix, bool)

    def test_a_log_comes_back_whole(self, location: str) -> None:
        self.wrote(location, (0, b"one\n"), (4, b"two\n"))
        store = self.open(location)
        assert store.read(_KEY) == b"one\ntwo\n"
        assert store.size(_KEY) == 8
        store.close()

    def test_any_part_of_it_can_be_read(self, location: str) -> None:
        self.wrote(location, (0, b"0123"), (4, b"456789"))
        store = self.open(location)
        assert store.read(_KEY, 3) == b"3456789"
        assert store.read(_KEY, 2, 4) == b"2345"
        assert store.read(_KEY, 9, 100) == b"9"
        assert store.read(_KEY, 10) == store.read(_KEY, 99) == store.read(_KEY, 0, 0) == b""
        store.close()

    def test_there_is_nothing_of_a_log_that_nobody_wrote(self, location: str) -> None:
        store = self.open(location)
        assert store.read("never/written.log") == b""
        assert store.size("never/written.log") == 0
        store.close()

    def test_a_chunk_that_comes_again_with_more_changes_nothing_before(self, location: str) -> None:
        self.wrote(location, (0, b"one\n"), (0, b"one\ntwo\n"), (4, b"two\nthree\n"))
        store = self.open(location)
        assert store.read(_KEY) == b"one\ntwo\nthree\n"
        store.close()

    def test_another_writer_goes_on_where_the_log_ends(self, location: str) -> None:
        self.wrote(location, (0, b"before "), seal=False)
        store = self.open(location)
        end = store.size(_KEY)
        store.close()
        self.wrote(location, (end, b"after"))
        store = self.open(location)
        assert store.read(_KEY) == b"before after"
        store.close()

    @only_if("store.capabilities.append")
    def test_what_it_took_is_read_while_the_try_runs(self, location: str) -> None:
        writer, reader = self.open(location), self.open(location)
        writer.put_chunk(_KEY, 0, b"still ")
        assert reader.read(_KEY) == b"still "
        writer.put_chunk(_KEY, 6, b"running")
        assert reader.read(_KEY, 6) == b"running"
        writer.close()
        reader.close()

    def test_large_logs_and_any_bytes_come_back(self, location: str) -> None:
        chunks = [bytes([number]) * 100_000 for number in range(20)]
        self.wrote(location, *((number * 100_000, data) for number, data in enumerate(chunks)))
        store = self.open(location)
        assert store.read(_KEY) == b"".join(chunks)
        assert store.read(_KEY, 1_950_000, 10) == bytes([19]) * 10
        store.close()

    def test_logs_are_kept_apart(self, location: str) -> None:
        store = self.open(location)
        for name in ("a.log", "a.log.1", "A.log", "ü.log"):
            store.put_chunk(f"x/{name}", 0, name.encode())
            store.seal(f"x/{name}")
        assert [store.read(f"x/{name}").decode() for name in ("a.log", "a.log.1", "A.log", "ü.log")] == [
            "a.log",
            "a.log.1",
            "A.log",
            "ü.log",
        ]
        store.close()

    def test_sealing_twice_and_sealing_nothing_is_no_error(self, location: str) -> None:
        store = self.open(location)
        store.put_chunk(_KEY, 0, b"x")
        store.seal(_KEY)
        store.seal(_KEY)
        store.seal("never/written.log")
        assert store.read(_KEY) == b"x"
        assert store.read("never/written.log") == b""
        store.close()

    @only_if("store.capabilities.delete_prefix")
    def test_a_prefix_is_deleted_and_nothing_beside_it(self, location: str) -> None:
        store = self.open(location)
        for key in ("dag_id=a/1.log", "dag_id=a/2.log", "dag_id=ab/1.log"):
            store.put_chunk(key, 0, b"x")
            store.seal(key)
        assert store.delete("dag_id=a/") == 2
        assert store.delete("dag_id=a/") == 0
        assert store.read("dag_id=a/1.log") == b""
        assert store.read("dag_id=ab/1.log") == b"x"
        store.close()
