"""Passwords: hashed by scrypt as Flask-AppBuilder does, compared in the same time whether or not there is such a user."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from werkzeug.security import check_password_hash, generate_password_hash

_COMMON = """
00000000 11111111 12345678 123456789 1234567890 87654321 1q2w3e4r abcd1234 administrator airflow123 asdfghjkl baseball changeme
football iloveyou letmein1 passw0rd password password1 password123 princess qwerty123 qwertyui qwertyuiop sunshine superman
tradewind tradewind1 trustno1 welcome1
"""
COMMON = frozenset(_COMMON.split())
"""Those that are tried first; all are long enough otherwise."""
CACHE_SECONDS = 60.0
CACHED = 1000


class WeakPasswordError(ValueError):
    """A password is refused; the text is a sentence for the person who chose it and does not hold it."""


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return generate_password_hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Tell whether a password is the one of a stored hash; None takes as long and is never right."""
    try:
        right = check_password_hash(stored or _nobodys(), password)
    except ValueError:  # somebody has written into the table what is no hash
        return False
    return right and bool(stored) and bool(password.strip("\0"))


def check_rules(
    password: str, username: str, *, shortest: int, validate: Callable[[str], object] | None = None
) -> None:
    """Return if a password is good enough.

    Arguments:
        shortest: characters that it has at least.
        validate: a further rule, which raises an exception whose text says what is wrong.
    Raises:
        WeakPasswordError: saying which rule it breaks.
    """
    if len(password) < shortest:
        raise WeakPasswordError(f"The password is too short: give {shortest} characters or more.")
    if username and password.casefold() in {username.casefold(), username.casefold()[::-1]}:
        raise WeakPasswordError("The password is the user's name: choose another.")
    if password.casefold() in COMMON or len(set(password)) < 3:
        raise WeakPasswordError("The password is one of those that are tried first: choose another.")
    if validate is not None:
        try:
            validate(password)
        except Exception as error:
            raise WeakPasswordError(f"The password is refused by the server's own rule: {error}") from error


def random_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(12)


@functools.cache
def _nobodys() -> str:
    """Return what is compared with where there is no such user: made anew in each process, and nobody knows the password."""
    return generate_password_hash(secrets.token_urlsafe(16))


class PasswordCache:
    """Remembers for a minute that a password was right, as scrypt costs some 50 ms on purpose.

    What is kept is a keyed hash of the user, of what is stored now and of the password, under a key of this process: where the
    stored hash changes, nothing that is remembered fits any more.

    Arguments:
        clock: seconds that rise.
        most: entries kept at most; the oldest go.
    """

    def __init__(self, clock: Callable[[], float], *, most: int = CACHED) -> None:
        self._clock = clock
        self._most = most
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, user: str, stored: str, password: str) -> bool:
        """Tell whether this was right within the last minute."""
        with self._lock:
            return self._until.get(self._mark(user, stored, password), 0.0) > self._clock()

    def add(self, user: str, stored: str, password: str) -> None:
        """Remember that this is right."""
        mark = self._mark(user, stored, password)
        with self._lock:
            self._until.pop(mark, None)
            self._until[mark] = self._clock() + CACHE_SECONDS
            while len(self._until) > self._most:
                self._until.popitem(last=False)

    def _mark(self, user: str, stored: str, password: str) -> bytes:
        text = "\0".join(str(len(each)) + ":" + each for each in (user, stored, password))
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), hashlib.sha256)
