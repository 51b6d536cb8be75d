"""Operators that call a function in another Python: of a virtual environment made for it, or one that is there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tradewind_plugins.decorated import DecoratedOperator, function_name
from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.host import current

from tradewind.authoring.branching import apply_branch
from tradewind.operators.other_python import SERIALIZERS, Call, find_python, source_of, split_context
from tradewind.operators.shell import Shell, environment
from tradewind.operators.virtual_environments import Wanted, python_of
from tradewind.plugins.imports import load


class OtherPythonOperator(DecoratedOperator):
    """What both kinds have in common.

    Args:
        python_callable: a function written with ``def``. It sees nothing of its DAG file: what it needs it imports inside.
            Parameters named after context variables that are plain values or moments get them.
        serializer: how arguments and result travel: ``pickle``, or ``cloudpickle`` or ``dill``, which both Pythons need then.
        string_args: texts that the function finds as the global variable ``virtualenv_string_args``.
        skip_on_exit_code: the exit code, or codes, of ``sys.exit`` that skip the task.
        env_vars: environment variables of the other Python.
        inherit_env: whether it also has those of the task.
        use_dill: the old way to say ``serializer="dill"``.
        expect_airflow, expect_pendulum: say nothing here. Known from Airflow.
        op_args, op_kwargs, templates_dict and others: see ``DecoratedOperator``.
    """

    def __init__(
        self,
        *,
        serializer: str | None = None,
        string_args: Iterable[str] | None = None,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: Mapping[str, str] | None = None,
        inherit_env: bool = True,
        use_dill: bool = False,
        expect_airflow: bool = True,
        expect_pendulum: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if use_dill:
            warnings.warn(
                f"Task {self.task_id!r}: use_dill is called serializer='dill' now", DeprecationWarning, stacklevel=4
            )
        self.serializer = "dill" if use_dill else serializer or "pickle"
        if self.serializer not in SERIALIZERS:
            raise TradewindException(
                f"Task {self.task_id!r}: serializer is one of {SERIALIZERS}, not {self.serializer!r}."
            )
        source_of(self.python_callable)  # told when the file is read, not when the task runs
        self.string_args = list(string_args or ())
        self.skip_on_exit_code = skip_on_exit_code
        self.env_vars = dict(env_vars or {})
        self.inherit_env = inherit_env
        self._shell = Shell(self.log)

    def python_path(self, context: Mapping[str, Any]) -> str:
        """Return the interpreter to call the function with."""
        raise NotImplementedError(f"{type(self).__name__} does not say which Python it uses")

    def call(self, context: Mapping[str, Any]) -> Any:
        """Call the function in the other Python and return its result.

        Raises:
            TradewindSkipException: it exited with a code of ``skip_on_exit_code``.
            TradewindException: it raised, or exited with another code but 0.
        """
        plain, moments = split_context(self.python_callable, context, self.op_kwargs)
        call = Call(
            self.python_callable,
            self.op_args,
            {**plain, **self.op_kwargs},
            moments,
            self.serializer,
            self.string_args,
        )
        env = environment(context, self.env_vars, append=self.inherit_env)
        called = call.run(self.python_path(context), self._shell, env)
        if called.exit_code == 0:
            return self.checked(called.result)
        name = function_name(self.python_callable)
        if self._skips(called.exit_code):
            raise TradewindSkipException(f"{name}() exited with code {called.exit_code}: skipping.")
        if called.failure is not None:
            raise TradewindException(f"{name}() raised {called.failure.type}: {called.failure.message}")
        raise TradewindException(f"{name}() ended its Python with exit code {called.exit_code}.")

    def _skips(self, code: int) -> bool:
        codes = self.skip_on_exit_code
        return code == codes if codes is None or isinstance(codes, int) else code in codes

    def on_kill(self) -> None:
        """Terminate the other Python and all it has started."""
        self._shell.kill()


class ExternalPythonOperator(OtherPythonOperator):
    """Calls a function with a Python that is installed on the worker already.

    Args:
        python: the path of its interpreter, or its name; templated.
        others: see :class:`OtherPythonOperator`.
    """

    template_fields: Sequence[str] = ("python", *DecoratedOperator.template_fields)

    def __init__(self, *, python: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.python = python

    def python_path(self, context: Mapping[str, Any]) -> str:
        """See :meth:`OtherPythonOperator.python_path`."""
        return find_python(os.fspath(self.python), f"Task {self.task_id!r}")


class PythonVirtualenvOperator(OtherPythonOperator):
    """Calls a function with the Python of a virtual environment, which is made once and kept for those that want the same.

    Args:
        requirements: what is installed there: a list, a text of lines, or the name of a ``.txt`` file beside the DAG; templated.
        python_version: such as ``"3.11"``; None for that of the worker.
        system_site_packages: whether it also sees what is installed with its Python.
        pip_install_options: more options of ``pip install``; with some, pip is used and not uv.
        index_urls: package indexes, the first in place of the usual one; templated.
        venv_cache_path: the folder that keeps it; None for the setting ``execution.venv_folder``; templated.
        others: see :class:`OtherPythonOperator`.
    """

    template_fields: Sequence[str] = (
        "requirements",
        "index_urls",
        "venv_cache_path",
        *DecoratedOperator.template_fields,
    )

    def __init__(
        self,
        *,
        requirements: Iterable[str] | str | None = None,
        python_version: str | float | None = None,
        system_site_packages: bool = True,
        pip_install_options: Sequence[str] | None = None,
        index_urls: Collection[str] | str | None = None,
        venv_cache_path: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        is_text = requirements is None or isinstance(requirements, str)
        self.requirements: Any = requirements if is_text else list(requirements or ())
        self.python_version = None if python_version is None else str(python_version)
        self.system_site_packages = system_site_packages
        self.pip_install_options = list(pip_install_options or ())
        self.index_urls = (
            [index_urls] if isinstance(index_urls, str) else None if index_urls is None else list(index_urls)
        )
        self.venv_cache_path = None if venv_cache_path is None else os.fspath(venv_cache_path)

    def python_path(self, context: Mapping[str, Any]) -> str:
        """See :meth:`OtherPythonOperator.python_path`."""
        wanted = Wanted(
            tuple(self._requirements(context)),
            self.python_version,
            self.system_site_packages,
            tuple(self.pip_install_options),
            None if self.index_urls is None else tuple(self.index_urls),
        )
        folder = self.venv_cache_path or current().settings("execution", "venv_folder")
        if not folder:
            raise TradewindException(f"Task {self.task_id!r}: say by venv_cache_path where its environment goes.")
        return python_of(wanted, Path(folder), self._shell)

    def _requirements(self, context: Mapping[str, Any]) -> list[str]:
        given = self.requirements or []
        if not isinstance(given, str):
            return [str(line) for line in given]
        if not given.strip().endswith(".txt"):
            return given.splitlines()
        # By name: a task has Jinja, and the processor, which may load this module before it forks, would keep 9 MB for nothing
        render_file = load("tradewind.authoring.templating:render_file", f"task {self.task_id!r}")
        text: str = render_file(self, "requirements", given.strip(), context)
        return text.splitlines()


class BranchExternalPythonOperator(ExternalPythonOperator):
    """Calls a function, with a Python that is installed, that chooses what goes on, see ``BranchPythonOperator``."""

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Call the function, have the other branches skipped, and return the choice."""
        choice = super().execute(context)
        apply_branch(context, choice)
        return choice


class BranchPythonVirtualenvOperator(PythonVirtualenvOperator):
    """Calls a function, in a virtual environment, that chooses what goes on, see ``BranchPythonOperator``."""

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Call the function, have the other branches skipped, and return the choice."""
        choice = super().execute(context)
        apply_branch(context, choice)
        return choice
