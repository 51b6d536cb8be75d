"""Who sends a request: by an API token, a name and a password, a browser's session, or a proxy that has asked already.

One statement reads a user with all permissions, whichever way they came. What is wrong raises; nothing at all is nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Request, session

from tradewind.access import tokens
from tradewind.access.actors import Actor
from tradewind.access.addresses import Proxies
from tradewind.access.attempts import Attempts, TooManyAttemptsError
from tradewind.access.audit import record
from tradewind.access.operations import Permission
from tradewind.access.passwords import PasswordCache, is_right
from tradewind.config import Config
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids, RandomIds
from tradewind.metadata.statements import logins, users
from tradewind.metadata.statements import tokens as token_statements
from tradewind.metadata.statements.roles import Pair
from tradewind.metadata.statements.users import Identity

SESSION = "tradewind"
"""What of the cookie says which session it is."""
CSRF_HEADER = "X-CSRFToken"
CSRF_FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WRONG = "The name or the password is wrong."
SEEN_NOTED = timedelta(minutes=1)
NOBODY = "(unknown)"
"""Who failed to log in where there is no such user: people type passwords into the field for the name."""


class AuthenticationError(Exception):
    """Somebody said who they are, and it is not so, or cannot be.

    Arguments:
        message: a sentence for who sent the request.
        status: of HTTP: 401, 403 for a missing CSRF token, 429 for too many attempts, 503 where who knows does not answer.
        retry_after: seconds, with 429.
    """

    def __init__(self, message: str, *, status: int = 401, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Ways:
    """How people say who they are, as `webserver_config.py` has it.

    Arguments:
        check_password: asks elsewhere, such as at an LDAP server, whether a name and a password are right, and returns the
            user's id; None compares with what is stored here.
        takes_passwords: whether a name and a password are taken at all.
        remote_user: variable of the request's environment that holds the name a proxy found; None believes no proxy.
        register: makes a user of such a name who is not known yet, and returns the id, or None.
        public_role: the role of who does not say who they are.
        password_rule: a further rule for new passwords, see `check_rules`.
    """

    check_password: Callable[[str, str], int | None] | None = None
    takes_passwords: bool = True
    remote_user: str | None = None
    register: Callable[[str], int | None] | None = None
    public_role: str = "Public"
    password_rule: Callable[[str], object] | None = None


class Authenticator:
    """Finds out who sends a request. One for each web server, used by many threads.

    Arguments:
        ways: see `Ways`.
        key: the key that signs cookies.
        monotonic: seconds that rise, for what is remembered for a minute.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        *,
        key: str,
        clock: Clock,
        ways: Ways | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ways = ways or Ways()
        self.proxies = Proxies(config.web.trusted_proxies)
        self._database = database
        self._clock = clock
        self._key = key.encode()
        self._attempts = Attempts.of(config.security)
        self._idle = timedelta(minutes=config.web.session_idle)
        self._lifetime = timedelta(minutes=config.web.session_lifetime)
        self._cache = PasswordCache(monotonic)

    @property
    def _ids(self) -> Ids:
        return RandomIds(self._clock.now)  # a source is not for several threads

    # --- Requests -----------------------------------------------------------------------------------------------------

    def authenticate(self, request: Request) -> Actor | None:
        """Return who sends a request, within its context; None for who does not say it.

        Raises:
            AuthenticationError: what the request says is wrong, has expired, or was said too often.
            sqlalchemy.exc.DBAPIError: the database could not be asked.
        """
        if request.headers.get("Authorization"):
            return self._by_header(request)
        actor = self._by_session(request) or self._by_proxy(request)
        return actor or self._public()

    def _by_header(self, request: Request) -> Actor:
        given = request.authorization
        kind = given.type if given is not None else ""
        if given is not None and kind == "bearer" and given.token:
            return self._by_token(given.token)
        if given is not None and kind == "basic":
            return self._by_password(given.username or "", given.password or "", self.proxies.client(request))
        raise AuthenticationError("The header Authorization is neither `Bearer` with an API token nor `Basic`.")

    def _by_token(self, text: str) -> Actor:
        lookup = tokens.lookup_of(text)
        if lookup is None:
            raise AuthenticationError(
                "This is no API token: one begins with twd_, and `tradewind tokens create` makes it."
            )
        with self._database.read() as connection:
            found = users.identify_token(connection, lookup)
        if found is None or not tokens.is_same(found.more["secret_hash"], text):
            raise AuthenticationError("The API token is not known here.")
        now = self._clock.now()
        if found.more["revoked_at"] is not None:
            raise AuthenticationError("The API token was revoked.")
        if found.more["expires_at"] <= now:
            raise AuthenticationError(
                f"The API token expired at {found.more['expires_at'].isoformat(timespec='seconds')}."
            )
        if not found.is_active:
            raise AuthenticationError("The user of the API token is not active.")
        used = found.more["last_used_at"]
        if used is None or now - used >= tokens.USE_NOTED:
            before = now - tokens.USE_NOTED
            self._database.write(lambda c: token_statements.note_use(c, found.more["id"], now=now, before=before))
        dags = token_statements.listed(found.more["dags"])
        return Actor(
            found.username,
            found.user_id,
            _permissions(found.permissions),
            scopes=token_statements.listed(found.more["scopes"]),
            dags=None if dags is None else frozenset(dags),
            via="token",
        )

    def _by_password(self, name: str, password: str, address: str) -> Actor:
        if not self.ways.takes_passwords:
            raise AuthenticationError(
                "This server takes no passwords: use an API token, `Authorization: Bearer twd_…`."
            )
        return self._actor(self.check_password(name, password, address, is_remembered=True), "password")

    def _by_session(self, request: Request) -> Actor | None:
        text = session.get(SESSION)
        found = self.identify_session(text)
        if found is None:
            return None
        if request.method not in SAFE:
            given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
            if not hmac.compare_digest(given.encode(), self.csrf_token(str(text)).encode()):
                raise AuthenticationError(
                    f"A change that a browser asks for needs the header {CSRF_HEADER} with the page's token.",
                    status=403,
                )
        return self._actor(found, "session")

    def _by_proxy(self, request: Request) -> Actor | None:
        name = self.name_by_proxy(request)
        if name is None:
            return None
        if request.method not in SAFE and not _is_same_origin(request):
            raise AuthenticationError("This change comes from a page of another site.", status=403)
        with self._database.read() as connection:
            found = users.identify(connection, name)
        if found is None and self.ways.register is not None:
            key = self.ways.register(name)
            if key is not None:
                with self._database.read() as connection:
                    found = users.identify_id(connection, key)
        if found is None or not found.is_active:
            raise AuthenticationError("The user whom the proxy names is not known here, or not active.")
        return self._actor(found, "remote_user")

    def _public(self) -> Actor | None:
        with self._database.read() as connection:
            found = users.permissions_of_role(connection, self.ways.public_role)
        return Actor("anonymous", None, _permissions(found), via="public") if found else None

    def name_by_proxy(self, request: Request) -> str | None:
        """Return the name of the user whom a trusted proxy names; None where there is none, or the proxy is not trusted."""
        if self.ways.remote_user is None or not self.proxies.is_trusted(request.environ.get("REMOTE_ADDR")):
            return None
        return str(request.environ.get(self.ways.remote_user, "")).strip() or None

    # --- Passwords ----------------------------------------------------------------------------------------------------

    def check_password(self, name: str, password: str, address: str, *, is_remembered: bool = False) -> Identity:
        """Return the user of a name and a password.

        Arguments:
            address: where the attempt comes from.
            is_remembered: a password that was right within the last minute is not computed again, and is no login.
        Raises:
            AuthenticationError: they are wrong, or were so too often of late; it takes as long where there is no such user.
        """
        with self._database.read() as connection:
            found = users.identify(connection, name, or_email=True)
        is_usable = found is not None and found.is_active
        stored = self._stored(found) if found is not None and is_usable else None
        if found is not None and stored is not None and is_remembered and self._cache.knows(name, stored, password):
            return found
        now = self._clock.now()
        with self._database.read() as connection:
            try:
                has_failed = self._attempts.require_allowed(connection, name, address, now=now)
            except TooManyAttemptsError as error:
                raise AuthenticationError(str(error), status=429, retry_after=error.seconds) from error
        checked = self._checked(name, password, found if is_usable else None)
        if checked is None:
            self._note_wrong(name, found, address)
            raise AuthenticationError(WRONG)
        if is_remembered:
            self._cache.add(name, self._stored(checked), password)
        if has_failed or not is_remembered:
            self._note_right(checked, name, address, is_login=not is_remembered)
        return checked

    def _checked(self, name: str, password: str, found: Identity | None) -> Identity | None:
        if self.ways.check_password is None:
            return found if is_right(found.password_hash if found else None, password) else None
        # An empty password would be an anonymous bind, which LDAP servers grant
        key = self.ways.check_password(name, password) if name and password.strip("\0") else None
        if key is None:
            return None
        with self._database.read() as connection:
            found = users.identify_id(connection, key)
        return found if found is not None and found.is_active else None

    def _stored(self, found: Identity) -> str:
        return (found.password_hash or "") if self.ways.check_password is None else f"elsewhere {found.user_id}"

    def note_refused(self, name: str | None, *, via: str, address: str) -> None:
        """Write that somebody whom another system let in was refused here.

        Arguments:
            name: of a user who is known here; None for who is not.
        """
        who = Actor(name or NOBODY, None, frozenset(), via=via)
        now, more = self._clock.now(), {"address": address}
        self._database.write(
            lambda c: record(c, actor=who, event="login_failed", now=now, ids=self._ids, more=more), collisions=True
        )

    def _note_wrong(self, name: str, found: Identity | None, address: str) -> None:
        now = self._clock.now()
        who = Actor(found.username if found else NOBODY, None, frozenset(), via="password")

        def note(connection: sa.Connection) -> None:
            self._attempts.note_wrong(connection, name, address, now=now, ids=self._ids)
            if found is not None:
                users.note_login(connection, found.user_id, now=now, is_success=False)
            more = {"address": address}
            record(connection, actor=who, event="login_failed", now=now, ids=self._ids, more=more)

        self._database.write(note, collisions=True)

    def _note_right(self, found: Identity, name: str, address: str, *, is_login: bool) -> None:
        def note(connection: sa.Connection) -> None:
            self._attempts.forget(connection, name)
            if is_login:
                users.note_login(connection, found.user_id, now=self._clock.now(), is_success=True)

        self._database.write(note)

    # --- Sessions -----------------------------------------------------------------------------------------------------

    def begin_session(self, user_id: int, name: str, *, via: str, address: str) -> str:
        """Log a user in; return what the cookie has to hold."""
        text, now = secrets.token_urlsafe(32), self._clock.now()
        who = Actor(name, user_id, frozenset(), via=via)

        def begin(connection: sa.Connection) -> None:
            logins.begin_session(
                connection,
                _hash(text),
                user_id=user_id,
                now=now,
                begun_before=now - self._lifetime,
                seen_before=now - self._idle,
            )
            record(connection, actor=who, event="login", now=now, ids=self._ids, more={"address": address})

        self._database.write(begin, collisions=True)
        return text

    def end_session(self, text: str | None) -> None:
        """Log out: whoever has a copy of the cookie is out as well."""
        found = self.identify_session(text)
        if text is None or found is None:
            return
        who = Actor(found.username, found.user_id, frozenset(), via="session")
        now = self._clock.now()

        def end(connection: sa.Connection) -> None:
            if logins.end_session(connection, _hash(text)):
                record(connection, actor=who, event="logout", now=now, ids=self._ids)

        self._database.write(end, collisions=True)

    def identify_session(self, text: str | None) -> Identity | None:
        """Return whose session a cookie names; None for nobody's, and for one that is over."""
        if not text:
            return None
        with self._database.read() as connection:
            found = users.identify_session(connection, _hash(text))
        if found is None or not found.is_active:
            return None
        now, seen, begun = self._clock.now(), found.more["seen_at"], found.more["begun_at"]
        if now - seen > self._idle or now - begun > self._lifetime:
            return None
        if now - seen >= SEEN_NOTED:
            before = now - SEEN_NOTED
            self._database.write(lambda c: logins.note_session(c, _hash(text), now=now, before=before))
        return found

    def csrf_token(self, text: str | None = None) -> str:
        """Return what a page has to send with changes in this session.

        Arguments:
            text: what the cookie holds; by default that of the request under way.
        """
        of = text if text is not None else session.get(SESSION, "")
        return hmac.digest(self._key, f"csrf {of}".encode(), hashlib.sha256).hex()

    @staticmethod
    def _actor(found: Identity, via: str) -> Actor:
        return Actor(found.username, found.user_id, _permissions(found.permissions), via=via)


def _permissions(pairs: frozenset[Pair]) -> frozenset[Permission]:
    return frozenset(Permission(*pair) for pair in pairs)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_same_origin(request: Request) -> bool:
    """Tell whether a request is no browser's, or comes from a page of this server."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
