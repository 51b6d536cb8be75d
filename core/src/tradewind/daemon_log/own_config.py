"""A logging configuration of one's own: what `logging.config.dictConfig` takes, from a module or from a file."""

from __future__ import annotations

import importlib
import json
import logging
import logging.config
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tradewind.config import ConfigError
from tradewind.daemon_log.lines import Masking

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEY = "logs.config"


def apply_own_config(given: str, home: Path) -> None:
    """Set logging up as `logs.config` says; lines are masked whatever formatter they have.

    Arguments:
        given: the setting: `package.module:NAME`, or a TOML or JSON file, relative to `home`.
    Raises:
        ConfigError: it cannot be found, or is no logging configuration.
    """
    found = _from_file(home / given) if given.endswith((".toml", ".json")) else _from_module(given)
    if not isinstance(found, Mapping):
        raise ConfigError(f"{KEY} = {given}: that is a {type(found).__name__}; logging is configured by a dict.")
    # Our modules have made their loggers already, which logging would silence by default
    config = {"version": 1, "disable_existing_loggers": False, **found}
    try:
        logging.config.dictConfig(config)
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise ConfigError(f"{KEY} = {given} is no logging configuration: {_whole(error)}") from error
    for handler in set(_handlers()):
        handler.setFormatter(Masking(handler.formatter))


def _from_module(given: str) -> Any:
    module, mark, name = given.partition(":")
    if not mark or not module or not name:
        raise ConfigError(f"{KEY} = {given}: write package.module:NAME, or the path of a .toml or .json file.")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError as error:
        raise ConfigError(f"{KEY} = {given}: the module {module} has no {name}.") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(f"{KEY} = {given}: the module {module} cannot be imported: {what}") from error


def _from_file(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{KEY} names {path}, which cannot be read: {error.strerror}.") from error
    try:
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{KEY} names {path}, which is not valid {path.suffix[1:].upper()}: {error}") from error


def _whole(error: BaseException) -> str:
    """Return what went wrong with its cause, in which logging hides the reason."""
    cause = error.__cause__
    return str(error) if cause is None or str(cause) in str(error) else f"{error}: {cause}"


def _handlers() -> Iterator[logging.Handler]:
    yield from logging.getLogger().handlers
    for logger in logging.getLogger().manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            yield from logger.handlers
