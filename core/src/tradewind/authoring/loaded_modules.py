"""Which modules an import has loaded, without touching those that were there before.

In a forked process each module that is touched costs the copy of a page: some milliseconds for all of them.
"""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import Any


def newest_module() -> str:
    """Return the name of the module that was loaded last, for `modules_since`."""
    return next(reversed(sys.modules))


def modules_since(newest: str) -> list[tuple[str, Any]]:
    """Return the modules that were loaded after the one named, in the order of their loading; all, if that one is gone."""
    names = list(takewhile(lambda name: name != newest, reversed(sys.modules)))
    return [(name, sys.modules[name]) for name in reversed(names)]
