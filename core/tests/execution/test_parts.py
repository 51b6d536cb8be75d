"""The parts of a worker that need no process: masking, logs, journal, versions, messages, results."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import resource
import uuid
import zlib
from pathlib import Path

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind.execution import results
from tradewind.execution.channel import Frames, frame
from tradewind.execution.journal import Journal, read_journal
from tradewind.execution.log_keys import log_key
from tradewind.execution.logs import FileLogStore
from tradewind.execution.masking import Masker, connection_secrets
from tradewind.execution.messages import Ended, Hello, Mask, PushXCom, decode, encode
from tradewind.execution.outcomes import one_line
from tradewind.execution.versions import VersionStore, VersionUnavailable
from tradewind.transitions.values import Outcome, XComValue
from tradewind_plugins.exceptions import SerializationError

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)


@given(
    words=st.lists(st.sampled_from(["plain", "s3cret-value", "\n", " ", "other/secret!", "x" * 50]), max_size=40),
    cuts=st.lists(st.integers(1, 30), max_size=20),
)
def test_no_cut_of_the_stream_shows_a_secret(words: list[str], cuts: list[int]) -> None:
    masker = Masker()
    masker.add(["s3cret-value", "other/secret!"])
    data = "".join(words).encode()
    seen = b""
    for cut in cuts:
        seen += masker.feed(data[:cut])
        data = data[cut:]
    seen += masker.feed(data) + masker.finish()
    expected = "".join(words).replace("s3cret-value", "***").replace("other/secret!", "***")
    assert seen.decode() == expected


def test_a_line_without_end_is_passed_on_without_cutting_a_secret() -> None:
    masker = Masker()
    masker.add(["s3cret-value"])
    seen = masker.feed(b"x" * 65_530 + b"s3cret-")
    seen += masker.feed(b"value and more")
    seen += masker.finish()
    assert seen == b"x" * 65_530 + b"*** and more"


def test_the_forms_in_which_a_secret_shows_are_masked_and_short_ones_left() -> None:
    masker = Masker()
    masker.add(['pass"word/1', "first line of it\nsecond line of it", "ab"])
    text = 'pass"word/1 pass\\"word/1 pass%22word%2F1 second line of it ab'
    assert masker.clean(text) == "*** *** *** *** ab"


def test_of_a_connections_extra_only_what_is_secret_is_masked() -> None:
    extra = json.dumps({"region": "north", "api_key": "k1", "nested": {"client_secret": "c", "host": "h"}})
    assert connection_secrets({"password": "p", "extra": extra}) == ["p", "k1", "c"]
    assert connection_secrets({"password": None, "extra": "not json"}) == ["not json"]


def test_logs_are_paged_by_lines_and_a_chunk_stored_twice_changes_nothing(tmp_path: Path) -> None:
    store = FileLogStore(tmp_path)
    key = log_key("d", "manual__2026-01-01T00:00:00+00:00", "t", 3, 2, token=5)
    assert key == "dag_id=d/run_id=manual__2026-01-01T00:00:00+00:00/task_id=t/map_index=3/attempt=2.5.log"
    store.put_chunk(key, 0, b"one\ntwo\n")
    store.put_chunk(key, 4, b"two\nthree\n")
    page = store.page(key, 0, 10)
    assert (page.data, page.next_offset) == (b"one\ntwo\n", 8)
    assert store.page(key, 8).data == b"three\n"
    assert store.read("nothing") == b""
    store.seal(key)
    assert store.delete("dag_id=d/") == 1
    assert store.keys() == []


def test_ids_that_are_no_file_names_stay_inside_the_folder(tmp_path: Path) -> None:
    key = log_key("../d", "a/b", "t", -1, 1, token=1)
    assert (tmp_path / key).resolve().is_relative_to(tmp_path / "dag_id=..%2Fd")


def test_following_a_log_yields_what_comes_until_the_end(tmp_path: Path) -> None:
    store = FileLogStore(tmp_path)
    key = log_key("d", "r", "t", -1, 1, token=1)
    parts = [b"one\n", b"two\n"]
    offset = 0

    def pause() -> None:
        nonlocal offset
        data = parts.pop(0)
        store.put_chunk(key, offset, data)
        offset += len(data)

    assert list(store.follow(key, is_ended=lambda: not parts, pause=pause)) == [b"one\n", b"two\n"]
    store.close()


def test_a_journal_tells_what_started_what_ended_and_what_is_unreported(tmp_path: Path) -> None:
    path = tmp_path / "w.journal"
    journal = Journal(path)
    journal.start([(1, 1), (2, 1), (3, 1)])
    journal.session(77)
    value = XComValue("return_value", "[1]", "list", 3, 1)
    ended = Outcome(1, 1, "success", NOW, xcoms=(value,), skip=("a",))
    journal.outcomes([ended, Outcome(2, 1, "failed", NOW, cause="why")])
    journal.done([(2, 1)])
    journal.close()
    with path.open("ab") as file:
        file.write(b"outcome {cut off")
    story = read_journal(path)
    assert story.is_evidence
    assert story.started == {(1, 1), (2, 1), (3, 1)}
    assert story.sessions == {77}
    assert story.outcomes == {(1, 1): ended}


def test_a_journal_on_a_full_disk_lets_nothing_start_and_loses_no_line(tmp_path: Path) -> None:
    (tmp_path / "full.journal").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        Journal(tmp_path / "full.journal")
    journal = Journal(tmp_path / "w.journal")
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "w.journal").stat().st_size + 4, resource.RLIM_INFINITY))
    try:
        journal.session(123456)  # half of the line fits
        with pytest.raises(OSError, match="too large"):
            journal.start([(1, 1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.start([(2, 1)])
    journal.close()
    story = read_journal(tmp_path / "w.journal")
    assert (story.started, story.sessions) == ({(2, 1)}, set())


def test_a_cause_is_one_line_that_every_database_takes() -> None:
    assert one_line("a\x00b\n\tc\ud800 " + "x" * 2000) == "a\ufffdb c\ufffd " + "x" * 993


def blobs(files: dict[str, str], path: str) -> tuple[str, dict[str, bytes]]:
    manifest = {"path": path, "files": {name: f"hash-{name}" for name in files}}
    stored = {f"hash-{name}": zlib.compress(text.encode()) for name, text in files.items()}
    return "source", {**stored, "source": zlib.compress(json.dumps(manifest).encode())}


def test_a_version_is_written_once_and_read_only(tmp_path: Path) -> None:
    source, stored = blobs({"a/flow.py": "x = 1", "b.sql": "select 1"}, "a/flow.py")
    store = VersionStore(tmp_path / "versions")
    read = lambda hashes: {each: stored[each] for each in hashes if each in stored}  # noqa: E731
    files = store.materialise(source, read)
    assert (files.root / files.path).read_text() == "x = 1"
    assert (files.root / "b.sql").stat().st_mode & 0o222 == 0
    assert VersionStore(tmp_path / "versions").materialise(source, read) == files
    assert [each.name for each in (tmp_path / "versions").iterdir()] == [source]
    store.remove(source)
    assert not files.root.exists()


@pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd"])
def test_a_manifest_cannot_name_what_is_outside(tmp_path: Path, path: str) -> None:
    source, stored = blobs({path: "x"}, path)
    with pytest.raises(VersionUnavailable, match="outside its folder"):
        VersionStore(tmp_path).materialise(source, lambda hashes: {each: stored[each] for each in hashes})


def test_missing_sources_are_named(tmp_path: Path) -> None:
    source, stored = blobs({"flow.py": "x"}, "flow.py")
    del stored["hash-flow.py"]
    with pytest.raises(VersionUnavailable, match=r"lacks the contents of flow\.py"):
        VersionStore(tmp_path).materialise(source, lambda hashes: {h: stored[h] for h in hashes if h in stored})
    assert list(tmp_path.iterdir()) == []


def test_messages_survive_the_wire_in_any_cut() -> None:
    sent = [Hello(1), Mask(["a", "é"]), PushXCom("k", "[1]", "list", 3, 1), Ended("success", 1, 2)]
    data = b"".join(frame(each) for each in sent)
    frames = Frames()
    assert [item for byte in data for item in frames.feed(bytes([byte]))] == [
        *sent[:3],
        Ended("success", 1, 2, skip=[], xcoms=[], events=[]),
    ]


def test_what_is_no_message_is_refused() -> None:
    for data in (b'["Nothing", 1]', b"[]", b'["Hello"]', b'{"a": 1}', b'["Hello", 1, 2]'):
        with pytest.raises(ValueError, match="not a message"):
            decode(data)
    with pytest.raises(ValueError, match="was announced"):
        list(Frames().feed(b"\xff\xff\xff\xff"))


def test_xcoms_of_an_end_travel_as_lists_of_their_fields() -> None:
    value = XComValue("k", "1", "int", 1)
    received = decode(encode(Ended("success", 1, 2, xcoms=(value,))))
    assert isinstance(received, Ended)
    assert [XComValue(*each) for each in received.xcoms] == [value]


@pytest.mark.parametrize(
    "value",
    [
        1,
        "text",
        [1, {"a": None}],
        {"at": pendulum.datetime(2026, 1, 2, 3, tz="UTC"), "naive": dt.datetime(2026, 1, 2)},
        dt.date(2026, 1, 2),
        dt.timedelta(minutes=3),
        decimal.Decimal("1.10"),
        {1, 2},
        b"\x00\xff",
        Path("a") / "b",
        uuid.UUID(int=5),
    ],
)
def test_values_come_back_as_they_went(value: object) -> None:
    assert results.load(str(results.xcom("k", value, "t").value)) == value


def test_lengths_are_stored_for_what_can_be_mapped_over() -> None:
    assert [results.xcom("k", each, "t").length for each in ([1, 2], {"a": 1}, "text", 5)] == [2, 1, None, None]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "the value is of type builtins.object"),
        ({"a": [object()]}, r"the value\['a'\]\[0\] is of type builtins.object"),
        ({(1, 2): 3}, "the value has a key of type builtins.tuple"),
        (float, "the value is of type builtins.type"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value: object, place: str) -> None:
    with pytest.raises(SerializationError, match=place):
        results.xcom("k", value, "t")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SerializationError, match="contains itself"):
        results.xcom("k", loop, "t")


def test_multiple_outputs_need_a_dict_with_text_keys() -> None:
    with pytest.raises(SerializationError, match="it returned a list"):
        results.returned([1], "t", multiple_outputs=True)
    with pytest.raises(SerializationError, match="it returned a dict with a key of type int"):
        results.returned({1: 2}, "t", multiple_outputs=True)
