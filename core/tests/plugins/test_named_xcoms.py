"""Which storage a value goes to, and how it is found again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tradewind.config import load
from tradewind.plugins.named_xcoms import (
    DEFAULT,
    TABLE,
    VALUE,
    Rule,
    UnknownStorageError,
    XComStorages,
    open_xcom_storages,
    split,
    storage_names,
)
from tradewind.plugins.xcoms import FolderStorage
from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import TradewindConfigException

KEY = "instance=1/token=2/k.json"


class Odd(XComStorage):
    """A storage with references of its own, that cannot list them."""

    def __init__(self):
        self.kept = {}

    def put(self, key, data):
        self.kept[f"@{key}"] = data
        return f"@{key}"

    def get(self, reference):
        return self.kept[reference]

    def delete(self, reference):
        self.kept.pop(reference, None)


@pytest.fixture
def open_with(tmp_path):
    """Open the storages of these settings of [plugins]."""

    def opened(**settings):
        config = load(tmp_path, {}).config
        texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in settings.items()}
        return open_xcom_storages(replace(config, plugins=replace(config.plugins, **texts)))

    return opened


def folder(path):
    return {"storage": "folder", "location": str(path)}


def test_each_value_is_found_where_it_was_put(open_with, tmp_path):
    storages = open_with(xcom_storages={"lake": folder("{home}/lake"), "b": folder(tmp_path / "b")}).open_all()
    assert storages.names == ("default", "b", "lake")
    references = [storages.put_in(name, KEY, name.encode()) for name in storages.names]
    assert references == [KEY, f"@b/{KEY}", f"@lake/{KEY}"]
    assert (tmp_path / "lake" / KEY).read_text() == "lake"
    assert [storages.get(each).decode() for each in references] == [*storages.names]
    assert sorted(storages.references()) == sorted(references)
    storages.delete(references[1])
    assert sorted(storages.references()) == [f"@lake/{KEY}", KEY]
    with pytest.raises(KeyError):
        storages.get(references[1])
    storages.get_file(references[2], tmp_path / "got")
    assert (tmp_path / "got").read_text() == "lake"
    assert storages.put_file_in("b", KEY, tmp_path / "got") == f"@b/{KEY}"
    assert storages.put_file("a/b/c.json", tmp_path / "got") == storages.put("a/b/c.json", b"x") == "a/b/c.json"


def test_a_reference_that_looks_like_a_name_is_still_the_defaults_own():
    storages = XComStorages(Odd(), {"odd": Odd})
    references = [storages.put_in(name, "lake/x", name.encode()) for name in ("default", "odd")]
    assert references == ["@/@lake/x", "@odd/@lake/x"]
    assert [split(each) for each in references] == [("default", "@lake/x"), ("odd", "@lake/x")]
    assert [storages.get(each) for each in references] == [b"default", b"odd"]


def test_what_can_be_listed_is_listed(tmp_path):
    storages = XComStorages(Odd(), {"lake": lambda: FolderStorage(str(tmp_path))})
    reference = storages.put_in("lake", KEY, b"1")
    assert list(storages.references()) == [reference]
    with pytest.raises(NotImplementedError, match="default"):
        XComStorages(Odd()).references()


class Away(Odd):
    """A storage that cannot be reached."""

    def references(self):
        yield "first"
        raise ConnectionError("away")


def test_a_storage_that_fails_is_told_after_the_others(tmp_path, caplog):
    storages = XComStorages(Away(), {"lake": lambda: FolderStorage(str(tmp_path))})
    reference = storages.put_in("lake", KEY, b"1")
    told = storages.references()
    assert [next(told), next(told)] == ["first", reference]
    with pytest.raises(ConnectionError, match="away"):
        next(told)
    assert "the XCom storage default could not be listed: away" in caplog.text


def test_a_name_that_is_gone_is_told(open_with, tmp_path):
    reference = open_with(xcom_storages={"lake": folder(tmp_path)}).put_in("lake", KEY, b"1")
    gone = open_with(xcom_storages={"pond": folder(tmp_path)})
    for ask in (gone.get, gone.delete, lambda each: gone.get_file(each, tmp_path / "f")):
        with pytest.raises(UnknownStorageError, match=r"in the storage 'lake', .* it names pond\. Name it there again"):
            ask(reference)


RULES = [
    {"type": "table", "above": 10, "storage": "a"},
    {"above": 100, "storage": "b"},
    {"type": "value", "storage": "c"},
]


@pytest.mark.parametrize(
    ("kind", "size", "wanted", "chosen"),
    [
        (TABLE, 11, None, "a"),
        (TABLE, 10, None, DEFAULT),
        (VALUE, 101, None, "b"),
        (VALUE, 100, None, "c"),
        (VALUE, 0, "a", "a"),
        (TABLE, 1000, DEFAULT, DEFAULT),
    ],
)
def test_the_first_rule_that_holds_counts_and_what_the_task_names_before_all(open_with, kind, size, wanted, chosen):
    storages = open_with(xcom_storages={name: folder(name) for name in "abc"}, xcom_rules=RULES)
    assert storages.choose(wanted, kind, size) == chosen


def test_a_name_that_nobody_gave_is_refused(open_with):
    with pytest.raises(UnknownStorageError, match=r"xcom_storage is 'lake', .* known: default, a"):
        open_with(xcom_storages={"a": folder("a")}).choose("lake", TABLE, 1)


def test_without_settings_there_is_the_default(open_with):
    assert open_with().names == storage_names("") == ("default",)
    assert open_with().choose(None, TABLE, 10**9) == DEFAULT
    assert Rule("x").holds(TABLE, 0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"xcom_storages": "{"}, r"plugins\.xcom_storages is not JSON"),
        ({"xcom_storages": []}, r"plugins\.xcom_storages looks like \{"),
        ({"xcom_storages": {"default": folder("x")}}, "'default' cannot be a name"),
        ({"xcom_storages": {"a/b": folder("x")}}, "'a/b' cannot be a name"),
        ({"xcom_storages": {"a": {"storage": "folder"}}}, "a needs a `storage` and a `location`"),
        ({"xcom_storages": {"a": {"storage": "folder", "location": 1}}}, "both text"),
        (
            {"xcom_storages": {"a": {"storage": "owl", "location": ""}}},
            r"a is of the XCom storage 'owl', .* known: .*folder",
        ),
        ({"xcom_rules": {}}, r"plugins\.xcom_rules looks like \["),
        ({"xcom_rules": [{"above": 1}]}, "rule 1 is an object with a `storage`"),
        ({"xcom_rules": [{"storage": "default"}, {"storage": "x"}]}, r"rule 2: `storage` is 'x', .* known: default"),
        ({"xcom_rules": [{"storage": "default", "type": "frame"}]}, "`type` is 'table' or 'value', not 'frame'"),
        ({"xcom_rules": [{"storage": "default", "above": "1 MB"}]}, "`above` is a whole number of bytes, not '1 MB'"),
        ({"xcom_rules": [{"storage": "default", "size": 1}]}, "rule 1 is an object"),
    ],
)
def test_settings_that_cannot_be_read_are_named(open_with, settings, said):
    with pytest.raises(TradewindConfigException, match=said):
        open_with(**settings)
