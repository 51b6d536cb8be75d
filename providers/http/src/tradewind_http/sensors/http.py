"""The sensor for HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tradewind_plugins.callables import context_arguments
from tradewind_plugins.sensor import BaseSensor, PokeReturnValue

from tradewind_http.exceptions import HttpErrorException
from tradewind_http.hooks.http import HttpHook, auth_path
from tradewind_http.triggers.http import HttpSensorTrigger

__all__ = ["HttpSensor"]


class HttpSensor(BaseSensor):
    """Wait until a request is answered without an error, and as `response_check` wants it.

    Arguments:
        endpoint: the path below the connection's host (templated).
        http_conn_id: the connection.
        method: the HTTP method.
        request_params: parameters of the URL for GET and HEAD, else the body (templated).
        request_kwargs: `json`, `files`, `cookies` as of `requests.Request`.
        headers: over those of the connection (templated).
        response_error_codes_allowlist: statuses, as text, that mean "not yet"; any other error fails the look.
        response_check: gets the response, and those context variables that it has parameters for; returns whether the
            wait is over, or a `PokeReturnValue` with the sensor's XCom.
        extra_options: as of the hook.
        tcp_keep_alive, tcp_keep_alive_idle, tcp_keep_alive_count, tcp_keep_alive_interval: as of the hook.
        auth_type: an authentication class of requests' kind, in place of basic authentication.
        deferrable: wait in a triggerer, and keep no worker waiting. `response_check` runs in the task: after each
            answer without an error a process is started for it.
    """

    template_fields: Sequence[str] = ("endpoint", "request_params", "headers")
    template_fields_renderers: Mapping[str, str] = {"headers": "json", "request_params": "py"}
    ui_color = "#f0e8d8"

    def __init__(
        self,
        *,
        endpoint: str,
        http_conn_id: str = "http_default",
        method: str = "GET",
        request_params: Any = None,
        request_kwargs: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        response_error_codes_allowlist: Sequence[str] | None = None,
        response_check: Callable[..., Any] | None = None,
        extra_options: Mapping[str, Any] | None = None,
        tcp_keep_alive: bool = True,
        tcp_keep_alive_idle: int = 120,
        tcp_keep_alive_count: int = 20,
        tcp_keep_alive_interval: int = 30,
        auth_type: Any = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.endpoint = endpoint
        self.http_conn_id = http_conn_id
        self.method = method
        self.request_params = request_params or {}
        self.request_kwargs = request_kwargs or {}
        self.headers = headers or {}
        given = ("404",) if response_error_codes_allowlist is None else response_error_codes_allowlist
        self.response_error_codes_allowlist = tuple(str(code) for code in given)
        self.response_check = response_check
        self.extra_options = extra_options or {}
        self.tcp_keep_alive = tcp_keep_alive
        self.tcp_keep_alive_idle = tcp_keep_alive_idle
        self.tcp_keep_alive_count = tcp_keep_alive_count
        self.tcp_keep_alive_interval = tcp_keep_alive_interval
        self.auth_type = auth_type
        self.deferrable = deferrable

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Ask once."""
        hook = HttpHook(
            self.method,
            self.http_conn_id,
            self.auth_type,
            self.tcp_keep_alive,
            self.tcp_keep_alive_idle,
            self.tcp_keep_alive_count,
            self.tcp_keep_alive_interval,
        )
        try:
            response = hook.run(
                self.endpoint, self.request_params, self.headers, self.extra_options, **self.request_kwargs
            )
        except HttpErrorException as error:
            if str(error.status_code) in self.response_error_codes_allowlist:
                self.log.info("Not yet: %s", error)
                return False
            raise
        if self.response_check is None:
            return True
        found = self.response_check(response, **context_arguments(self.response_check, (response,), {}, context))
        return found if isinstance(found, PokeReturnValue) else bool(found)

    def execute(self, context: Any) -> Any:
        """Wait, here or in a triggerer."""
        if not self.deferrable:
            return super().execute(context)
        return self._look_or_defer(context, time.time() + self.timeout)

    def execute_complete(self, context: Any, event: Any = None, until: float = 0.0) -> Any:
        """Go on after the trigger has found an answer without an error.

        Arguments:
            context: the variables of the task.
            event: what the trigger tells.
            until: when the sensor's timeout ends, in seconds since 1970.
        """
        return self._look_or_defer(context, until) if self.response_check is not None else None

    def _look_or_defer(self, context: Any, until: float) -> Any:
        outcome = self._look(context)
        if outcome:
            return outcome.xcom_value if isinstance(outcome, PokeReturnValue) else None
        return self.defer(
            trigger=HttpSensorTrigger(
                endpoint=self.endpoint,
                http_conn_id=self.http_conn_id,
                data=self.request_params,
                headers=self.headers,
                method=self.method,
                extra_options=self.extra_options,
                poke_interval=self.poke_interval,
                response_error_codes_allowlist=self.response_error_codes_allowlist,
                request_kwargs=self.request_kwargs,
                pause=self.poke_interval,
                auth_type=auth_path(self.auth_type),
            ),
            method_name="execute_complete",
            kwargs={"until": until},
            timeout=timedelta(seconds=max(until - time.time(), 0.0)),
        )
