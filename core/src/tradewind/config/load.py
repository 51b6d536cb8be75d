"""Reading the configuration: defaults, then `tradewind.toml` in TRADEWIND_HOME, then the environment.

`TRADEWIND__SECTION__KEY` gives a value, `…_FILE` names a file that holds it, `…_CMD` a command that prints it. An
unknown
key is an error that names the nearest known one.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from tradewind.config.errors import ConfigError, UnknownKeyError
from tradewind.config.sections import SECTIONS, Config

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PREFIX = "TRADEWIND__"
FILE_NAME = "tradewind.toml"
COMMAND_SECONDS = 30
AIRFLOWS = {
    "celery.worker_concurrency": "executor.slots",
    "core.dag_ignore_file_syntax": "dags.ignore_file_syntax",
    "core.dagbag_import_timeout": "parsing.file_timeout",
    "core.dags_are_paused_at_creation": "dags.paused_at_creation",
    "core.dags_folder": "dags.folder",
    "core.executor": "executor.default",
    "core.fernet_key": "security.fernet_key",
    "core.load_examples": "dags.load_examples",
    "core.parallelism": "executor.slots",
    "core.sql_alchemy_conn": "database.url",
    "core.test_connection": "web.test_connection",
    "database.sql_alchemy_conn": "database.url",
    "database.sql_alchemy_pool_size": "database.pool_size",
    "logging.base_log_folder": "logs.folder",
    "logging.logging_level": "logs.level",
    "operators.default_queue": "executor.queue",
    "secrets.backend": "plugins.secrets_backends",
    "webserver.config_file": "web.config_file",
    "webserver.expose_config": "web.expose_config",
    "webserver.secret_key": "web.secret_key",
    "webserver.session_lifetime_minutes": "web.session_lifetime",
    "webserver.web_server_host": "web.host",
    "webserver.web_server_port": "web.port",
    "webserver.web_server_ssl_cert": "web.ssl_certificate",
    "webserver.web_server_ssl_key": "web.ssl_key",
}
"""Keys of Airflow 2 that are called otherwise here."""


@dataclass(frozen=True)
class Setting:
    """One value and where it came from: `default`, the file's path, or the environment variable's name."""

    section: str
    key: str
    value: Any
    source: str
    doc: str
    secret: bool

    @property
    def shown(self) -> str:
        """The value for people: secrets are replaced by stars, whatever their source."""
        if self.secret and self.value:
            return "***"
        return ", ".join(self.value) if isinstance(self.value, tuple) else str(self.value)


@dataclass(frozen=True)
class Loaded:
    """The configuration together with the source of each value."""

    config: Config
    settings: tuple[Setting, ...]


def load(
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[tuple[str, str], Any] | None = None,
    *,
    file: bool = True,
) -> Loaded:
    """Read the configuration.

    Arguments:
        home: the folder TRADEWIND_HOME; by default the environment's, else `~/tradewind`.
        environ: the environment; the process's own by default.
        overrides: values by (section, key) that stand above all, such as command line options; their source is `command
            line`.
        file: read `tradewind.toml`; without it and with an empty environment, the defaults are returned.
    Raises:
        ConfigError: naming the key, its source and the way out.
    """
    environ = os.environ if environ is None else environ
    home = Path(home or environ.get("TRADEWIND_HOME") or Path.home() / "tradewind").expanduser().absolute()
    path = home / FILE_NAME
    in_file = _read_file(path) if file else {}
    _refuse_unknown(_file_keys(in_file), str(path))
    _refuse_unknown(_environment_keys(environ), "the environment")
    settings = tuple(_settings(home, path, in_file, environ, overrides or {}))
    return Loaded(_build(home, settings), settings)


def _settings(
    home: Path,
    path: Path,
    in_file: Mapping[str, Any],
    environ: Mapping[str, str],
    overrides: Mapping[tuple[str, str], Any],
) -> Iterator[Setting]:
    for section, cls in SECTIONS.items():
        hints = get_type_hints(cls)
        for field in dataclasses.fields(cls):
            key = field.name
            raw, source = field.default, "default"
            if key in in_file.get(section, {}):
                raw, source = in_file[section][key], str(path)
            from_environment = _from_environment(environ, section, key)
            if from_environment is not None:
                raw, source = from_environment
            if (section, key) in overrides:
                raw, source = overrides[section, key], "command line"
            if source == "default" and isinstance(raw, str):
                raw = raw.replace("{home}", str(home))
            value = _convert(raw, hints[key], f"{section}.{key}", source)
            yield Setting(section, key, value, source, field.metadata["doc"], field.metadata["secret"])


def _build(home: Path, settings: tuple[Setting, ...]) -> Config:
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for setting in settings:
        values[setting.section][setting.key] = setting.value
    sources = {f"{each.section}.{each.key}": each.source for each in settings}
    sections: dict[str, Any] = {section: cls(**values[section]) for section, cls in SECTIONS.items()}
    return Config(home=home, **sections, sources=sources)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content: dict[str, Any] = tomllib.load(file)
            return content
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _file_keys(in_file: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section, keys in in_file.items():
        if not isinstance(keys, dict):
            yield section, ""
            continue
        for key in keys:
            yield section, key


def _environment_keys(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in environ:
        if name.startswith(PREFIX):
            section, _, key = name[len(PREFIX) :].lower().partition("__")
            known = {field.name for field in dataclasses.fields(SECTIONS[section])} if section in SECTIONS else set()
            for suffix in ("_file", "_cmd"):
                if key not in known and key.endswith(suffix):
                    key = key[: -len(suffix)]
                    break
            yield section, key


def _refuse_unknown(keys: Iterator[tuple[str, str]], source: str) -> None:
    known = [f"{section}.{field.name}" for section, cls in SECTIONS.items() for field in dataclasses.fields(cls)]
    for section, key in keys:
        name = f"{section}.{key}"
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        if name in AIRFLOWS:
            hint = f" Airflow's {name} is {AIRFLOWS[name]} here."
        else:
            hint = f" Did you mean {near[0]}?" if near else " `tradewind config list` shows every key."
        raise UnknownKeyError(f"Unknown configuration key {name} in {source}.{hint}")


def _from_environment(environ: Mapping[str, str], section: str, key: str) -> tuple[str, str] | None:
    name = f"{PREFIX}{section}__{key}".upper()
    if name in environ:
        return environ[name], name
    if f"{name}_FILE" in environ:
        return _read_secret_file(environ[f"{name}_FILE"], f"{name}_FILE"), f"{name}_FILE"
    if f"{name}_CMD" in environ:
        return _run_command(environ[f"{name}_CMD"], f"{name}_CMD"), f"{name}_CMD"
    return None


def _read_secret_file(path: str, name: str) -> str:
    try:
        return Path(path).read_text().rstrip("\n")
    except OSError as error:
        raise ConfigError(f"{name} names {path}, which cannot be read: {error.strerror}") from error


def _run_command(command: str, name: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  (the operator's own command, from the operator's environment)
            shlex.split(command), capture_output=True, text=True, check=True, timeout=COMMAND_SECONDS
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ConfigError(f"The command in {name} failed: {error}") from error
    return done.stdout.rstrip("\n")


def _convert(raw: Any, kind: Any, name: str, source: str) -> Any:
    try:
        return _converted(raw, kind)
    except (TypeError, ValueError) as error:
        wanted = getattr(kind, "__name__", str(kind))
        raise ConfigError(f"{name} = {raw!r} (from {source}) is not of type {wanted}: {error}") from error


def _converted(raw: Any, kind: Any) -> Any:
    if kind is bool:
        return _boolean(raw)
    if kind is Path:
        return Path(raw).expanduser().absolute()
    if kind == tuple[str, ...]:
        return tuple(_words(raw))
    if kind in (int, float) and isinstance(raw, bool):
        raise TypeError("a boolean")
    if kind is str and not isinstance(raw, str):
        raise TypeError("give a string")
    return kind(raw)


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    word = str(raw).strip().lower()
    if word not in words:
        raise ValueError("write true or false")
    return words[word]


def _words(raw: Any) -> list[str]:
    if isinstance(raw, str):
        raw = json.loads(raw) if raw.startswith("[") else [word.strip() for word in raw.split(",") if word.strip()]
    if not isinstance(raw, (list, tuple)) or not all(isinstance(word, str) for word in raw):
        raise TypeError("give a list of strings")
    return list(raw)
