"""Arguments as JSON to be shown."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from enum import Enum
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind import BaseOperator
from tradewind.serialization.display import displayed


class Colour(Enum):
    RED = "red"


class Plain:
    pass


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Colour.RED, "red"),
        (PurePosixPath("/a/b"), "/a/b"),
        (timedelta(minutes=1), {"__seconds": 60.0}),
        (Plain(), {"__type": f"{__name__}:Plain"}),
        (Plain, {"__class": f"{__name__}:Plain"}),
        (os.path.join, {"__call": "posixpath:join"}),
        (lambda: None, {"__call": f"{__name__}:<lambda>"}),
        ({3, 1, 2, "a"}, [1, 2, 3, "a"]),
        (float("nan"), {"__number": "nan"}),
        (b"bytes", {"__type": "builtins:bytes"}),
        ({1: (2,)}, {"1": [2]}),
        (range(3), {"__type": "builtins:range"}),
    ],
)
def test_markers(value, shown):
    assert displayed(value) == shown


def test_outputs_are_shown_as_such():
    assert displayed([BaseOperator(task_id="a").output["k"]]) == [{"__xcom": ["a", "k"]}]


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "api_key", "apiKey", "auth_token", "client_secret"])
def test_what_is_named_like_a_secret_is_hidden(name):
    assert displayed({"inner": {name: "hunter2"}}) == {"inner": {name: "***"}}
    assert displayed("hunter2", name) == "***"


def test_long_values_are_cut():
    assert displayed("x" * 5000).endswith("… (5000 characters)")
    assert displayed(list(range(1000)))["__more"] == 800


def test_a_value_that_holds_itself_ends():
    value: list = []
    value.append(value)
    assert "builtins:list" in json.dumps(displayed(value))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.timedeltas(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.frozensets(st.text()),
)


@given(VALUES)
def test_everything_becomes_json(value):
    json.dumps(displayed(value), allow_nan=False)
