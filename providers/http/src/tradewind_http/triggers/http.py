"""Triggers for HTTP. Requests run in a thread, as `requests` waits by blocking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.threads import in_thread, pause
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_http.exceptions import HttpErrorException
from tradewind_http.hooks.http import HttpHook
from tradewind_http.responses import as_json
from tradewind_http.retrying import RetryPlan

__all__ = ["HttpSensorTrigger", "HttpTrigger"]

_LOOK_SECONDS = 60.0


class HttpTrigger(BaseTrigger):
    """Makes one request. The event has `status` (`success` or `error`), and `response` or `message`.

    A triggerer that falls silent has its triggers taken over, so a request may be made twice.

    Arguments:
        http_conn_id: the connection.
        auth_type: the path of an authentication class.
        method: the HTTP method.
        endpoint: the path below the connection's host.
        headers: of the request.
        data: parameters or body.
        extra_options: as of the hook.
        request_kwargs: further arguments of the hook's `run`.
        retry_args: as of the hook's `run_with_advanced_retry`; None asks once.
    """

    def __init__(  # noqa: PLR0917 - Airflow's order
        self,
        http_conn_id: str = "http_default",
        auth_type: str | None = None,
        method: str = "POST",
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        extra_options: Mapping[str, Any] | None = None,
        request_kwargs: Mapping[str, Any] | None = None,
        retry_args: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.http_conn_id = http_conn_id
        self.auth_type = auth_type
        self.method = method
        self.endpoint = endpoint
        self.headers = headers
        self.data = data
        self.extra_options = extra_options
        self.request_kwargs = request_kwargs
        self.retry_args = retry_args

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_http.triggers.http.HttpTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask, and tell what was answered."""
        try:
            yield TriggerEvent({"status": "success", "response": await self._answer()})
        except TradewindException as error:
            yield TriggerEvent(
                {"status": "error", "message": str(error), "status_code": getattr(error, "status_code", None)}
            )

    async def _answer(self) -> dict[str, Any]:
        """Ask as often as it takes. The pauses are made here: a thread that made them would outlive a cancelled trigger."""
        plan = RetryPlan({"attempts": 1} if self.retry_args is None else self.retry_args, self.log)
        for attempt in range(1, plan.attempts):
            try:
                return dict(await in_thread(self._ask))
            except (ConnectionFailed, HttpErrorException) as error:
                seconds = plan.pause_after(attempt, error)
                if seconds is None:
                    raise
            await pause(seconds)
        return dict(await in_thread(self._ask))

    def _ask(self) -> dict[str, Any]:
        hook = HttpHook(self.method, self.http_conn_id, self.auth_type)
        arguments = (self.endpoint, self.data, self.headers, self.extra_options)
        return as_json(hook.run(*arguments, **dict(self.request_kwargs or {})))


class HttpSensorTrigger(BaseTrigger):
    """Fires with `True` as soon as a request is answered without an error.

    Arguments:
        endpoint: the path below the connection's host.
        http_conn_id: the connection.
        data: parameters or body.
        headers: of the request.
        method: the HTTP method.
        extra_options: as of the hook; a look takes at most 60 s unless they or the connection say otherwise.
        poke_interval: seconds between two looks.
        response_error_codes_allowlist: statuses, as text, after which it looks again; others end the wait as errors.
        request_kwargs: further arguments of the hook's `run`.
        pause: seconds before the first look.
        auth_type: the path of an authentication class.
    """

    def __init__(  # noqa: PLR0917 - Airflow's order
        self,
        endpoint: str,
        http_conn_id: str = "http_default",
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        extra_options: Mapping[str, Any] | None = None,
        poke_interval: float = 5.0,
        response_error_codes_allowlist: Sequence[str] = ("404",),
        request_kwargs: Mapping[str, Any] | None = None,
        pause: float = 0.0,
        auth_type: str | None = None,
    ) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.http_conn_id = http_conn_id
        self.data = data
        self.headers = headers
        self.method = method
        self.extra_options = extra_options
        self.poke_interval = poke_interval
        self.response_error_codes_allowlist = list(response_error_codes_allowlist)
        self.request_kwargs = request_kwargs
        self.pause = pause
        self.auth_type = auth_type

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_http.triggers.http.HttpSensorTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is there."""
        await pause(self.pause)
        while not await in_thread(self._look):
            await pause(self.poke_interval)
        yield TriggerEvent(True)

    def _look(self) -> bool:
        hook = HttpHook(self.method, self.http_conn_id, self.auth_type)
        options = dict(self.extra_options or {})
        if "timeout" not in hook.get_connection(self.http_conn_id).extra_dejson:
            options.setdefault("timeout", _LOOK_SECONDS)
        try:
            hook.run(self.endpoint, self.data, self.headers, options, **dict(self.request_kwargs or {}))
        except HttpErrorException as error:
            if str(error.status_code) not in self.response_error_codes_allowlist:
                raise
            return False
        return True
