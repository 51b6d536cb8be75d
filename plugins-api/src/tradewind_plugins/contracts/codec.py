"""The JSON codec contract: how values become bytes on their way to the database and to other processes."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["JsonCodec"]


class JsonCodec:
    """Turns JSON values into UTF-8 text and back.

    Two codecs may write different text for one value, but each reads what any other wrote, as the same value. Hashes
    are
    never taken of a codec's text: there is one canonical form for that.
    """

    contract_version: ClassVar[str] = "0.1"

    def encode(self, value: Any) -> bytes:
        """Return a value as JSON.

        Raises:
            TypeError: It is not made of None, booleans, numbers, texts, lists and dicts with texts as keys.
            ValueError: A number is not finite.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement encode")

    def decode(self, data: bytes) -> Any:
        """Return the value that JSON text stands for.

        Raises:
            ValueError: It is not JSON.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement decode")
