"""Keys: private ones read from text, and what is done about a server whose key is not known."""

from __future__ import annotations

import io
import logging
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = lazy_client("paramiko", extra="ssh")

__all__ = ["AcceptUnknown", "RefuseUnknown", "host_key_of", "private_key_of"]

_PRIVATE = ("Ed25519Key", "ECDSAKey", "RSAKey", "DSSKey")
_PUBLIC = {"ssh-ed25519": "Ed25519Key", "ssh-rsa": "RSAKey", "ssh-dss": "DSSKey"}


class RefuseUnknown:
    """Refuses a server that is not known, and says how to make it known."""

    def missing_host_key(self, _client: Any, hostname: str, key: Any) -> None:
        """See `paramiko.MissingHostKeyPolicy`."""
        raise paramiko.SSHException(
            f"the server {hostname} is not known; its key is {told(key)}. If it is the right one, put it as host_key into "
            f"the extra of the connection, or the server into ~/.ssh/known_hosts; no_host_key_check lets any server in"
        )


class AcceptUnknown:
    """Lets any server in, with a warning.

    Arguments:
        log: where the warning goes.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def missing_host_key(self, _client: Any, hostname: str, key: Any) -> None:
        """See `paramiko.MissingHostKeyPolicy`."""
        self._log.warning(
            "The server %s is not known and let in, as no_host_key_check says; its key is %s", hostname, told(key)
        )


def told(key: Any) -> str:
    """Return a public key as `type base64`."""
    return f"{key.get_name()} {b2a_base64(key.asbytes(), newline=False).decode('ascii')}"


def host_key_of(text: str, conn_id: str) -> Any:
    """Return the public key of a server from `type base64`, or from base64 alone for an RSA key, as Airflow has it.

    Raises:
        TradewindException: it is none.
    """
    words = text.split()
    kind, body = (words[0], words[1]) if len(words) > 1 else ("ssh-rsa", words[0] if words else "")
    name = "ECDSAKey" if kind.startswith("ecdsa-") else _PUBLIC.get(kind, "")
    try:
        return getattr(paramiko, name)(data=a2b_base64(body))
    except (AttributeError, NotBase64, paramiko.SSHException, ValueError, IndexError):
        raise TradewindException(
            f"the host_key in the extra of connection {conn_id!r} is no key: write it as ssh-keyscan prints it, "
            f"such as 'ssh-ed25519 AAAA…'"
        ) from None


def private_key_of(text: str, passphrase: str | None, conn_id: str) -> Any:
    """Return a private key from its text, of whatever kind it is.

    Raises:
        TradewindException: it is none, or the passphrase is wrong; the message has nothing of either.
    """
    for name in _PRIVATE:
        kind = getattr(paramiko, name, None)
        if kind is None:
            continue
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase)
        except paramiko.PasswordRequiredException:
            raise TradewindException(
                f"the private_key in the extra of connection {conn_id!r} is encrypted: give private_key_passphrase"
            ) from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise TradewindException(
        f"the private_key in the extra of connection {conn_id!r} cannot be read: it is no private key, of a kind that is not "
        f"known, or private_key_passphrase is wrong"
    ) from None
