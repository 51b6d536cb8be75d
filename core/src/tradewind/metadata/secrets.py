"""Encryption at rest of connections' passwords and extras and of variables: Fernet, with the keys outside the database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY_FILE = "fernet.key"


class SecretError(RuntimeError):
    """A secret cannot be read or written; the message says why and what mends it."""


class Cipher:
    """Encrypts with the first key and decrypts with any, so that keys can be rotated.

    Arguments:
        keys: Fernet keys (32 bytes, url-safe base64), the newest first, separated by commas.
    Raises:
        SecretError: when one is not a Fernet key.
    """

    def __init__(self, keys: str) -> None:
        self._fernet = _fernet(keys, "security.fernet_key")

    @property
    def has_key(self) -> bool:
        """Whether there is a key; without one `encrypt` makes it, and nothing can be decrypted."""
        return True

    def encrypt(self, text: str) -> str:
        """Return the text encrypted with the first key."""
        return self._keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str, *, of: str = "a stored secret") -> str:
        """Return the text.

        Arguments:
            of: what the text is, for the message, such as `the password of connection 'db'`.
        Raises:
            SecretError: when it was encrypted with a key that is not given.
        """
        try:
            return self._keys().decrypt(encrypted.encode()).decode()
        except _library().InvalidToken as error:
            raise SecretError(
                f"{of[0].upper()}{of[1:]} was encrypted with a key that is not given: set security.fernet_key to the "
                "new key, a comma, and the old key (the first encrypts, all decrypt), or set the value again."
            ) from error

    def _keys(self) -> MultiFernet:
        return self._fernet


class HomeCipher(Cipher):
    """The cipher of the key file in TRADEWIND_HOME, which is made when the first secret of all is encrypted.

    Never to read: a lost file would be replaced by a key that opens nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: MultiFernet | None = None

    @property
    def has_key(self) -> bool:
        """See `Cipher.has_key`."""
        return self._read is not None or self.path.exists()

    def encrypt(self, text: str) -> str:
        """See `Cipher.encrypt`."""
        if not self.has_key:
            _make_key(self.path)
        return super().encrypt(text)

    def _keys(self) -> MultiFernet:
        if self._read is None:
            try:
                text = self.path.read_text()
            except FileNotFoundError:
                raise SecretError(missing(self.path)) from None
            self._read = _fernet(text, str(self.path))
        return self._read


def missing(path: Path) -> str:
    """Return the sentence for a key file that is gone while there are secrets that need it."""
    return (
        f"The key file {path} is missing, and the database holds secrets that were encrypted with it: put the file back, "
        "or set security.fernet_key to its content. Without the key, delete these connections and variables and add "
        "them again."
    )


def open_cipher(fernet_key: str, home: Path) -> Cipher:
    """Return the cipher of `security.fernet_key`, or of the key file in TRADEWIND_HOME."""
    return Cipher(fernet_key) if fernet_key else HomeCipher(home / KEY_FILE)


def _library() -> Any:
    # With the first secret: a daemon that meets none does without 20 ms and 1.6 MB
    from cryptography import fernet  # noqa: PLC0415

    return fernet


def _fernet(keys: str, where: str) -> MultiFernet:
    library = _library()
    try:
        found: MultiFernet = library.MultiFernet(
            [library.Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        )
    except ValueError as error:
        raise SecretError(
            f"{where} is not a Fernet key (32 random bytes in url-safe base64). Make one with: "
            'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        ) from error
    return found


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}.{os.getpid()}")
    # Whole before it has its name, and linked, not renamed: of two processes that start at once one key wins
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_library().Fernet.generate_key())
    try:
        os.link(mine, path)
    except FileExistsError:
        pass  # the other process's key counts
    finally:
        mine.unlink()
