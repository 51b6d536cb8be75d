"""What an operation returns that tells line by line, for as long as somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol


class Lines(Protocol):
    """Lines that are told when they are known."""

    @property
    def lines(self) -> Iterator[Mapping[str, Any]]:
        """JSON objects, one after the other."""
        ...

    @property
    def close(self) -> Callable[[], None]:
        """To be called when no line is wanted any more."""
        ...
