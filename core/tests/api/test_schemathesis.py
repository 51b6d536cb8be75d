"""Schemathesis reads the document and asks for everything in it: no fault, no status and no shape that is not documented."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="it needs Python 3.11")

EXAMPLES = os.environ.get("TRADEWIND_TEST_SCHEMATHESIS", "2")  # of each operation; `nox -s schemathesis` asks for more
PHASES = os.environ.get("TRADEWIND_TEST_SCHEMATHESIS_PHASES", "examples,fuzzing,stateful")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,use_after_free"
)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_whole_document_holds_on_a_running_server(server: str, tmp_path: Path) -> None:
    words = [
        "run",
        f"{server}/openapi.json",
        "--phases",
        PHASES,
        "--checks",
        CHECKS,
        "--max-examples",
        EXAMPLES,
        "--seed",
        "7",
    ]
    done = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", *words, "--no-color"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, wrong(done.stdout) + done.stderr[-2000:]


def wrong(told: str) -> str:
    """Return the part of the report that says what is wrong; the rest is warnings about data that it did not find."""
    found = min((place for place in map(told.find, ("= ERRORS =", "= FAILURES =")) if place >= 0), default=-8000)
    return told[found:][:12_000]
