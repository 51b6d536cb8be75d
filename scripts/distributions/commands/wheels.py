"""Build wheels: of what is here, or of releases, from the commits that their rows name."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from distributions.alone import build_wheel
from distributions.found import ROOT, distributions
from distributions.git import export
from distributions.rows import read_releases


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("out", type=Path, help="the folder of wheels")
    parser.add_argument("names", nargs="*", metavar="NAME", help="distributions; all by default")
    parser.add_argument("--released", action="store_true", help="build the releases of releases.toml, not what is here")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    if options.released:
        build_released(options.out, options.names)
        return
    for name, folder in distributions().items():
        if not options.names or name in options.names:
            build_wheel(ROOT / folder, options.out)


def build_released(out: Path, names: list[str]) -> None:
    """Build the wheels of all releases of these distributions, or of all. Raises ValueError where one has none."""
    rows = [each for each in read_releases() if not names or each.distribution in names]
    missing = set(names) - {each.distribution for each in rows}
    if missing:
        raise ValueError(f"releases.toml has no release of {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory(prefix="tradewind-released-") as folder:
        for each in rows:
            build_wheel(export(each.commit, distributions()[each.distribution], Path(folder) / each.tag), out)
            print(f"built {each.tag} of {each.commit[:10]}")
