"""What proves who calls: signed, short-lived words, made of the secret that workers and web servers share.

Each kind is signed with a key of its own, derived from the secret, so that none is taken for another. A worker makes its
credential itself, for its own name; passes of tries and handles of values are made by the web server, which keeps none of
them: whichever server is asked can check them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import jwt

from tradewind.config import ConfigError

ALGORITHM: Final = "HS256"
CREDENTIAL_SECONDS: Final = 300
SKEW_SECONDS: Final = 60
"""By so much the clocks of a worker and a server may differ."""
SHORTEST_SECRET: Final = 32
CREDENTIAL, PASS, HANDLE = "credential", "pass", "handle"


class TokenError(Exception):
    """A word proves nothing; the message is a sentence that shows nothing of it.

    Arguments:
        code: `unauthorized`, or `expired` where a new one mends it.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Pass:
    """The right to ask what one dispatch of a try may ask.

    Arguments:
        worker: to which it was given.
        callback: id and token of the claimed callback that asks in the try's place; None for the try itself.
    """

    worker: str
    instance: int
    token: int
    try_number: int
    run: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    callback: tuple[int, int] | None = None


@dataclass(frozen=True)
class Handle:
    """A large value in the XCom storage, to be read or recorded by one dispatch of a try.

    Arguments:
        reference: the storage's own.
        key: of the XCom that it was stored for; None where it was stored already and may only be read.
    """

    instance: int
    token: int
    reference: str
    key: str | None = None


class Keys:
    """Signs and checks.

    Arguments:
        secret: the setting `execution_api.secret`: of several the first signs, and all are accepted.
    Raises:
        ConfigError: it is too short to be one.
    """

    def __init__(self, secret: str) -> None:
        self._secrets = [each.strip().encode() for each in secret.split(",") if each.strip()]
        if not self._secrets or min(map(len, self._secrets)) < SHORTEST_SECRET:
            raise ConfigError(
                f"execution_api.secret needs at least {SHORTEST_SECRET} characters, the same on web servers and workers."
            )

    def credential(self, worker: str, now: float) -> str:
        """Return the credential of a worker.

        Arguments:
            now: seconds since 1970, by the worker's clock.
        """
        return self._sign(CREDENTIAL, {"sub": worker}, now, CREDENTIAL_SECONDS)

    def worker_of(self, credential: str, now: float) -> str:
        """Return the worker whose credential this is.

        Raises:
            TokenError: it is nobody's.
        """
        found = self._read(CREDENTIAL, credential, now)
        if found["exp"] - found["iat"] > CREDENTIAL_SECONDS:
            raise TokenError("unauthorized", "The worker's credential was made for longer than a credential may last.")
        return str(found["sub"])

    def pass_of(self, what: Pass, now: float, seconds: float) -> str:
        """Return the pass of a try, good for so many seconds."""
        return self._sign(PASS, {"try": asdict(what)}, now, seconds)

    def read_pass(self, text: str, now: float) -> Pass:
        """Return what a pass says; raises `TokenError` as `worker_of`."""
        found = self._read(PASS, text, now)["try"]
        callback = found.pop("callback", None)
        return Pass(**_known(Pass, found), callback=None if callback is None else (callback[0], callback[1]))

    def handle_of(self, what: Handle, now: float, seconds: float) -> str:
        """Return the handle of a value, good for so many seconds."""
        return self._sign(HANDLE, {"value": asdict(what)}, now, seconds)

    def read_handle(self, text: str, now: float) -> Handle:
        """Return what a handle says; raises `TokenError` as `worker_of`."""
        return Handle(**_known(Handle, self._read(HANDLE, text, now)["value"]))

    def _sign(self, kind: str, claims: Mapping[str, Any], now: float, seconds: float) -> str:
        made = {**claims, "aud": f"tradewind-{kind}", "iat": int(now), "exp": int(now + seconds)}
        return jwt.encode(made, _key(self._secrets[0], kind), algorithm=ALGORITHM)

    def _read(self, kind: str, text: str, now: float) -> dict[str, Any]:
        for secret in self._secrets:
            try:
                # Times are compared below with the clock that is given, not with the library's own
                found: dict[str, Any] = jwt.decode(
                    text,
                    _key(secret, kind),
                    algorithms=[ALGORITHM],
                    audience=f"tradewind-{kind}",
                    options={"require": ["iat", "exp"], "verify_exp": False, "verify_iat": False},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise TokenError("unauthorized", f"This is no {kind} of the execution API.") from error
            _check_times(kind, found, now)
            return found
        raise TokenError(
            "unauthorized",
            f"The {kind} was signed with another secret than this server's: execution_api.secret must be the same on web "
            "servers and workers.",
        )


def _key(secret: bytes, kind: str) -> bytes:
    return hmac.new(secret, f"tradewind execution {kind}".encode(), hashlib.sha256).digest()


def _check_times(kind: str, found: Mapping[str, Any], now: float) -> None:
    if not all(isinstance(found[name], int) for name in ("iat", "exp")):
        raise TokenError("unauthorized", f"This is no {kind} of the execution API.")
    if found["exp"] + SKEW_SECONDS * (kind == CREDENTIAL) < now:
        raise TokenError("expired", f"The {kind} has expired; where it is new, the clocks of the two hosts differ.")
    if found["iat"] - SKEW_SECONDS > now:
        raise TokenError("unauthorized", f"The {kind} is from the future: the clocks of the two hosts differ.")


def _known(cls: type[Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return those claims that this release knows, so that servers of two releases understand each other."""
    return {each.name: found[each.name] for each in fields(cls) if each.name in found and each.name != "callback"}
