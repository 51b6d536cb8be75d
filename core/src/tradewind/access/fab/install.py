"""Putting Flask-AppBuilder into the web server's Flask application."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Flask, flash, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_appbuilder import AppBuilder
from flask_appbuilder.const import AUTH_DB, AUTH_LDAP, AUTH_REMOTE_USER
from flask_login import user_logged_in, user_logged_out
from sqlalchemy.orm import scoped_session, sessionmaker

from tradewind.access.authentication import SESSION, Authenticator, Ways
from tradewind.access.fab.manager import AUTHENTICATOR, SecurityManager
from tradewind.access.fab.models import fit_models
from tradewind.access.fab.settings import TYPES, password_rule, read_settings, security_manager
from tradewind.access.secret_key import open_key
from tradewind.config import Config
from tradewind.config.errors import ConfigError
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database

LOGGER = logging.getLogger("flask_appbuilder")
REMOTE_USER = "REMOTE_USER"
KEPT = frozenset({"_flashes", "_user_id", "_fresh", "_id", "oauth_provider"})
"""What of a cookie outlives a login."""
VIA = {AUTH_DB: "password", AUTH_LDAP: "ldap", AUTH_REMOTE_USER: "remote_user"}
USUAL = {"FAB_SECURITY_SIGNALS_ENABLED": False}  # nobody here listens, and Python 3.12 warns of how it tells the time
FIXED = {
    "FAB_CREATE_DB": False,
    "FAB_UPDATE_PERMS": False,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "RATELIMIT_ENABLED": False,
    "APP_NAME": "Tradewind",
}


class Builder(AppBuilder):
    """Flask-AppBuilder with the pages for logging in, and no others."""

    def _add_admin_views(self) -> None:
        self.sm.register_views()

    @property
    def get_url_for_index(self) -> str:
        """The page that one sees after logging in."""
        return f"{request.script_root}/"


class Cookies(SecureCookieSessionInterface):
    """Cookies that go over HTTPS only, where they came over it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """See `flask.sessions.SessionInterface`."""
        return bool(app.config["SESSION_COOKIE_SECURE"]) or request.is_secure


def install_access(app: Flask, config: Config, database: Database, *, clock: Clock) -> Authenticator:
    """Add the pages for logging in to the application; return what finds out who sends a request.

    Nothing asks the database yet.

    Raises:
        ConfigError: `webserver_config.py` or a key of the configuration cannot work.
    """
    fit_models()
    if not LOGGER.level:
        LOGGER.setLevel(
            logging.WARNING
        )  # it tells who failed to log in, and people type passwords into the field for the name
    key, path = open_key(config), config.web.config_file
    settings = read_settings(path)
    app.config.update(USUAL, SESSION_COOKIE_SECURE=config.web.base_url.startswith("https://"))
    app.config.update(settings)
    app.config.update(FIXED, SECRET_KEY=key)
    app.config.pop("FAB_SECURITY_MANAGER_CLASS", None)
    app.session_interface = Cookies()
    app.register_blueprint(Blueprint("access", __name__, template_folder="templates"))
    authenticator = Authenticator(config, database, key=key, clock=clock)
    app.extensions |= {AUTHENTICATOR: authenticator, "tradewind.database": database, "tradewind.clock": clock}
    # SQLite: a transaction that reads and then writes fails where another has written in between
    engine = database.engine.execution_options(tradewind_immediate=True)
    orm = scoped_session(sessionmaker(bind=engine, expire_on_commit=False))
    manager_class = security_manager(settings, SecurityManager, path)
    try:
        with app.app_context():
            builder = Builder(app, orm, security_manager_class=manager_class, update_perms=False)
    except Exception as error:
        kind = TYPES[app.config["AUTH_TYPE"]]
        raise ConfigError(f"{path}: {kind} cannot be set up: {type(error).__name__}: {error}") from error
    app.teardown_appcontext(lambda _error: orm.remove())
    authenticator.ways = _ways(app, builder.sm)
    _keep_sessions(app, authenticator, orm)
    return authenticator


def _ways(app: Flask, manager: SecurityManager) -> Ways:
    kind = app.config["AUTH_TYPE"]
    is_remote = kind == AUTH_REMOTE_USER
    variable = app.config.get("AUTH_REMOTE_USER_ENV_VAR", REMOTE_USER)
    if variable == REMOTE_USER:
        variable = "HTTP_REMOTE_USER"  # a proxy can send a header only; nobody else sets the variable of that name here
    return Ways(
        check_password=manager.ask_ldap if kind == AUTH_LDAP else None,
        takes_passwords=kind in {AUTH_DB, AUTH_LDAP},
        remote_user=variable if is_remote else None,
        register=manager.register_remote_user if is_remote else None,
        public_role=app.config["AUTH_ROLE_PUBLIC"],
        password_rule=password_rule(app.config),
    )


def _keep_sessions(app: Flask, authenticator: Authenticator, orm: Any) -> None:
    """Begin and end sessions where Flask-Login does: in the database, so that logging out ends every copy of a cookie."""

    def begin(_sender: Flask, user: Any) -> None:
        via = VIA.get(app.config["AUTH_TYPE"], "oauth")
        orm.commit()
        text = authenticator.begin_session(
            user.id, user.username, via=via, address=authenticator.proxies.client(request)
        )
        for name in set(session) - KEPT:
            session.pop(name)
        session[SESSION] = text

    def end(_sender: Flask, user: Any) -> None:
        orm.commit()
        authenticator.end_session(session.get(SESSION))
        session.clear()
        flash("You are logged out.")

    # Weak references to inner functions would be gone at once
    user_logged_in.connect(begin, app, weak=False)
    user_logged_out.connect(end, app, weak=False)
