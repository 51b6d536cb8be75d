"""What a line says: text and JSON, what it is about, levels by logger, and never a secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from tradewind.config import ConfigError, load
from tradewind.daemon_log import configure_log
from tradewind.daemon_log.about import about
from tradewind.daemon_log.lines import JsonLines, TextLines, tell_formatters

TRY = about(dag_id="shop", run_id="one two", task_id="pay", map_index=3, try_number=2)


def record(message, *args, extra=None, error=None):
    made = logging.getLogger("tradewind.x").makeRecord(
        "tradewind.x", logging.WARNING, "f", 1, message, args, error and (type(error), error, None), extra=extra
    )
    made.created, made.msecs = 1767323045.123, 123
    return made


@pytest.fixture
def told():
    yield lambda *secrets: tell_formatters("scheduler", secrets)
    tell_formatters("", ())


@pytest.mark.parametrize(
    ("extra", "end"),
    [
        ({}, "message 7"),
        (about(dag_id="shop"), "message 7 [dag=shop]"),
        (about(dag_id="shop", run_id="one"), "message 7 [dag=shop run=one]"),
        (TRY, "message 7 [dag=shop run=one two task=pay[3] try=2]"),
        (
            about(dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=0),
            "message 7 [dag=d run=r task=t try=0]",
        ),
    ],
)
def test_text_says_behind_the_message_what_it_is_about(extra, end):
    line = TextLines().format(record("message %d", 7, extra=extra))
    assert line.endswith(f".123 WARNING tradewind.x: {end}")


def test_json_is_one_object_a_line_with_fields_and_the_exception(told):
    told()
    line = JsonLines().format(record("two\nlines %s", "ü", extra=TRY, error=ValueError("no\nway")))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("pid") > 0
    assert found == {
        "time": "2026-01-02T03:04:05.123Z",
        "level": "WARNING",
        "logger": "tradewind.x",
        "message": "two\nlines ü",
        "process": "scheduler",
        "dag_id": "shop",
        "run_id": "one two",
        "task_id": "pay",
        "map_index": 3,
        "try_number": 2,
        "exception": "ValueError: no\nway",
    }


@pytest.mark.parametrize("formatter", [TextLines, JsonLines])
def test_secrets_of_the_configuration_are_in_no_line(told, formatter):
    told("hidden", "hidden%21")
    error = ValueError("postgresql://u:hidden%21@h/d")
    line = formatter().format(record("it is hidden in %s", "hidden%21", error=error))
    assert "hidden" not in line
    assert line.count("***") == 3


WRITER = """
import logging, sys
from pathlib import Path
from tradewind.config import load
from tradewind.daemon_log import configure_log

configure_log(load(Path(sys.argv[1])).config, process="worker")
url = "postgresql+psycopg://someone:p%40ss@db/tradewind"
logging.getLogger("tradewind.parsing.child").debug("deep %s p@ss", url)
logging.getLogger("tradewind.scheduling").debug("not said")
logging.getLogger("sqlalchemy.engine").info("not said")
logging.getLogger("sqlalchemy.engine").warning("said key-of-fernet and token-of-otlp")
try:
    raise RuntimeError(url)
except RuntimeError:
    logging.getLogger("other").exception("failed")
"""


def test_a_process_writes_at_the_levels_of_its_loggers_and_masks_what_is_configured(tmp_path):
    (tmp_path / "tradewind.toml").write_text(
        '[database]\nurl = "postgresql+psycopg://someone:p%40ss@db/tradewind"\n'
        '[security]\nfernet_key = "key-of-fernet"\n'
        '[metrics]\notlp_headers = ["authorization=token-of-otlp"]\n'
        '[logs]\nformat = "json"\nlevels = ["tradewind.parsing=DEBUG", "sqlalchemy = warning"]\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True, env={}
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["message"] for line in lines] == [
        "deep postgresql+psycopg://someone:***@db/tradewind ***",
        "said *** and ***",
        "failed",
    ]
    assert lines[2]["exception"].endswith("RuntimeError: postgresql+psycopg://someone:***@db/tradewind")
    assert {line["process"] for line in lines} == {"worker"}


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("level", "LOUD", "logs.level = 'LOUD' is no level: write one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        ("levels", ("tradewind",), "logs.levels has 'tradewind': write LOGGER=LEVEL, such as tradewind.parsing=DEBUG."),
        ("levels", ("a=loud",), "logs.levels, a = 'loud' is no level"),
        ("format", "xml", "logs.format = 'xml': write one of text, json."),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, key, value, sentence):
    with pytest.raises(ConfigError) as raised:
        configure_log(load(tmp_path, {}, {("logs", key): value}).config)
    assert sentence in str(raised.value)
