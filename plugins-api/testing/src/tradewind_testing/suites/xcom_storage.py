"""The suite of XCom storages."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tradewind_testing.suites.suite import Suite

__all__ = ["XComStorageSuite"]

_KEY = "shop/scheduled__2021-01-01/load-1-return_value.json"
_LARGE = bytes(range(256)) * 4096 * 9


class XComStorageSuite(Suite):
    """A storage gives back what it took, whoever asks and whenever, and knows what it has.

    To be given: `storage`, and the fixture `location`.
    """

    storage: ClassVar[Any]
    """The class, an `XComStorage`."""

    @pytest.fixture
    def location(self) -> str:
        """What the setting `plugins.xcom_location` would say: a place that is empty. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `location`")

    def open(self, location: str) -> Any:
        """Return a storage as another process would open it."""
        return self.storage(location)

    def test_a_value_comes_back_from_another_process(self, location: str) -> None:
        reference = self.open(location).put(_KEY, b'{"a": 1}')
        assert isinstance(reference, str)
        assert self.open(location).get(reference) == b'{"a": 1}'

    @pytest.mark.parametrize("data", [b"", b"\x00\xff", _LARGE], ids=["empty", "bytes", "9 MiB"])
    def test_any_bytes_come_back(self, location: str, data: bytes) -> None:
        storage = self.open(location)
        assert storage.get(storage.put(_KEY, data)) == data

    def test_files_come_back(self, location: str, tmp_path: Path) -> None:
        given, taken = tmp_path / "given", tmp_path / "taken"
        given.write_bytes(_LARGE)
        storage = self.open(location)
        storage.get_file(storage.put_file(_KEY, given), taken)
        assert given.read_bytes() == taken.read_bytes() == _LARGE

    def test_a_value_and_a_file_are_the_same_thing(self, location: str, tmp_path: Path) -> None:
        storage, given = self.open(location), tmp_path / "given"
        given.write_bytes(b"one")
        assert storage.get(storage.put_file(_KEY, given)) == b"one"
        storage.get_file(storage.put(_KEY, b"two"), tmp_path / "taken")
        assert (tmp_path / "taken").read_bytes() == b"two"

    def test_a_value_of_the_same_key_is_replaced(self, location: str) -> None:
        storage = self.open(location)
        first, second = storage.put(_KEY, b"first"), storage.put(_KEY, b"second")
        assert first == second
        assert storage.get(second) == b"second"

    def test_what_is_not_there_is_a_key_error(self, location: str, tmp_path: Path) -> None:
        storage = self.open(location)
        reference = storage.put(_KEY, b"gone")
        storage.delete(reference)
        with pytest.raises(KeyError):
            storage.get(reference)
        with pytest.raises(KeyError):
            storage.get_file(reference, tmp_path / "taken")
        assert not (tmp_path / "taken").exists()

    def test_deleting_twice_is_no_error_and_touches_nothing_else(self, location: str) -> None:
        storage = self.open(location)
        kept, gone = storage.put(_KEY, b"kept"), storage.put(_KEY + ".longer.json", b"gone")
        storage.delete(gone)
        storage.delete(gone)
        assert storage.get(kept) == b"kept"

    def test_it_knows_what_it_has(self, location: str) -> None:
        storage = self.open(location)
        assert sorted(storage.references()) == []
        references = [storage.put(f"shop/run-{number}/task-1-key.json", b"x") for number in range(3)]
        storage.delete(references.pop())
        assert sorted(self.open(location).references()) == sorted(references)

    def test_keys_that_look_alike_are_told_apart(self, location: str) -> None:
        storage = self.open(location)
        keys = ["a/b/c-1-x.json", "a/b/c-1-X.json", "a/b-c/1-x.json", "a/b/c%2D1-x.json", "a/b/c-1-ü.json"]
        references = [storage.put(key, key.encode()) for key in keys]
        assert [storage.get(each).decode() for each in references] == keys

    def test_a_reader_sees_the_old_value_or_the_new_one(self, location: str) -> None:
        storage = self.open(location)
        values = [bytes([number]) * 300_000 for number in range(8)]
        reference = storage.put(_KEY, values[0])
        writer = threading.Thread(target=lambda: [self.open(location).put(_KEY, value) for value in values])
        writer.start()
        seen = [storage.get(reference) for _ in range(20)]
        writer.join()
        assert set(seen) <= set(values)
        assert storage.get(reference) == values[-1]
