"""Calling a function in another Python: its source, its arguments and its result go through files.

Arguments and result are pickled (or with cloudpickle or dill, which both sides need then) between two processes of the same
task: what is unpickled here was made by the author's own function.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from tradewind_plugins.decorated import function_name
from tradewind_plugins.exceptions import TradewindException

from tradewind.operators import called_script
from tradewind.operators.shell import Shell

SERIALIZERS: Final = ("pickle", "cloudpickle", "dill")
PLAIN_CONTEXT: Final = frozenset(
    (
        "ds",
        "ds_nodash",
        "map_index_template",
        "next_ds",
        "next_ds_nodash",
        "params",
        "prev_ds",
        "prev_ds_nodash",
        "run_id",
        "run_type",
        "task_instance_key_str",
        "templates_dict",
        "test_mode",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "yesterday_ds",
        "yesterday_ds_nodash",
    )
)
"""Context variables that are plain values."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What the function raised there."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call: the exit code, and where that is 0 the result, else the exception, if there was one."""

    exit_code: int
    result: Any = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function to call elsewhere, and with what.

    Args:
        function: written with ``def``; it can use nothing around it, so it imports what it needs inside.
        args, kwargs: its arguments.
        moments: more arguments by keyword, that are moments.
        serializer: one of ``SERIALIZERS``.
        string_args: texts that the function finds as ``virtualenv_string_args``.
    """

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    moments: Mapping[str, datetime]
    serializer: str
    string_args: Sequence[str]

    def run(self, python: str, shell: Shell, env: Mapping[str, str]) -> Called:
        """Call it with that Python, its output in the task's log.

        Raises:
            TradewindException: the arguments or the result cannot be pickled.
        """
        serializer = _module(self.serializer)
        with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
            place = Path(folder)
            self._write(place, serializer)
            code, _ = shell.run_program([python, str(place / _SCRIPT.name), folder], folder, env)
            if code:
                return Called(code, failure=_failure(place / "error.json"))
            return Called(0, result=self._result(place / "result", serializer))

    def _write(self, place: Path, serializer: Any) -> None:
        name = function_name(self.function)
        about = {
            "name": name,
            "serializer": self.serializer,
            "string_args": [str(each) for each in self.string_args],
            "moments": {name: _text(moment) for name, moment in self.moments.items()},
        }
        # Copied, as Python searches modules beside a script, and ours have neighbours that are called as some of its own
        shutil.copyfile(_SCRIPT, place / _SCRIPT.name)
        (place / "call.json").write_text(json.dumps(about), encoding="utf-8")
        (place / "function.py").write_text(source_of(self.function), encoding="utf-8")
        try:
            data = serializer.dumps((tuple(self.args), dict(self.kwargs)), protocol=4)
        except Exception as error:  # what user's classes raise when they are pickled
            raise TradewindException(
                f"The arguments of {name}() cannot be written with {self.serializer} for the other Python: {error}"
            ) from error
        (place / "call").write_bytes(data)

    def _result(self, path: Path, serializer: Any) -> Any:
        if not path.exists():  # it ended by sys.exit(0)
            return None
        try:
            return serializer.loads(path.read_bytes())
        except Exception as error:  # what user's classes raise, or that they are not here
            raise TradewindException(
                f"The result of {function_name(self.function)}() cannot be read with {self.serializer} here: {error}. "
                "Return plain values."
            ) from error


_SCRIPT = Path(called_script.__file__)


def source_of(function: Callable[..., Any]) -> str:
    """Return the source of a function without its decorators, to stand in a module of its own.

    Raises:
        TradewindException: it is a lambda, or its source is not to be had.
    """
    name = function_name(function)
    try:
        lines = textwrap.dedent(inspect.getsource(function)).splitlines(keepends=True)
        tree = ast.parse("".join(lines))
    except (OSError, TypeError, SyntaxError) as error:
        raise TradewindException(f"The source of {name} cannot be read, for another Python: {error}") from error
    if not tree.body or not isinstance(tree.body[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise TradewindException(f"{name} cannot be called by another Python: write the function with def.")
    # Annotations may name what is not there, and are not needed
    return "from __future__ import annotations\n" + "".join(lines[tree.body[0].lineno - 1 :])


def split_context(
    function: Callable[..., Any], context: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, datetime]]:
    """Return what the function gets of the context: plain values, and moments.

    Args:
        own: the author's arguments by keyword, which win.

    Raises:
        TradewindException: it has a parameter for something that cannot leave this process, such as ``ti``.
    """
    parameters = inspect.signature(function).parameters
    takes_all = any(each.kind == each.VAR_KEYWORD for each in parameters.values())
    wanted = {name for name in context if (takes_all or name in parameters) and name not in own}
    moments = {name: context[name] for name in wanted if isinstance(context[name], datetime)}
    plain = {name: context[name] for name in wanted & PLAIN_CONTEXT if name not in moments}
    refused = sorted(name for name in wanted - plain.keys() - moments.keys() if name in parameters)
    refused = [
        name for name in refused if context[name] is not None and parameters[name].default is inspect.Parameter.empty
    ]
    if refused:
        raise TradewindException(
            f"{function_name(function)}() has a parameter {refused[0]!r}, which cannot be handed to another Python: "
            "hand over what you need of it, as a template."
        )
    if "params" in plain:
        plain["params"] = dict(plain["params"])
    return plain, moments


def find_python(python: str, where: str) -> str:
    """Return the path of an interpreter given by its path or its name.

    Raises:
        TradewindException: there is none.
    """
    found = shutil.which(python)
    if found is None:
        raise TradewindException(f"{where}: there is no Python {python!r} on this machine.")
    return found


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TradewindException(
            f"serializer={name!r} needs the package {name} here and in the other Python: `pip install {name}`."
        ) from error


def _text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _failure(path: Path) -> Failure | None:
    return Failure(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
