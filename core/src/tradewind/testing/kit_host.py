"""Tradewind as a host of the conformance kit: what a provider's suites run is prepared, rendered and stored by core.

Found by the kit, where it is installed, as `--tradewind-host core`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.hook import BaseHook
from tradewind_plugins.operator import BaseOperator
from tradewind_testing.kit_host import KitHost

from tradewind.authoring.context import running_in
from tradewind.authoring.dag import DAG
from tradewind.authoring.preparation import pull_argument
from tradewind.authoring.templating import Renderer
from tradewind.execution import results
from tradewind.execution.trial import Given, prepared
from tradewind.plugins.current import hook_class

DATE = datetime(2021, 1, 1, tzinfo=timezone.utc)


class CoreHost(KitHost):
    """The kit's host, with core's registry, context, templates and XComs."""

    name = "core"

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """See `Host.hook_class`."""
        return hook_class(conn_type)

    def render(self, value: Any, context: Mapping[str, Any]) -> Any:
        """See `Host.render`."""
        return Renderer(context["dag"], context, (), pull_argument).render(value)

    def stored(self, value: Any) -> Any:
        """See `KitHost.stored`."""
        return results.load(results.dump(value, "a value of the kit"))

    def prepared(self, task: BaseOperator, given: Mapping[str, Any]) -> tuple[BaseOperator, dict[str, Any]]:
        """See `KitHost.prepared`."""
        operator, context = prepared(self._in_a_dag(task), Given(given.get("logical_date", DATE)))
        return operator, {**context, **given}

    def context(self, task: BaseOperator, **given: Any) -> dict[str, Any]:
        """See `KitHost.context`."""
        return dict(self.prepared(task, given)[1])

    @contextmanager
    def running(self, context: dict[str, Any]) -> Iterator[None]:
        """See `KitHost.running`."""
        with running_in(context):
            yield

    def _in_a_dag(self, task: BaseOperator) -> BaseOperator:
        if task.dag is None:
            task.join(DAG("kit", schedule=None, template_searchpath=str(self.folder)))
        return task
