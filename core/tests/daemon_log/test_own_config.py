"""A logging configuration of one's own takes the place of ours; a mistake in it is one sentence, and nothing starts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tradewind.config import ConfigError
from tradewind.daemon_log.own_config import apply_own_config

OWN = """
LOGGING = {
    "version": 1,
    "formatters": {
        "lines": {"()": "tradewind.daemon_log.lines.JsonLines"},
        "short": {"format": "%(levelname)s %(message)s %(dag_id)s"},
    },
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": "own.log", "formatter": "lines"},
        "screen": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "short"},
    },
    "loggers": {"quiet": {"level": "ERROR"}},
    "root": {"level": "INFO", "handlers": ["file", "screen"]},
}
WRONG = {"handlers": {"x": {"class": "no.such.Handler"}}}
"""
SAYS = """
import logging, sys
log, quiet = logging.getLogger("tradewind.before"), logging.getLogger("quiet")
from pathlib import Path
from tradewind.config import ConfigError, load
from tradewind.daemon_log import configure_log

try:
    configure_log(load(Path.cwd()).config, process="scheduler")
except ConfigError as error:
    sys.exit(f"one sentence: {error}")
log.info("hello %s", "pass-of-db", extra={"dag_id": "shop"})
quiet.warning("not said")
"""


def say(folder, config):
    (folder / "own_logging.py").write_text(OWN)
    environ = {
        "TRADEWIND__LOGS__CONFIG": config,
        "TRADEWIND__DATABASE__URL": "postgresql://u:pass-of-db@h/d",
        "PYTHONPATH": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-c", SAYS], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def test_it_says_where_lines_go_and_they_are_masked_all_the_same(tmp_path):
    done = say(tmp_path, "own_logging:LOGGING")
    assert (done.returncode, done.stderr) == (0, "INFO hello *** shop\n")
    [line] = [json.loads(line) for line in (tmp_path / "own.log").read_text().splitlines()]
    assert (line["message"], line["process"], line["dag_id"]) == ("hello ***", "scheduler", "shop")


def test_it_may_be_a_file_of_toml(tmp_path):
    (tmp_path / "logging.toml").write_text(
        '[handlers.screen]\nclass = "logging.StreamHandler"\n[root]\nlevel = "INFO"\nhandlers = ["screen"]\n'
    )
    assert say(tmp_path, "logging.toml").stderr == "hello ***\nnot said\n"


def test_a_mistake_that_logging_finds_is_one_sentence_of_the_process(tmp_path):
    done = say(tmp_path, "own_logging:WRONG")
    assert done.returncode == 1
    sentence = (
        "one sentence: logs.config = own_logging:WRONG is no logging configuration: Unable to configure handler 'x': "
    )
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("own_words", "logs.config = own_words: write package.module:NAME, or the path of a .toml or .json file."),
        ("no_such:NAME", "the module no_such cannot be imported: ModuleNotFoundError: No module named 'no_such'"),
        ("own_words:LOGING", "logs.config = own_words:LOGING: the module own_words has no LOGING."),
        ("own_words:NOT_A_DICT", "that is a int; logging is configured by a dict."),
        ("absent.json", "absent.json, which cannot be read: No such file or directory."),
        ("broken.json", "broken.json, which is not valid JSON: "),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, monkeypatch, config, sentence):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "own_words.py").write_text("NOT_A_DICT = 7")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_words", raising=False)
    with pytest.raises(ConfigError) as raised:
        apply_own_config(config, tmp_path)
    assert sentence in str(raised.value)
