"""Write all generated parts."""

from __future__ import annotations

import argparse

from distributions import generated
from distributions.parts import generated_page, generated_parts


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=_run)


def _run(_options: argparse.Namespace) -> None:
    generated.write([*generated_parts(), generated_page()])
