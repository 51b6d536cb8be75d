"""Setting up a process's log: lines on standard error or in a file, at the configured levels, in the configured form.

Every process of a daemon configures its log here: the commands, and the worker's supervisor, which is told the files by its
environment. A file that was moved away (logrotate) is noticed at the next line, so that no line is lost however late SIGHUP
comes; SIGHUP also opens anew what standard output and standard error go to, which nobody can notice by himself.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tradewind.config import Config, ConfigError
from tradewind.config.sections import LogsSection
from tradewind.daemon_log.files import DaemonFiles, redirect
from tradewind.daemon_log.lines import FORMATS, tell_formatters
from tradewind.daemon_log.own_config import apply_own_config
from tradewind.daemon_log.rotation import MIB, DaemonLogFile, Rotation

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SHORTEST_SECRET = 3
PASSWORD = re.compile(r"://[^:/@]*:([^@]*)@")


def configure_log(config: Config, files: DaemonFiles | None = None, process: str = "") -> None:
    """Send this process's log to its file, or to standard error, and its streams to theirs.

    Arguments:
        process: the kind of process, as the lines in JSON have it.
    Raises:
        ConfigError: a setting of `logs` has no meaning.
        OSError: when a file cannot be written to.
    """
    files = files or DaemonFiles()
    redirect(files)
    tell_formatters(process, list(secrets_of(config)))
    logs = config.logs
    levels = dict(_levels(logs.levels))
    if logs.config:
        apply_own_config(logs.config, config.home)
    else:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
        if files.log is not None:
            handler = file_handler(logs, files.log)
        handler.setFormatter(FORMATS[_known_format(logs.format)]())
        logging.basicConfig(handlers=[handler], level=_level(logs.level, "logs.level"))
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def file_handler(logs: LogsSection, path: Path) -> DaemonLogFile:
    """Return what writes a daemon's log file.

    Raises:
        OSError: when it cannot be written to.
    """
    return DaemonLogFile(path, Rotation(logs.rotate_size * MIB, logs.rotate_daily, logs.rotate_keep))


def secrets_of(config: Config) -> Iterator[str]:
    """Return the texts of a configuration that no line may have: passwords in URLs, as written and as meant, keys, headers."""
    for url in (config.database.url, config.database.listen_url):
        found = PASSWORD.search(url)
        if found and len(found[1]) >= SHORTEST_SECRET:
            yield found[1]
            yield unquote(found[1])
    if config.security.fernet_key:
        yield config.security.fernet_key
    for header in config.metrics.otlp_headers:
        value = header.partition("=")[2].strip()
        if len(value) >= SHORTEST_SECRET:
            yield value


def _levels(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, mark, level = (part.strip() for part in word.partition("="))
        if not mark or not name:
            raise ConfigError(f"logs.levels has {word!r}: write LOGGER=LEVEL, such as tradewind.parsing=DEBUG.")
        yield name, _level(level, f"logs.levels, {name}")


def _level(word: str, key: str) -> str:
    if word.upper() not in LEVELS:
        raise ConfigError(f"{key} = {word!r} is no level: write one of {', '.join(LEVELS)}.")
    return word.upper()


def _known_format(word: str) -> str:
    if word not in FORMATS:
        raise ConfigError(f"logs.format = {word!r}: write one of {', '.join(FORMATS)}.")
    return word
