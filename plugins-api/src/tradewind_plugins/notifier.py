"""``BaseNotifier``: a message to people, written once and used wherever a callback may stand.

class PagerNotifier(BaseNotifier):
    template_fields = ("message",)

    def __init__(self, message: str = "{{ ti.task_id }} is {{ ti.state }}") -> None:
        super().__init__()
        self.message = message

    def notify(self, context):
        send(self.message)

DAG(..., on_failure_callback=PagerNotifier("{{ dag.dag_id }} failed"))
"""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BaseNotifier"]

_OF_MISSED_SLAS = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")


class BaseNotifier:
    """Something that can be called with a context, and tells people of it.

    ``template_fields`` names attributes that are rendered with the context before each ``notify``. What ``notify`` raises
    has the callback called again later, as with any other callback.
    """

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()

    def __init__(self, **kwargs: Any) -> None:
        if kwargs:
            raise TradewindException(f"{type(self).__name__} has no argument {min(kwargs)!r}.")

    @property
    def log(self) -> logging.Logger:
        """The logger of the notifier's class."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__name__}")

    def notify(self, context: Any) -> None:
        """Tell people; ``context`` is the mapping of template variables, with ``exception`` and ``reason``."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it notifies.")

    def rendered(self, context: Mapping[str, Any]) -> BaseNotifier:
        """Return a copy whose templated fields are rendered; this one stays as the DAG file made it."""
        made = copy.copy(self)
        host = current() if self.template_fields else None
        for name in self.template_fields:
            if host is not None:
                setattr(made, name, host.render(getattr(self, name), context))
        return made

    def __call__(self, *given: Any) -> None:
        """Notify, with a context, or with the five arguments of Airflow's ``sla_miss_callback``."""
        if len(given) == 1:
            context = given[0]
        elif len(given) == len(_OF_MISSED_SLAS):
            context = dict(zip(_OF_MISSED_SLAS, given))  # noqa: B905 - `strict` is younger than the dialect
        else:
            raise TradewindException(
                f"{type(self).__name__} is called with a context, or with the five arguments of a missed SLA, "
                f"not with {len(given)} arguments."
            )
        self.rendered(context).notify(context)
