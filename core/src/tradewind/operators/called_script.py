"""Run by another Python, which may be as old as 3.7 and has nothing of ours installed: calls one function of a DAG file.

    python called_script.py FOLDER

FOLDER holds `function.py`, the function's source, `call.json`, how to call it, and `call`, with what. The result goes to
`result`, an exception to `error.json`, its traceback to stderr.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def main(folder: Path) -> int:
    """Call the function and write what came of it; return the exit code."""
    about = json.loads((folder / "call.json").read_text(encoding="utf-8"))
    try:
        serializer = importlib.import_module(about["serializer"])
        args, kwargs = serializer.loads((folder / "call").read_bytes())
        kwargs.update({name: _moment(text) for name, text in about["moments"].items()})
        result = _function(folder / "function.py", about)(*args, **kwargs)
        (folder / "result").write_bytes(serializer.dumps(result, protocol=4))
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:  # noqa: BLE001 - whatever the author's function raises is told to its task
        traceback.print_exc()
        told = {"type": type(error).__name__, "message": str(error)}
        (folder / "error.json").write_text(json.dumps(told), encoding="utf-8")
        return 1
    return 0


def _function(path: Path, about: dict[str, Any]) -> Callable[..., Any]:
    """Return the function, defined in a module of its own."""
    names = {
        "__name__": "__tradewind_function__",
        "__file__": str(path),
        "virtualenv_string_args": about["string_args"],
    }
    source = path.read_text(encoding="utf-8")
    exec(compile(source, str(path), "exec"), names)  # noqa: S102 - the author's function, in a process of its own
    function: Callable[..., Any] = names[about["name"]]
    return function


def _moment(text: str) -> datetime:
    """Return a moment given in UTC as pendulum's, where there is one, else as a datetime."""
    plain = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
    try:
        moment: datetime = importlib.import_module("pendulum").instance(plain)
    except ImportError:
        return plain
    return moment


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
