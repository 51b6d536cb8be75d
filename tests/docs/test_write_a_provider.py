"""The page about providers is true: its files make a distribution that works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-provider.md"


@pytest.fixture
def provider(tmp_path):
    """Write the files of the page, with the metadata that an installation would leave."""
    blocks = re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, source in blocks:
        path = tmp_path / ("src" if name.startswith("tradewind_") else "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for folder in ("", "hooks", "operators"):
        (tmp_path / "src" / "tradewind_parrot" / folder / "__init__.py").touch()
    info = tmp_path / "src" / "tradewind_parrot-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tradewind-parrot\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[tradewind]\nparrot = tradewind_parrot.plugin\n")
    return tmp_path


def run(*command, **options):
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, **options)


def test_its_test_passes(provider):
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=provider, env={"PYTHONPATH": "src"})
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_what_it_declares_is_found_and_can_be_imported(provider):
    code = (
        "from tradewind.plugins.registry import open_registry\n"
        "registry = open_registry(None)\n"
        "print(registry.load('operator', 'ParrotOperator').__name__, registry.connection_type('parrot').label)"
    )
    done = run("-c", code, env={"PYTHONPATH": str(provider / "src")})
    assert done.stdout == "ParrotOperator Parrot\n", done.stderr


def test_it_keeps_to_the_dialect(provider):
    done = run("-m", "tradewind_backport_builder", "check", str(provider / "src"))
    assert (done.returncode, done.stdout) == (0, "")
