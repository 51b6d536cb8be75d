"""The page about testing DAGs: its files are saved, and its command prints what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-dags.md"


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    page = PAGE.read_text()
    (tmp_path / "dags").mkdir()
    files = re.findall(r"Save this as `([^`]+)`:\n\n```python\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in files] == ["dags/orders.py", "test_orders.py"]
    for name, text in files:
        (tmp_path / name).write_text(text)
    shown = re.search(r"\$ pytest (.*)\n", page)
    assert shown is not None
    command = [sys.executable, "-m", "pytest", *shown.group(1).split()]
    home = {"TRADEWIND_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | home, capture_output=True, text=True, check=False)
    assert "5 passed in " in done.stdout, done.stdout + done.stderr
