"""Where a drawing of a graph goes: to the terminal, into a file by its ending, or through Graphviz."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tradewind.cli.errors import CommandError
from tradewind.operations.dags.drawing import FORMATS

BY_SUFFIX = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".txt": "text"}
DRAWN_BY_GRAPHVIZ = (".svg", ".png", ".pdf")


def add_drawing_options(parser: argparse.ArgumentParser) -> None:
    """Add `--format` and `--save`."""
    parser.add_argument("--format", choices=FORMATS, help="how to write it (default: dot)")
    parser.add_argument(
        "-s", "--save", type=Path, metavar="FILE", help="write it there; .svg, .png and .pdf need Graphviz"
    )


def write_drawing(draw: Callable[[str], str], options: argparse.Namespace) -> None:
    """Write a drawing where the options of `add_drawing_options` say.

    Arguments:
        draw: returns the drawing in one of `FORMATS`.
    Raises:
        CommandError: a file without a known ending, or no Graphviz.
    """
    if options.save is None:
        sys.stdout.write(draw(options.format or "dot"))
        return
    suffix = options.save.suffix.lower()
    if suffix in DRAWN_BY_GRAPHVIZ:
        _draw_by_graphviz(draw("dot"), options.save, suffix[1:])
    elif options.format or suffix in BY_SUFFIX:
        options.save.write_text(draw(options.format or BY_SUFFIX[suffix]), encoding="utf-8")
    else:
        known = ", ".join((*BY_SUFFIX, *DRAWN_BY_GRAPHVIZ))
        raise CommandError(
            f"{options.save} says no format: end it with one of {known}, or give --format.",
            exit_code=2,
            error_id="wrong-usage",
        )
    print(f"{options.save} is written.")


def _draw_by_graphviz(text: str, path: Path, style: str) -> None:
    program = shutil.which("dot")
    if program is None:
        raise CommandError(
            f"Drawing {path.name} needs Graphviz: install its package (graphviz), or save to a file ending in .dot.",
            error_id="program-missing",
        )
    done = subprocess.run(  # noqa: S603 - Graphviz, found by its name
        [program, f"-T{style}", "-o", str(path)], input=text.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise CommandError(
            f"Graphviz could not write {path}: {done.stderr.decode(errors='replace').strip()}",
            error_id="program-failed",
        )
