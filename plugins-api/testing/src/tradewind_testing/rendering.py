"""Templates of a task that runs in a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Renderer"]


class Renderer:
    """Fills templates in; a name that the context has not is an error.

    Arguments:
        context: the variables.
        endings: of texts that name a template file, such as `.sql`.
        folder: where those are.
    """

    def __init__(self, context: Mapping[str, Any], endings: Sequence[str], folder: Path | None) -> None:
        loader = None if folder is None else jinja2.FileSystemLoader(str(folder))
        self._context = context
        self._endings = tuple(endings)
        # It renders the text of tasks, not pages for a browser: nothing is escaped
        self._environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701

    def render_field(self, value: Any) -> Any:
        """Return the value of a templated field, filled in; one that names a template file becomes its text."""
        if isinstance(value, str) and self._endings and value.endswith(self._endings) and self._environment.loader:
            return self._environment.get_template(value).render(self._context)
        if isinstance(value, list):
            return [self.render_field(each) for each in value]
        return self.render(value)

    def render(self, value: Any) -> Any:
        """Return a value filled in, through lists, tuples and dicts; what is none of these stays."""
        if isinstance(value, str):
            return self._environment.from_string(value).render(self._context)
        if isinstance(value, list):
            return [self.render(each) for each in value]
        if isinstance(value, tuple):
            return tuple(self.render(each) for each in value)
        if isinstance(value, dict):
            return {key: self.render(each) for key, each in value.items()}
        return value
