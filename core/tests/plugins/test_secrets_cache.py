"""A backend behind the cache is asked once within the time, for each name."""

from __future__ import annotations

import pytest
from tradewind.plugins import secrets_cache
from tradewind.plugins.secrets_cache import CachedBackend
from tradewind_plugins.contracts.secrets_backend import SecretsBackend


class Vault(SecretsBackend):
    def __init__(self):
        self.asked = []
        self.is_away = False

    def answer(self, *asked):
        self.asked.append(asked)
        if self.is_away:
            raise ConnectionError("away")

    def get_conn_value(self, conn_id):
        self.answer("connection", conn_id)
        return f"x://{conn_id}" if conn_id == "shop" else None

    def get_variable(self, key):
        self.answer("variable", key)
        return str(len(self.asked)) if key == "count" else None

    def get_config(self, key):
        self.answer("config", key)
        return "c"


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def cached(vault, clock):
    return CachedBackend(vault, 60, monotonic=lambda: clock[0])


def test_an_answer_counts_for_its_time(cached, vault, clock):
    assert [cached.get_variable("count") for _ in range(3)] == ["1"] * 3
    clock[0] = 59.9
    assert cached.get_variable("count") == "1"
    clock[0] = 60.0
    assert cached.get_variable("count") == "2"
    assert vault.asked == [("variable", "count")] * 2


def test_that_there_is_nothing_is_an_answer_too(cached, vault):
    assert [cached.get_connection("nothing"), cached.get_connection("nothing")] == [None, None]
    assert len(vault.asked) == 1


def test_kinds_are_kept_apart(cached, vault):
    assert cached.get_connection("shop").host == "shop"
    assert (cached.get_conn_value("shop"), cached.get_variable("shop"), cached.get_config("shop")) == (
        "x://shop",
        None,
        "c",
    )
    assert len(vault.asked) == 4


def test_what_failed_is_asked_again(cached, vault):
    vault.is_away = True
    for _ in range(2):
        with pytest.raises(ConnectionError):
            cached.get_variable("count")
    vault.is_away = False
    assert cached.get_variable("count") == "3"


def test_only_so_many_answers_are_kept_the_newest(cached, vault, monkeypatch):
    monkeypatch.setattr(secrets_cache, "MOST", 2)
    for key in ("a", "b", "c", "b", "c", "a"):
        cached.get_variable(key)
    assert [key for _, key in vault.asked] == ["a", "b", "c", "a"]


def test_its_repr_says_whose_answers_they_are(cached):
    assert repr(cached).startswith("CachedBackend(<")
