"""Which classes Apache Airflow 1.10.15 has, by module: `airflow_1_10.txt`, read from an installed one without importing it.

    python -m distributions.airflow_1_10 SITE-PACKAGES

writes the list. Names are facts; no code of Airflow's is kept.
"""

from __future__ import annotations

import ast
import functools
import sys
import warnings
from pathlib import Path

FILE = Path(__file__).with_name("airflow_1_10.txt")
PLACES = ("contrib/hooks", "contrib/operators", "contrib/secrets", "contrib/sensors", "hooks", "operators", "sensors")
"""Where what became providers was; what Airflow 1.10 re-exports there for older names is left out."""


@functools.cache
def modules() -> dict[str, list[str]]:
    """Return the classes of each module."""
    lines = (line.split() for line in FILE.read_text(encoding="utf-8").splitlines())
    return {module: names for module, *names in lines}


@functools.cache
def places() -> dict[str, str]:
    """Return by the name of a class where it is, `module.Name`; of several the first."""
    found: dict[str, str] = {}
    for module, names in modules().items():
        for name in names:
            found.setdefault(name, f"{module}.{name}")
    return found


def is_there(path: str) -> bool:
    """Return whether Airflow 1.10.15 has a class, given as `module.Name`."""
    module, _, name = path.rpartition(".")
    return name in modules().get(module, ())


def listed(site_packages: Path) -> str:
    """Return the list as it is to be for an installed Airflow."""
    lines = []
    for place in PLACES:
        for path in sorted((site_packages / "airflow" / place).glob("*.py")):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # old strings have escapes that are no longer written so
                body = ast.parse(path.read_text(encoding="utf-8")).body
            names = sorted(node.name for node in body if isinstance(node, ast.ClassDef) and node.name[0] != "_")
            if names:
                lines.append(" ".join([".".join(["airflow", *place.split("/"), path.stem]), *names]))
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    FILE.write_text(listed(Path(sys.argv[1])), encoding="utf-8")
