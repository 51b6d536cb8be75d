"""The key that signs cookies: kept in the home, and the same on all servers that live."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from tradewind.access.secret_key import KEY_FILE, KeyDiffersError, Presence, fingerprint, open_key
from tradewind.config import load
from tradewind.config.errors import ConfigError

KEY = "a key of some length and no other"


def test_it_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    config = load(tmp_path, {}).config
    key = open_key(config)
    assert len(key) >= 32
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert open_key(config) == key
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


def test_the_configuration_has_the_last_word(tmp_path: Path) -> None:
    assert open_key(load(tmp_path, {"TRADEWIND__WEB__SECRET_KEY": KEY}).config) == KEY
    assert not (tmp_path / KEY_FILE).exists()
    with pytest.raises(ConfigError, match=r"web\.secret_key is no key"):
        open_key(load(tmp_path, {"TRADEWIND__WEB__SECRET_KEY": "short"}).config)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch(mode=0o000)
    with pytest.raises(ConfigError, match="cannot be made or read"):
        open_key(load(tmp_path, {}).config)


def test_a_server_with_another_key_is_refused_while_one_lives(database, clock) -> None:
    first = Presence(database, KEY, server="one", now=clock.now)
    first.begin()
    second = Presence(database, KEY, server="two", now=clock.now)
    second.begin()
    other = Presence(database, f"{KEY}!", server="three", now=clock.now)
    with pytest.raises(KeyDiffersError, match=r"give all web servers the same web\.secret_key") as error:
        other.begin()
    assert KEY not in str(error.value)
    for each in (first, second):
        each.end()
    other.begin()
    other.end()


def test_a_server_that_was_killed_stands_in_nobodys_way_after_a_minute(database, clock) -> None:
    killed = Presence(database, KEY, server="one", now=clock.now)
    killed.begin()
    killed._is_over.set()  # it tells nothing any more, and has not said that it ends
    other = Presence(database, f"{KEY}!", server="two", now=clock.now)
    clock.ahead = timedelta(seconds=61)
    other.begin()
    other.end()


def test_what_is_stored_does_not_give_the_key_away(database, clock) -> None:
    presence = Presence(database, KEY, server="one", now=clock.now)
    presence.begin()
    with database.read() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM web_server").all()
    presence.end()
    assert KEY not in repr(row)
    assert fingerprint(KEY) in row
    assert fingerprint(KEY) != fingerprint(f"{KEY}!")
