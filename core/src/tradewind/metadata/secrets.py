"""Encryption at rest of connections' passwords and extras and of variables: Fernet, with the key outside the database."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_FILE = "fernet.key"


class SecretError(RuntimeError):
    """A secret cannot be read or written; the message says why and what mends it."""


class Cipher:
    """Encrypts with the first key and decrypts with any, so that keys can be rotated.

    Arguments:
        keys: Fernet keys (32 bytes, url-safe base64), newest first, separated by commas.
    Raises:
        SecretError: when one is not a Fernet key.
    """

    def __init__(self, keys: str) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
        except ValueError as error:
            raise SecretError(
                "security.fernet_key is not a Fernet key (32 random bytes in url-safe base64). Make one with: "
                'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
            ) from error

    def encrypt(self, text: str) -> str:
        """Return the text encrypted."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the text.

        Raises:
            SecretError: when it was encrypted with a key that is not given.
        """
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken as error:
            raise SecretError(
                "A stored secret was encrypted with another key: give the old key too, as the second one in "
                "security.fernet_key, separated by a comma."
            ) from error


def open_cipher(fernet_key: str, home: Path) -> Cipher:
    """Return the cipher of `security.fernet_key`, or of the key in TRADEWIND_HOME, which is made on first use."""
    return Cipher(fernet_key or _key_in(home))


def _key_in(home: Path) -> str:
    path = home / KEY_FILE
    home.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{KEY_FILE}.{os.getpid()}")
    if not path.exists():
        # Whole before it has its name, and linked, not renamed: of two processes that start at once one key wins
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        try:
            os.link(mine, path)
        except FileExistsError:
            pass  # the other process's key counts
        finally:
            mine.unlink()
    return path.read_text()
