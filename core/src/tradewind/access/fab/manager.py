"""The security manager: Flask-AppBuilder's ways to log in, with our limits, sessions and audit log around them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, abort, current_app, flash, g, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.const import AUTH_DB, AUTH_LDAP, AUTH_OAUTH, AUTH_REMOTE_USER
from flask_appbuilder.exceptions import OAuthProviderUnknown
from flask_appbuilder.security.sqla.manager import SecurityManager as FabSecurityManager
from flask_appbuilder.security.views import AuthDBView, AuthLDAPView, AuthOAuthView, AuthRemoteUserView
from flask_appbuilder.utils.base import get_safe_redirect
from flask_login import LoginManager, current_user, login_user
from werkzeug.wrappers import Response

from tradewind.access.actors import Actor
from tradewind.access.audit import record
from tradewind.access.authentication import SESSION, AuthenticationError, Authenticator
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import users

log = logging.getLogger(__name__)
AUTHENTICATOR = "tradewind.authenticator"
"""Where the Flask application keeps what finds out who sends a request."""
THEIR_TEMPLATES = "appbuilder/"
PASSWORD_TEMPLATE = "access/password.html"  # noqa: S105  (a file's name)
PROVIDERS_TEMPLATE = "access/providers.html"


class DatabaseView(AuthDBView):
    """The page that asks for a name and a password which are stored here."""

    login_template = PASSWORD_TEMPLATE


class LdapView(AuthLDAPView):
    """The page that asks for a name and a password which an LDAP server knows."""

    login_template = PASSWORD_TEMPLATE


class OAuthView(AuthOAuthView):
    """The page that leads to those who know people."""

    login_template = PROVIDERS_TEMPLATE


class RemoteUserView(AuthRemoteUserView):
    """Logging in as the user whom a trusted proxy names."""

    @expose("/login/")
    def login(self) -> Response:
        """Begin a session for that user; refused where no trusted proxy names one."""
        manager = current_app.extensions["appbuilder"].sm
        name = manager.authenticator.name_by_proxy(request)
        user = manager.auth_user_remote_user(name) if name is not None else None
        if user is None:
            abort(403, "No proxy that is trusted names a user who is known here.")
        login_user(user)
        found: Response = redirect(get_safe_redirect(request.args.get("next", "")))
        return found


@contextmanager
def _noting_outage(ldap: Any) -> Iterator[None]:
    """Note that the server does not answer, which Flask-AppBuilder tells from a wrong password in its log only."""
    try:
        yield
    except (ldap.SERVER_DOWN, ldap.TIMEOUT, ldap.BUSY, ldap.UNAVAILABLE):
        g.ldap_is_down = True
        raise


class SecurityManager(FabSecurityManager):
    """What custom security managers derive from; Airflow's names for it lead here.

    Users and roles are in our tables, permissions are ours, and only the pages for logging in are Flask-AppBuilder's.
    """

    authdbview = DatabaseView
    authldapview = LdapView
    authoauthview = OAuthView
    authremoteuserview = RemoteUserView

    def __init__(self, appbuilder: Any) -> None:
        # Before Flask-AppBuilder says Public for who did not say anything: then an unknown group would be let in
        self.has_default_role = "AUTH_USER_REGISTRATION_ROLE" in current_app.config
        super().__init__(appbuilder)

    @property
    def authenticator(self) -> Authenticator:
        """What finds out who sends a request, here and for the API."""
        found: Authenticator = current_app.extensions[AUTHENTICATOR]
        return found

    def register_views(self) -> None:
        """Add the pages for logging in and out, and no others."""
        views: dict[int, tuple[type[Any], str]] = {
            AUTH_DB: (self.authdbview, PASSWORD_TEMPLATE),
            AUTH_LDAP: (self.authldapview, PASSWORD_TEMPLATE),
            AUTH_OAUTH: (self.authoauthview, PROVIDERS_TEMPLATE),
            AUTH_REMOTE_USER: (self.authremoteuserview, ""),
        }
        view, template = views[self.auth_type]
        self.auth_view = view()
        if self.auth_view.login_template.startswith(THEIR_TEMPLATES):
            self.auth_view.login_template = template
        self.appbuilder.add_view_no_menu(self.auth_view)

    def create_login_manager(self, app: Flask) -> LoginManager:
        """Return Flask-Login's manager, which reads the user of a page only where the page asks for it.

        By itself it would read it for every page, in the middle of whatever the page reads: a second connection of the pool.
        """
        manager = LoginManager()
        manager.init_app(app, add_context_processor=False)
        app.context_processor(lambda: {"current_user": current_user})
        manager.login_view = "login"
        manager.user_loader(self.load_user)
        return manager

    # --- Logging in ---------------------------------------------------------------------------------------------------

    def auth_user_db(self, username: str, password: str) -> Any:
        """Return the user of a name and a password that are right; None, with a message, otherwise."""
        return self._by_password(username, password)

    def auth_user_ldap(self, username: str, password: str) -> Any:
        """Return the user of a name and a password that the LDAP server finds right; None, with a message, otherwise."""
        return self._by_password(username, password)

    def _by_password(self, username: str | None, password: str | None) -> Any:
        address = self.authenticator.proxies.client(request)
        try:
            found = self.authenticator.check_password(username or "", password or "", address)
        except AuthenticationError as error:
            if error.status != 401:
                flash(str(error), "warning")
            return None
        return self.get_user_by_id(found.user_id)

    def ask_ldap(self, username: str, password: str) -> int | None:
        """Return the id of the user whose name and password the LDAP server finds right.

        Raises:
            AuthenticationError: it does not answer; that is nobody's wrong password.
        """
        g.ldap_is_down = False
        user = super().auth_user_ldap(username, password)
        if g.ldap_is_down:
            self.session.rollback()
            raise AuthenticationError("The directory that knows passwords does not answer: try again.", status=503)
        found = user.id if user and self._has_role(user) else None
        self.session.commit()
        return found

    def _ldap_bind_indirect(self, ldap: Any, con: Any) -> None:
        with _noting_outage(ldap):
            super()._ldap_bind_indirect(ldap, con)

    @staticmethod
    def _ldap_bind(ldap: Any, con: Any, dn: str, password: str) -> bool:
        with _noting_outage(ldap):
            return bool(FabSecurityManager._ldap_bind(ldap, con, dn, password))  # noqa: SLF001  (it is what is overridden)

    def auth_user_oauth(self, userinfo: dict[str, Any]) -> Any:
        """Return the user whom a provider has found; None for who is not known here, or gets no role from their groups."""
        user = super().auth_user_oauth(userinfo)
        return self._let_in(user, "oauth")

    def auth_user_remote_user(self, username: str) -> Any:
        """Return the user whom a proxy names; None for who is not known here."""
        is_known = self.find_user(username=username) is not None
        if not is_known and not (self.auth_user_registration and self.has_default_role):
            return self._let_in(None, "remote_user")
        return self._let_in(super().auth_user_remote_user(username), "remote_user")

    def register_remote_user(self, username: str) -> int | None:
        """Return the id of a user who is made because a proxy names them; None where nobody is registered."""
        user = self.auth_user_remote_user(username)
        return user.id if user else None

    def _let_in(self, user: Any, via: str) -> Any:
        if user and self._has_role(user):
            self.session.commit()
            return user
        name = user.username if user else None
        self.session.commit()
        self.authenticator.note_refused(name, via=via, address=self.authenticator.proxies.client(request))
        return None

    @staticmethod
    def _has_role(user: Any) -> bool:
        return bool(user.roles) or any(group.roles for group in user.groups)

    def update_user_auth_stat(self, user: Any, success: bool = True) -> None:
        """Commit what a login has changed of a user, and count it."""
        self.session.commit()
        if self.auth_type in {AUTH_OAUTH, AUTH_REMOTE_USER}:
            now = current_app.extensions["tradewind.clock"].now()
            database = current_app.extensions["tradewind.database"]
            database.write(lambda c: users.note_login(c, user.id, now=now, is_success=success))
        if success:
            self.on_user_login(user)
        else:
            self.on_user_login_failed(user)

    def load_user(self, pk: int) -> Any:
        """Return the user whom a cookie names, while its session lasts."""
        found = self.authenticator.identify_session(session.get(SESSION))
        if found is None or found.user_id != int(pk):
            return None
        return super().load_user(pk)

    # --- Registering ----------------------------------------------------------------------------------------------------

    def add_user(
        self, username: str, first_name: str, last_name: str, email: str, role: Any = None, **more: Any
    ) -> Any:
        """Make a user who has logged in elsewhere; False for one who would get no role."""
        if not role and not more.get("groups"):
            log.info("a user was refused who would get no role: no group of theirs is in AUTH_ROLES_MAPPING")
            return False
        user = super().add_user(username, first_name, last_name, email, role, **more)
        if user:
            extensions = current_app.extensions
            after = {"username": user.username, "roles": [each.name for each in user.roles]}
            who = Actor(user.username, user.id, frozenset(), via="registration")
            self.session.commit()
            now = extensions["tradewind.clock"].now()
            ids = RandomIds(extensions["tradewind.clock"].now)
            extensions["tradewind.database"].write(
                lambda c: record(c, actor=who, event="users.create", now=now, ids=ids, after=after), collisions=True
            )
        return user

    def _ldap_calculate_user_roles(self, user_attributes: dict[str, Any]) -> list[Any]:
        return self._without_unsaid(super()._ldap_calculate_user_roles(user_attributes))

    def _oauth_calculate_user_roles(self, userinfo: dict[str, Any]) -> list[Any]:
        return self._without_unsaid(super()._oauth_calculate_user_roles(userinfo))

    def _without_unsaid(self, roles: list[Any]) -> list[Any]:
        """Return roles without the one for everybody where nobody has said that everybody gets it."""
        return [each for each in roles if self.has_default_role or each.name != self.auth_role_public]

    # --- OAuth ----------------------------------------------------------------------------------------------------------

    def set_oauth_session(self, provider: str, oauth_response: dict[str, Any]) -> None:
        """Note the provider. The provider's tokens do not go into the cookie, which is signed, and not encrypted."""
        session["oauth_provider"] = provider

    def get_oauth_user_info(self, provider: str, resp: dict[str, Any]) -> dict[str, Any]:
        """Return what a provider tells of a user: of one that Flask-AppBuilder does not know, by OpenID Connect."""
        try:
            found: dict[str, Any] = super().get_oauth_user_info(provider, resp)
        except OAuthProviderUnknown:
            claims = resp.get("userinfo") or self.oauth_remotes[provider].userinfo(token=resp)
            return {
                "username": claims.get("preferred_username") or claims.get("email") or claims.get("sub", ""),
                "first_name": claims.get("given_name", ""),
                "last_name": claims.get("family_name", ""),
                "email": claims.get("email", ""),
                "role_keys": list(claims.get("groups") or claims.get("roles") or []),
            }
        return found
