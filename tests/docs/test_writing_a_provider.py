"""The page about writing a provider is followed by a stranger: in an empty folder, from wheels, in one shell."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distributions.alone import UV, build_wheel, environment_without_ours
from distributions.found import ROOT
from docs.conftest import matches

PAGE = ROOT / "docs" / "writing-a-provider.md"
OURS = ("plugins-api", "plugins-api/testing", "core", "backport/builder")
BLOCK = re.compile(r"(?:Save this as `([^`]+)`:\n\n)?```(console|python)\n(.*?)```", re.DOTALL)
PORT = "8765"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels that a stranger would get from an index, and constraints that name them."""
    out = tmp_path_factory.mktemp("wheels")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda folder: build_wheel(ROOT / folder, out), OURS))
    names = {wheel.name.split("-")[0].replace("_", "-"): wheel for wheel in out.glob("*.whl")}
    (out / "ours.txt").write_text("".join(f"{name} @ {wheel.as_uri()}\n" for name, wheel in names.items()))
    return out


def script(page: str, out: Path) -> tuple[str, list[tuple[str, str]]]:
    """Return the page as a script for bash, and its commands with what the page shows; what each prints goes to a file."""
    lines, commands = [], []
    for name, kind, text in BLOCK.findall(page):
        if kind == "python":
            assert name, f"this Python block does not say where to save it:\n{text}"
            lines.append(f"mkdir -p $(dirname {name}) && cat > {name} <<'END OF FILE'\n{text}END OF FILE\n")
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            file = shlex.quote(str(out / str(len(commands))))
            lines.append(f"{{ {command}\n}} > {file} 2>&1 || exit 1\n")
            if command.endswith("&"):
                lines.append(f"until (echo > /dev/tcp/127.0.0.1/{PORT}) 2> {file}; do kill -0 $! || exit 1; done\n")
            commands.append((command, shown))
    return "".join(lines), commands


# uv does what pip does, in a tenth of the time; it is told where, as nox has told it of the environment of these tests
PREAMBLE = """
trap 'kill $(jobs -p) 2> /dev/null' EXIT
pip() { verb=$1; shift; uv pip "$verb" --python "$VIRTUAL_ENV/bin/python" "$@"; }
"""


@pytest.mark.long
def test_the_page_can_be_followed(tmp_path: Path, wheels: Path) -> None:
    """Every command succeeds and prints what the page shows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    text, commands = script(PAGE.read_text(encoding="utf-8"), out)
    done = subprocess.run(
        ["bash", "-c", (PREAMBLE + text).replace(PORT, port)],
        cwd=work,
        env={
            **{name: value for name, value in environment_without_ours().items() if name != "UV_PYTHON"},
            "PATH": f"{Path(UV).parent}{os.pathsep}{os.environ['PATH']}",
            "UV_FIND_LINKS": str(wheels),
            "UV_CONSTRAINT": str(wheels / "ours.txt"),
            "PIP_FIND_LINKS": str(wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "TRADEWIND_HOME": str(tmp_path / "home"),
            "COLUMNS": "160",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    printed = [(out / str(number)).read_text() for number in range(len(list(out.iterdir())))]
    wrong = [
        f"$ {command}\nthe page shows:\n{shown}\nit printed:\n{real}"
        for (command, shown), real in zip(commands, printed, strict=False)
        if not matches(shown, real)
    ]
    assert not wrong, "\n".join(wrong)
    assert (done.returncode, len(printed)) == (0, len(commands)), (
        f"{commands[len(printed) - 1]}\n{printed[-1]}{done.stderr}"
    )
