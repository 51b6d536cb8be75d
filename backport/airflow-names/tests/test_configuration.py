"""`airflow.configuration` answers in terms of `airflow.cfg`: from Tradewind, the environment, the file, Airflow's defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tradewind_airflow_names.own import settings_table
from tradewind_airflow_names.own.configuration import AirflowConfigException, AirflowConfigParser, get

FILE = """
[smtp]
smtp_host = mail.example.com
[mine]
number = 7
Share = 0.5
on = true
words = a, b
object = {"a": [1]}
home = $TRADEWIND_HOME/x
path = collections.OrderedDict
[core]
sql_alchemy_conn = postgresql://u:tiptop@db/airflow
"""


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowConfigParser]:
    for name in [each for each in os.environ if each.startswith(("AIRFLOW", "TRADEWIND__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    (tmp_path / "tradewind.toml").write_text("[executor]\nslots = 5\n[dags]\nload_examples = true\n")
    (tmp_path / "airflow.cfg").write_text(FILE)
    settings_table._config.cache_clear()
    yield AirflowConfigParser()
    settings_table._config.cache_clear()


def test_what_tradewind_has_is_its_own(
    conf: AirflowConfigParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "99")  # nobody would follow it
    monkeypatch.setenv("TRADEWIND__LOGS__LEVEL", "DEBUG")
    assert conf.get("core", "dags_folder") == str(tmp_path / "dags")
    assert conf.getint("core", "PARALLELISM") == 5
    assert conf.getboolean("core", "load_examples") is True
    assert conf.get("core", "logging_level") == "DEBUG"
    assert conf.get("celery", "default_queue") == "default"
    assert conf.get("core", "plugins_folder") == str(tmp_path / "plugins")
    assert conf.get("webserver", "base_url") == "http://127.0.0.1:8080"


def test_the_rest_is_of_the_environment_the_file_and_airflows_defaults(
    conf: AirflowConfigParser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__MINE__NUMBER", "8")
    assert conf.getint("mine", "number") == 8
    assert conf.get("smtp", "smtp_host") == "mail.example.com"
    assert conf.getint("smtp", "smtp_port") == 25
    assert conf.getfloat("mine", "share") == 0.5
    assert conf.getboolean("mine", "on") is True
    assert conf.getlist("mine", "words") == ["a", "b"]
    assert conf.getjson("mine", "object") == {"a": [1]}
    assert conf.get("mine", "home") == f"{tmp_path}/x"
    assert conf.getimport("mine", "path").__name__ == "OrderedDict"


def test_a_section_has_numbers_and_booleans(conf: AirflowConfigParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__MINE__EXTRA", "x")
    section = conf.getsection("mine")
    assert section is not None
    assert (section["number"], section["share"], section["on"], section["extra"]) == (7, 0.5, True, "x")
    assert conf.getsection("nothing") is None
    assert conf.has_section("Mine")
    assert "extra" in conf.options("mine")


def test_what_nobody_has_is_the_fallback_or_an_error(conf: AirflowConfigParser, tmp_path: Path) -> None:
    assert conf.get("mine", "nothing", fallback=None) is None
    assert conf.getint("mine", "nothing", fallback=-1) == -1
    assert not conf.has_option("mine", "nothing")
    assert conf.has_option("mine", "number")
    with pytest.raises(
        AirflowConfigException, match=r"\[mine/nothing\] not found: set AIRFLOW__MINE__NOTHING, or write nothing"
    ):
        conf.get("mine", "nothing")
    with pytest.raises(AirflowConfigException, match=r"mine\.words is 'a, b', which is not a whole number"):
        conf.getint("mine", "words")
    with pytest.raises(AirflowConfigException, match="cannot be set by code"):
        conf.set("mine", "number", "9")


@pytest.mark.parametrize(
    ("section", "key"), [("core", "SQL_ALCHEMY_CONN"), ("database", "sql_alchemy_conn"), ("core", "fernet_key")]
)
def test_secrets_are_not_handed_out(
    conf: AirflowConfigParser, monkeypatch: pytest.MonkeyPatch, section: str, key: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "tiptop")
    for fallback in ({}, {"fallback": ""}):
        with pytest.raises(
            AirflowConfigException, match=rf"{key.lower()} is a secret that Tradewind keeps from DAG files"
        ):
            conf.get(section, key, **fallback)
    everything = conf.as_dict(display_source=True, display_sensitive=True)
    assert "tiptop" not in str(everything)
    assert everything["core"]["fernet_key"] == ("< hidden >", "env var")
    assert everything["mine"]["number"] == ("7", "airflow.cfg")
    assert everything["core"]["parallelism"] == ("5", "tradewind")
    assert "sql_alchemy_conn" not in (conf.getsection("core") or {})


def test_a_file_that_cannot_be_read_is_named(conf: AirflowConfigParser, tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text("no section\n")
    with pytest.raises(AirflowConfigException, match=r"airflow\.cfg cannot be read"):
        conf.get("mine", "number")


def test_functions_of_old_warn(conf: AirflowConfigParser) -> None:
    with pytest.warns(
        DeprecationWarning, match=r"configuration\.get is an old name: import airflow\.configuration\.conf"
    ):
        assert get("core", "unit_test_mode") == "False"
