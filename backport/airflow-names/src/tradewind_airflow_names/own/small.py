"""Little functions of `airflow.utils`: texts, hosts, and values that are kept out of logs."""

from __future__ import annotations

import importlib.util
import random
import socket
import string
from collections.abc import Iterable
from typing import Any

from tradewind_plugins.host import current

TRUE_LIKE_VALUES = frozenset({"on", "t", "true", "y", "yes", "1"})


def get_random_string(length: int = 8, choices: str = string.ascii_letters + string.digits) -> str:
    """Return a text of random letters; not fit for secrets."""
    return "".join(random.choices(choices, k=length))  # noqa: S311  (its contract says so)


def to_boolean(astring: str | None) -> bool:
    """Tell whether a text says yes."""
    return astring is not None and astring.lower() in TRUE_LIKE_VALUES


def get_hostname() -> str:
    """Return the full name of this machine."""
    return socket.getfqdn()


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Keep a value out of the log from now on; of a dict or a list, every text in it.

    Arguments:
        secret: the value.
        name: where it is from; every value given here is masked, whatever its name.
    """
    if isinstance(secret, str):
        if secret:
            current().mask(secret)
    elif isinstance(secret, dict):
        mask_secret(list(secret.values()))
    elif isinstance(secret, Iterable) and not isinstance(secret, bytes):
        for each in secret:
            mask_secret(each)


def is_venv_installed() -> bool:
    """Tell whether tasks can have virtual environments: what makes them is of Python itself, but some packagers leave it out."""
    return importlib.util.find_spec("venv") is not None
