"""The cookbook of the REST API: its commands, in one shell, on a `tradewind standalone`; its Python beside them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs/how-to/use-the-rest-api.md").read_text()
PLACE = "http://localhost:8080"
MARK = "--- next ---"


@pytest.mark.long
def test_the_cookbook_holds(tmp_path: Path, standalone: Callable[..., Any]) -> None:
    dag, client = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    system = standalone(tmp_path, {"shop.py": dag})
    steps = [
        part.partition("\n")[::2]
        for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]
    program = f'tradewind() {{ {shlex.quote(sys.executable)} -m tradewind "$@"; }}\n'
    python = f"{shlex.quote(sys.executable)} - <<'END'\n{client}END"
    lines = [*(command for command, _ in steps), python]
    script = program + "".join(f"{line}\necho\necho '{MARK}'\n" for line in lines)
    done = subprocess.run(
        ["bash", "-u", "-c", script.replace(PLACE, system.url)],
        env=system.environment | {"COLUMNS": "200"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout.split(f"{MARK}\n")
    assert len(said) == len(lines) + 1, done.stderr
    for (command, wanted), real in zip(steps, said, strict=False):
        pattern = ".*".join(re.escape(part) for part in wanted.strip().split("…"))
        assert re.search(pattern, real, re.DOTALL), f"{command}\nshows\n{real}{done.stderr}\nin place of\n{wanted}"
    assert re.search(r"order_17 (queued|running|success)", said[len(steps)]), said[len(steps)] + done.stderr
