"""Templates: Jinja in the templated arguments of operators, with files relative to the DAG's folder.

The environment is not a sandbox: templates come from the DAG's author, whose code runs in the same process anyway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import jinja2
from jinja2.nativetypes import NativeEnvironment
from jinja2.runtime import Context
from jinja2.utils import missing
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag_param import DagParam

if TYPE_CHECKING:
    from tradewind_plugins.operator import BaseOperator

    from tradewind.authoring.dag import DAG


_FILTERS: dict[str, Callable[[Any], Any]] = {
    "ds": lambda moment: moment.strftime("%Y-%m-%d"),
    "ds_nodash": lambda moment: moment.strftime("%Y%m%d"),
    "ts": lambda moment: moment.isoformat(),
    "ts_nodash": lambda moment: moment.strftime("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda moment: moment.isoformat().replace("-", "").replace(":", ""),
    "fromjson": json.loads,
}


def environment(dag: DAG) -> jinja2.Environment:
    """Return the Jinja environment of ``dag``: its search path, its own macros and filters."""
    options: dict[str, Any] = {
        "loader": jinja2.FileSystemLoader([dag.folder, *dag.template_searchpath]),
        "undefined": dag.template_undefined or jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
        **dag.jinja_environment_kwargs,
    }
    kind = NativeEnvironment if dag.render_template_as_native_obj else jinja2.Environment
    found = kind(**options)
    found.globals.update(dag.user_defined_macros)
    found.filters.update(_FILTERS)
    found.filters.update(dag.user_defined_filters)
    return found


class _Variables(Context):
    """Jinja's variables, with those of the task's context that are found out when a template names them."""

    def __init__(self, later: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._of_task = later

    def resolve_or_missing(self, key: str) -> Any:
        """Return a variable, or Jinja's sign that there is none."""
        found = super().resolve_or_missing(key)
        return self._of_task[key] if found is missing and key in self._of_task else found


class Renderer:
    """Renders values of one operator: strings, files by extension, containers, outputs of other tasks.

    Args:
        dag: whose environment counts.
        context: the template variables.
        extensions: the endings of strings that name a template file, as ``template_ext`` of the operator.
        pull: how to get the value behind an output of another task.
    """

    def __init__(self, dag: DAG, context: Mapping[str, Any], extensions: Any, pull: Any) -> None:
        self._dag = dag
        self._context = context
        self._extensions = tuple(extensions)
        self._pull = pull

    def render(self, value: Any) -> Any:
        """Return ``value`` rendered; what has nothing to render is returned as it is."""
        if isinstance(value, str):
            return self._render_text(value)
        if isinstance(value, (XComArg, DagParam)):
            return self._pull(value) if isinstance(value, XComArg) else value.resolve(self._context)
        if isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return self._render_tuple(value)
        if isinstance(value, (list, set)):
            return type(value)(self.render(item) for item in value)
        return value

    def _render_tuple(self, value: tuple[Any, ...]) -> Any:
        items = [self.render(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)

    @cached_property
    def _environment(self) -> jinja2.Environment:
        """Made for the first template: most operators have none, and it is a tenth of a short task's cost."""
        found = environment(self._dag)
        found.context_class = cast("type[Context]", partial(_Variables, self._context))
        return found

    def _render_text(self, text: str) -> Any:
        if self._extensions and text.endswith(self._extensions):
            template = self._environment.get_template(text)
        elif "{" not in text and not self._dag.jinja_environment_kwargs.get("line_statement_prefix"):
            return text
        else:
            template = self._environment.from_string(text)
        return template.render(self._context)


def render_fields(operator: BaseOperator, context: Mapping[str, Any], pull: Any) -> None:
    """Replace the templated fields of ``operator`` by their rendered values.

    Raises:
        TradewindException: a template is wrong or its file is missing; the message names the field.
    """
    dag: Any = operator.dag
    renderer = Renderer(dag, context, operator.template_ext, pull)
    for name in operator.template_fields:
        setattr(operator, name, _rendered(renderer, operator, name, getattr(operator, name)))


def render_text(operator: BaseOperator, name: str, text: str, context: Mapping[str, Any]) -> Any:
    """Return a text that came up while ``operator`` ran, rendered as its field ``name`` would be.

    Raises:
        TradewindException: the template is wrong or its file is missing; the message names the field.
    """
    dag: Any = operator.dag
    return _rendered(Renderer(dag, context, operator.template_ext, None), operator, name, text)


def render_file(operator: BaseOperator, name: str, path: str, context: Mapping[str, Any]) -> str:
    """Return a template file, named by the field ``name`` of ``operator``, rendered; raises as :func:`render_text`."""
    dag: Any = operator.dag
    return str(_rendered(Renderer(dag, context, (path,), None), operator, name, path))


def _rendered(renderer: Renderer, operator: BaseOperator, name: str, value: Any) -> Any:
    try:
        return renderer.render(value)
    except jinja2.TemplateNotFound as error:
        dag: Any = operator.dag
        raise TradewindException(
            f"Task {operator.task_id!r}: the template file {error.name!r} of {name} is neither in {dag.folder} "
            "nor in template_searchpath."
        ) from error
    except jinja2.TemplateError as error:
        raise TradewindException(
            f"Task {operator.task_id!r}: the template in {name} cannot be rendered: {error.message}."
        ) from error
