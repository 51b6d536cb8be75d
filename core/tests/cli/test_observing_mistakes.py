"""A daemon with a mistake in its settings of logs or metrics says so in one sentence, and starts nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "settings", "sentence"),
    [
        (
            ["standalone", "--port", "0"],
            {"METRICS__EXPORTERS": "statd"},
            "tradewind: there is no metrics exporter 'statd'; is it 'statsd'? [config-invalid]\n",
        ),
        (
            ["scheduler"],
            {"LOGS__CONFIG": "nowhere.toml"},
            "tradewind: logs.config names {home}/nowhere.toml, which cannot be read: No such file or directory. [config-invalid]\n",
        ),
        (
            ["worker"],
            {"METRICS__EXPORTERS": "otlp", "METRICS__OTLP_ENDPOINT": "collector:4318"},
            "tradewind: The metrics exporter 'otlp' cannot be opened: metrics.otlp_endpoint = 'collector:4318': {way_out}\n",
        ),
        (
            ["dag-processor"],
            {"LOGS__FORMAT": "xml"},
            "tradewind: logs.format = 'xml': write one of text, json. [config-invalid]\n",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_ends_with_one_sentence(sqlite_url, tmp_path, words, settings, sentence):
    home = tmp_path / "home"
    environ = {"TRADEWIND_HOME": str(home), "TRADEWIND__DATABASE__URL": sqlite_url}
    environ |= {f"TRADEWIND__{key}": value for key, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", *words],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        sentence.format(home=home, way_out="write a URL such as http://localhost:4318 [config-invalid]"),
    )
