"""The Celery application, of those who send messages and of the workers."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind_celery.options import NAME, REDIS, TIMED, CeleryOptions

__all__ = ["REACH_SECONDS", "make_app"]

celery = lazy_client("celery", extra="celery")
defaults = lazy_client("celery.app.defaults", extra="celery")

ENCRYPTED = ("rediss", "amqps")
REACH_SECONDS = 3.0
"""For which those who send wait for the broker, at each of few attempts."""
SENT_AGAIN = {"max_retries": 1, "interval_start": 0.0, "interval_step": 0.1, "interval_max": 0.2}
OURS: Mapping[str, Any] = {
    # Messages are plain values: nobody who can write to the broker has code run by what is read from it
    "accept_content": ["json"],
    "task_serializer": "json",
    "result_serializer": "json",
    "event_serializer": "json",
    "task_protocol": 2,
    # A message is done when its try has ended; where the worker ends before, another one gets it
    "task_acks_late": True,
    "task_acks_on_failure_or_timeout": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": True,
    "enable_utc": True,
}
BY_OPTION = {
    "broker_url": "broker_url",
    "broker_read_url": "broker_url",
    "broker_write_url": "broker_url",
    "broker_use_ssl": "ssl",
    "result_backend": "result_backend",
    "task_default_queue": "default_queue",
    "worker_concurrency": "worker_concurrency",
}
GIVEN_UP = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_default_delivery_mode": "persistent",
}
"""What users may set otherwise."""


def make_app(options: CeleryOptions, *, sends: bool) -> Any:
    """Return the application.

    Args:
        options: Of the installation.
        sends: Whether it is that of the executor, which does not wait long for the broker; a worker waits as long as it
            takes.

    Raises:
        TradewindConfigException: `celery_config` has something that is no setting of Celery's, or not the user's.
    """
    given = _checked(options.celery_config)
    app = celery.Celery("tradewind", set_as_current=False)
    app.conf.update({**GIVEN_UP, **given, **OURS, **_of_options(options)})
    app.conf.broker_transport_options = {
        **_transport(options, sends=sends),
        **given.get("broker_transport_options", {}),
    }
    if sends:
        app.conf.broker_connection_timeout = REACH_SECONDS
        app.conf.task_publish_retry_policy = SENT_AGAIN
    # The variables CELERY_BROKER_URL and the like are for the Celery of somebody's tasks
    for name in ("connection_for_read", "connection_for_write"):
        setattr(app, name, partial(_connection, getattr(app, name), options.broker_url))
    return app


def _connection(connect: Callable[..., Any], ours: str, url: str | None = None, **given: Any) -> Any:
    return connect(url or ours, **given)


def _of_options(options: CeleryOptions) -> dict[str, Any]:
    found: dict[str, Any] = {
        "broker_url": options.broker_url,
        "result_backend": options.result_backend or "disabled://",
        "task_ignore_result": options.result_backend is None,
        "task_track_started": options.result_backend is not None,
        "task_default_queue": options.default_queue,
    }
    # Left to itself, the client of `rediss://` takes any certificate
    if options.ssl or (options.scheme in ENCRYPTED and "?" not in options.broker_url):
        found["broker_use_ssl"] = _tls(options)
    return found


def _tls(options: CeleryOptions) -> dict[str, Any]:
    """Return what the broker's client library calls a checked certificate; each has names of its own."""
    files = {} if isinstance(options.ssl, bool) else dict(options.ssl)
    names = {"ca_file": "ca_certs", "cert_file": "certfile", "key_file": "keyfile"}
    plain: dict[str, Any] = {names[name]: path for name, path in files.items()}
    plain["cert_reqs"] = ssl.CERT_REQUIRED
    if options.scheme in REDIS:
        return {f"ssl_{name}": value for name, value in plain.items()}
    return {**plain, "server_hostname": None}  # None is the broker's own name


def _transport(options: CeleryOptions, *, sends: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options.scheme in TIMED:
        found["visibility_timeout"] = options.visibility_timeout
    if options.scheme in REDIS:
        found |= {"socket_keepalive": True, "health_check_interval": 25, "socket_connect_timeout": REACH_SECONDS}
        if sends:
            found["socket_timeout"] = REACH_SECONDS
    elif sends and "amqp" in options.scheme:
        # RabbitMQ answers when it has the message
        found |= {"confirm_publish": True, "read_timeout": REACH_SECONDS, "write_timeout": REACH_SECONDS}
    return {**SENT_AGAIN, **found} if sends else found


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    known = {name for name, _ in defaults.flatten(defaults.NAMESPACES)}
    for name in given:
        if name in BY_OPTION:
            raise _refused(name, f"that is the option {BY_OPTION[name]}, beside celery_config")
        if name in OURS:
            raise _refused(name, "that cannot be chosen: Tradewind's workers are built on it")
        if name not in known:
            close = get_close_matches(name, known, 1)
            meant = (
                f"; did you mean {close[0]}?"
                if close
                else ": settings are written in small letters, as in worker_state_db"
            )
            raise _refused(name, f"Celery has no such setting{meant}")
    return dict(given)


def _refused(name: str, problem: str) -> TradewindConfigException:
    return TradewindConfigException(f"{NAME} in the setting executor.options has {name!r} in celery_config; {problem}")
