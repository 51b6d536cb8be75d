"""Reading `webserver_config.py`: Flask-AppBuilder's settings as people have them, refused where they cannot work."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask_appbuilder.const import AUTH_DB, AUTH_LDAP, AUTH_OAUTH, AUTH_REMOTE_USER
from flask_appbuilder.validators import password_complexity_regex

from tradewind.config.errors import ConfigError
from tradewind.plugins.behaviour import prepare_imports

AUTH_OID = 0
"""What Flask-AppBuilder 4 called OpenID 2, which nobody offers any more."""
TYPES = {
    AUTH_DB: "AUTH_DB",
    AUTH_LDAP: "AUTH_LDAP",
    AUTH_OAUTH: "AUTH_OAUTH",
    AUTH_REMOTE_USER: "AUTH_REMOTE_USER",
}
OURS = ("SECRET_KEY", "SQLALCHEMY_", "FAB_CREATE_DB", "FAB_UPDATE_PERMS", "SESSION_COOKIE_HTTPONLY", "SERVER_NAME")
"""Settings that stand in such files and are said elsewhere here; they do nothing."""
NEEDS = {AUTH_LDAP: ("ldap", "ldap"), AUTH_OAUTH: ("authlib", "oauth")}
"""The package that a way of logging in needs, and the extra that installs it."""


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a file; of one that is not there none.

    Raises:
        ConfigError: the file fails, or says what cannot work, in one sentence with the place.
    """
    settings = _run(path) if path.exists() else {}
    settings.setdefault("AUTH_TYPE", AUTH_DB)
    _check(settings, str(path))
    return {name: value for name, value in settings.items() if not name.startswith(OURS)}


def security_manager(settings: Mapping[str, Any], usual: type[Any], where: Path) -> type[Any]:
    """Return the class of the security manager: the file's own, or else the usual one.

    Raises:
        ConfigError: it cannot be imported, or does not build on ours.
    """
    named = settings.get("SECURITY_MANAGER_CLASS") or settings.get("FAB_SECURITY_MANAGER_CLASS")
    if named is None:
        return usual
    if isinstance(named, str):
        module, _, name = named.rpartition(".")
        try:
            named = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(f"{where}: FAB_SECURITY_MANAGER_CLASS {named!r} cannot be imported: {error}.") from error
    if not (isinstance(named, type) and issubclass(named, usual)):
        raise ConfigError(
            f"{where}: the security manager {getattr(named, '__name__', named)} does not build on Tradewind's: derive it from "
            "tradewind.access.fab.manager.SecurityManager, which is also airflow.www.security.AirflowSecurityManager."
        )
    return named


def password_rule(settings: Mapping[str, Any]) -> Callable[[str], object] | None:
    """Return the file's own rule for new passwords, which raises where a password breaks it; None where there is none."""
    own: Callable[[str], object] | None = settings.get("FAB_PASSWORD_COMPLEXITY_VALIDATOR")
    if own is not None:
        return own
    return _check_complexity if settings.get("FAB_PASSWORD_COMPLEXITY_ENABLED") else None


def _check_complexity(password: str) -> None:
    if password_complexity_regex.search(password) is None:
        raise ValueError(
            "it needs ten characters, among them two capital letters, three small ones, two digits and a sign"
        )


def _run(path: Path) -> dict[str, Any]:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Let this user read it.") from error
    # It may import what people know by Airflow's names, and modules beside it
    prepare_imports()
    spec = importlib.util.spec_from_loader("webserver_config", loader=None, origin=str(path))
    if spec is None:
        raise ConfigError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules["webserver_config"] = module
    try:
        exec(compile(_without_ours(ast.parse(source, str(path))), str(path), "exec"), module.__dict__)  # noqa: S102  (the administrator's own file)
    except Exception as error:
        raise ConfigError(f"{_place(path, error)}: {type(error).__name__}: {error}") from error
    return {name: value for name, value in vars(module).items() if name.isupper()}


def _without_ours(tree: ast.Module) -> ast.Module:
    """Return a file without the values of settings that do nothing here: the database's URL, which nobody is told."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and all(
            isinstance(each, ast.Name) and each.id.startswith(OURS) for each in statement.targets
        ):
            statement.value = ast.copy_location(ast.Constant(None), statement.value)
    return tree


def _place(path: Path, error: Exception) -> str:
    """Return the file and the line of it at which an error arose."""
    if isinstance(error, SyntaxError):
        return f"{path}:{error.lineno}"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return str(path) if line is None else f"{path}:{line}"


def _check(settings: dict[str, Any], where: str) -> None:
    kind = settings["AUTH_TYPE"]
    if kind not in TYPES:
        raise ConfigError(f"{where}: AUTH_TYPE {kind!r} is not supported: write one of {', '.join(TYPES.values())}.")
    if kind in NEEDS:
        package, extra = NEEDS[kind]
        if importlib.util.find_spec(package) is None:
            raise ConfigError(
                f"{where}: {TYPES[kind]} needs the package {package!r}, which is not installed: "
                f'pip install "tradewind[{extra}]".'
            )
    if kind == AUTH_LDAP and not settings.get("AUTH_LDAP_SERVER"):
        raise ConfigError(f"{where}: AUTH_LDAP needs AUTH_LDAP_SERVER, such as ldaps://ldap.example.org.")
    if kind == AUTH_OAUTH:
        _check_providers(settings.get("OAUTH_PROVIDERS"), where)
    mapping = settings.get("AUTH_ROLES_MAPPING", {})
    if not callable(mapping) and not _is_mapping(mapping):
        raise ConfigError(
            f'{where}: AUTH_ROLES_MAPPING is no dict of groups and lists of roles: {{"group": ["Viewer"]}}.'
        )


def _is_mapping(mapping: Any) -> bool:
    return isinstance(mapping, Mapping) and all(isinstance(each, (list, tuple)) for each in mapping.values())


def _check_providers(providers: Any, where: str) -> None:
    if not isinstance(providers, (list, tuple)) or not providers:
        raise ConfigError(f"{where}: AUTH_OAUTH needs OAUTH_PROVIDERS, a list of dicts with name and remote_app.")
    for each in providers:
        if not isinstance(each, Mapping) or not each.get("name") or not isinstance(each.get("remote_app"), Mapping):
            raise ConfigError(f"{where}: an entry of OAUTH_PROVIDERS has no name or no remote_app.")
