"""What the setting `executor.options` has for the executor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote, urlsplit

from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_plugins.exceptions import TradewindConfigException
from tradewind_plugins.values import Value, field

__all__ = ["NAME", "CeleryOptions", "mask", "shown"]

NAME = "CeleryExecutor"
STARS = "***"
REDIS = ("redis", "rediss", "sentinel")
TIMED = (*REDIS, "sqs")
"""Brokers that give a message to somebody else after a time, where nobody has said that it is done."""
FILES = ("ca_file", "cert_file", "key_file")
KINDS: Mapping[str, tuple[type, ...]] = {
    "broker_url": (str,),
    "result_backend": (str, type(None)),
    "default_queue": (str,),
    "worker_concurrency": (int, type(None)),
    "visibility_timeout": (int,),
    "ssl": (bool, dict),
    "celery_config": (dict,),
}
WORDS = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    dict: "an object",
    type(None): "null",
}


class CeleryOptions(Value):
    """The options of the executor.

    Args:
        broker_url: Where messages go, such as `redis://:password@queue:6379/0` or `amqp://me:password@queue:5672/vhost`.
        result_backend: Where Celery keeps what became of messages, for Flower and the like; Tradewind needs none.
        default_queue: The queue of tasks that name none.
        worker_concurrency: Tasks that a worker runs at once; None for the setting `executor.slots`.
        visibility_timeout: Seconds after which Redis gives a message to another worker, where the first one has not said
            that it is done.
        ssl: Whether the broker is reached by TLS: true, or an object with `ca_file`, `cert_file` and `key_file`.
        celery_config: Further settings of Celery, by the names that Celery has for them.
    """

    broker_url: str = field(secret=True)
    result_backend: str | None = field(default=None, secret=True)
    default_queue: str = "default"
    worker_concurrency: int | None = None
    visibility_timeout: int = 3600
    ssl: bool | Mapping[str, str] = False
    celery_config: Mapping[str, Any] = field(default_factory=dict, secret=True)

    @classmethod
    def of(cls, setup: ExecutorSetup) -> CeleryOptions:
        """Return the options of an installation.

        Raises:
            TradewindConfigException: One is missing, unknown, or of another type.
        """
        given = dict(setup.options)
        for name, value in given.items():
            _check(name, value)
        if not given.get("broker_url"):
            example = '{"CeleryExecutor": {"broker_url": "redis://localhost:6379/0"}}'
            raise _refused(f"needs the option broker_url, which says where the broker is, such as {example}")
        made = cls(**given)
        made.check()
        return made

    @property
    def scheme(self) -> str:
        """The kind of the broker, as its URL has it."""
        return self.broker_url.partition("://")[0].lower()

    def check(self) -> None:
        """Raise TradewindConfigException where a value is of the right type and cannot be used all the same."""
        for name in ("broker_url", "result_backend"):
            for url in (getattr(self, name) or "").split(";"):
                _check_url(name, url)
        if not self.default_queue or "," in self.default_queue:
            raise _refused("has a default_queue that is empty or has a comma in it")
        for name in ("worker_concurrency", "visibility_timeout"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise _refused(f"has {value} for {name}, which is to be 1 or more")
        if not isinstance(self.ssl, bool):
            for name, path in self.ssl.items():
                if name not in FILES or not isinstance(path, str):
                    raise _refused(f"has {name!r} in ssl; that holds paths by {', '.join(FILES)}, or is true")


def shown(urls: str | None) -> str:
    """Return a URL, or several with semicolons between them, with stars in the place of the login."""
    parts = [re.sub(r"://.*@", f"://{STARS}@", each) for each in (urls or "").split(";")]
    return ";".join(each.partition("?")[0] for each in parts)


def mask(text: str, options: CeleryOptions) -> str:
    """Return a text, such as the message of a client library's error, without the passwords of the options."""
    secrets = set()
    for url in f"{options.broker_url};{options.result_backend or ''}".split(";"):
        text = text.replace(url, shown(url)) if url else text
        password = urlsplit(url).password
        secrets |= {password or "", unquote(password or "")}
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, STARS)
    return text


def _check(name: str, value: Any) -> None:
    if name not in KINDS:
        close = get_close_matches(name, KINDS, 1)
        meant = f"; did you mean {close[0]}?" if close else ";"
        raise _refused(
            f"has the option {name!r}, which there is not{meant} There are {', '.join(KINDS)}; other settings of Celery go "
            "into celery_config"
        )
    kinds = KINDS[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(WORDS[kind] for kind in kinds)
        raise _refused(f"has {WORDS.get(type(value), type(value).__name__)} for {name}, which is to be {wanted}")


def _check_url(name: str, url: str) -> None:
    if not url and name == "result_backend":
        return
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is looked at when it is asked for
    except ValueError:
        # The library's message shows a part of the URL, which may be the password
        problem = "cannot be taken apart: characters such as / # @ in a login are written as %2F %23 %40"
        raise _refused(f"has a {name} that {problem}") from None
    if "://" not in url or not parts.scheme:
        raise _refused(f"has a {name} without a scheme; it looks like redis://host:6379/0 or amqp://host:5672/vhost")


def _refused(problem: str) -> TradewindConfigException:
    return TradewindConfigException(f"{NAME} in the setting executor.options {problem}")
