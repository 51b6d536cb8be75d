"""The operator for HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradewind_plugins.callables import context_arguments
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_http.exceptions import HttpErrorException
from tradewind_http.hooks.http import HttpHook, auth_path
from tradewind_http.responses import as_json, from_json
from tradewind_http.triggers.http import HttpTrigger

if TYPE_CHECKING:
    import requests

__all__ = ["HttpOperator", "SimpleHttpOperator"]


class HttpOperator(BaseOperator):
    """Make a request.

    The result is the text of the response, or what `response_filter` makes of it.

    Arguments:
        endpoint: the path below the connection's host (templated).
        method: the HTTP method.
        data: parameters of the URL for GET and HEAD, else the body: a dict is sent as a form (templated).
        headers: over those of the connection (templated).
        pagination_function: gets a response, and returns what the next request differs in (any of `endpoint`, `data`,
            `headers`, `extra_options`), or nothing at the last page. With it the result is a list, and `response_check`
            and `response_filter` get the list of responses.
        response_check: gets the response, and those context variables that it has parameters for; the task fails
            unless it returns something true.
        response_filter: gets the same; what it returns is the result.
        extra_options: `timeout`, `verify`, `stream`, `allow_redirects`, `proxies`, `cert`, `check_response` …
        request_kwargs: `json`, `params`, `files`, `cookies` as of `requests.Request`.
        http_conn_id: the connection.
        log_response: write the text of the response to the log.
        auth_type: an authentication class of requests' kind, in place of basic authentication.
        tcp_keep_alive, tcp_keep_alive_idle, tcp_keep_alive_count, tcp_keep_alive_interval: as of the hook.
        deferrable: make the request in a triggerer, and keep no worker waiting; it may be made twice then.
        retry_args: ask again, as the hook's `run_with_advanced_retry` does; None asks once.
    """

    template_fields: Sequence[str] = ("endpoint", "data", "headers")
    template_fields_renderers: Mapping[str, str] = {"headers": "json", "data": "py"}
    ui_color = "#f4e3d0"

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        method: str = "POST",
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        pagination_function: Callable[..., Any] | None = None,
        response_check: Callable[..., Any] | None = None,
        response_filter: Callable[..., Any] | None = None,
        extra_options: Mapping[str, Any] | None = None,
        request_kwargs: Mapping[str, Any] | None = None,
        http_conn_id: str = "http_default",
        log_response: bool = False,
        auth_type: Any = None,
        tcp_keep_alive: bool = True,
        tcp_keep_alive_idle: int = 120,
        tcp_keep_alive_count: int = 20,
        tcp_keep_alive_interval: int = 30,
        deferrable: bool = False,
        retry_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.method = method
        self.data = {} if data is None else data
        self.headers = headers or {}
        self.pagination_function = pagination_function
        self.response_check = response_check
        self.response_filter = response_filter
        self.extra_options = extra_options or {}
        self.request_kwargs = request_kwargs or {}
        self.http_conn_id = http_conn_id
        self.log_response = log_response
        self.auth_type = auth_type
        self.tcp_keep_alive = tcp_keep_alive
        self.tcp_keep_alive_idle = tcp_keep_alive_idle
        self.tcp_keep_alive_count = tcp_keep_alive_count
        self.tcp_keep_alive_interval = tcp_keep_alive_interval
        self.deferrable = deferrable
        self.retry_args = retry_args

    @property
    def hook(self) -> HttpHook:
        """The client of the connection."""
        return HttpHook(
            self.method,
            self.http_conn_id,
            self.auth_type,
            self.tcp_keep_alive,
            self.tcp_keep_alive_idle,
            self.tcp_keep_alive_count,
            self.tcp_keep_alive_interval,
        )

    def execute(self, context: Any) -> Any:
        """Make the request, and those for further pages.

        Raises:
            TradewindException: it failed, or `response_check` refuses the response.
        """
        request = {
            "endpoint": self.endpoint,
            "data": self.data,
            "headers": self.headers,
            "extra_options": self.extra_options,
        }
        if self.deferrable:
            self._defer(request, [])
        return self._go_on(context, request, [], self._ask(request))

    def execute_complete(
        self,
        context: Any,
        event: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
        earlier: Sequence[Mapping[str, Any]] = (),
    ) -> Any:
        """Go on with the response that a trigger has got.

        Arguments:
            context: the variables of the task.
            event: what the trigger tells.
            request: what was asked.
            earlier: the pages before, as JSON.
        """
        if event["status"] != "success":
            status = event.get("status_code")
            raise HttpErrorException(event["message"], status) if status else TradewindException(event["message"])
        pages = [from_json(dict(page)) for page in earlier]
        return self._go_on(context, dict(request or {}), pages, from_json(dict(event["response"])))

    def _go_on(
        self, context: Any, request: dict[str, Any], pages: list[requests.Response], page: requests.Response
    ) -> Any:
        """Ask for the pages that follow, and return the result of all."""
        if self.pagination_function is None:
            return self.process_response(context, page)
        while True:
            pages = [*pages, page]
            changes = self.pagination_function(page)
            if not changes:
                return self.process_response(context, pages)
            request = _changed(request, changes)
            if self.deferrable:
                self._defer(request, pages)
            page = self._ask(request)

    def process_response(self, context: Any, response: Any) -> Any:
        """Check a response, or a list of them, and return the result.

        Raises:
            TradewindException: `response_check` refuses it.
        """
        if self.log_response:
            for each in response if isinstance(response, list) else [response]:
                self.log.info("%s", each.text)
        if self.response_check is not None and not _called(self.response_check, response, context):
            raise TradewindException(
                f"task {self.task_id!r}: response_check refuses what {self.method} {self.endpoint or ''} "
                f"of connection {self.http_conn_id!r} answered"
            )
        if self.response_filter is not None:
            return _called(self.response_filter, response, context)
        return [each.text for each in response] if isinstance(response, list) else response.text

    def _ask(self, request: Mapping[str, Any]) -> requests.Response:
        if self.retry_args is None:
            return self.hook.run(**request, **self.request_kwargs)
        return self.hook.run_with_advanced_retry(self.retry_args, **request, **self.request_kwargs)

    def _defer(self, request: Mapping[str, Any], pages: Sequence[requests.Response]) -> None:
        self.defer(
            trigger=HttpTrigger(
                http_conn_id=self.http_conn_id,
                auth_type=auth_path(self.auth_type),
                method=self.method,
                request_kwargs=self.request_kwargs,
                retry_args=self.retry_args,
                **request,
            ),
            method_name="execute_complete",
            kwargs={"request": dict(request), "earlier": [as_json(page) for page in pages]},
        )


class SimpleHttpOperator(HttpOperator):
    """The old name of `HttpOperator`."""


def _called(function: Callable[..., Any], response: Any, context: Any) -> Any:
    return function(response, **context_arguments(function, (response,), {}, context))


def _changed(request: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of the next page: dicts are filled up, all else is replaced.

    Raises:
        TradewindException: the pagination function names something that a request does not have.
    """
    unknown = sorted(set(changes) - set(request))
    if unknown:
        raise TradewindException(
            f"pagination_function returned {unknown[0]!r}; the next request may differ in {', '.join(request)}"
        )
    merged = dict(request)
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged[name], dict)
        merged[name] = {**merged[name], **value} if both else value
    return merged
