"""Download the wheels whose example DAGs are recorded, without what they need: `python wheels.py FOLDER`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.examples import WHEELS


def download(folder: Path) -> None:
    """Have pip download the wheels that are not there yet.

    Raises:
        subprocess.CalledProcessError: pip could not.
    """
    with tempfile.TemporaryDirectory() as place:  # this environment may have been made without pip
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        pip = [f"{place}/bin/python", "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        # One by one: pip refuses two versions of one distribution in one call
        for wheel in (wheel for wheel, name in WHEELS.items() if not (folder / name).exists()):
            subprocess.run([*pip, "--ignore-requires-python", "--dest", str(folder), wheel], check=True)


if __name__ == "__main__":
    download(Path(sys.argv[1]))
