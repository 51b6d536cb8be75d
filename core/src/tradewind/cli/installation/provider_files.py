"""The files of a new provider: a small whole one, with names put in."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

TEMPLATE = Path(__file__).with_name("provider_template")
_SUFFIX = ".txt"
"""Of every file of the template, so that no tool takes it for one of Tradewind's own modules or pages."""
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*\Z")


def short_name(name: str) -> str:
    """Return the name without `tradewind-`, its words joined by hyphens.

    Raises:
        ValueError: no package can be called so.
    """
    short = name.removeprefix("tradewind-")
    if not _NAME.match(short):
        raise ValueError(f"{name!r} cannot be the name of a provider: write lower-case words, as in my-system")
    return short.replace("_", "-")


def provider_files(name: str) -> dict[str, str]:
    """Return the text of each file of a new provider, by its path in the provider's folder. Raises ValueError."""
    short = short_name(name)
    words = short.split("-")
    instead = {
        "tradewind-parrot": f"tradewind-{short}",
        "PARROT": "_".join(words).upper(),
        "Parrot": "".join(word.capitalize() for word in words),
        "parrot": "_".join(words),
        "{contract}": _contract(),
    }
    found = {}
    for path in sorted(TEMPLATE.rglob(f"*{_SUFFIX}")):
        inner = str(path.relative_to(TEMPLATE)).removesuffix(_SUFFIX)
        found[_put_in(inner, instead)] = _put_in(path.read_text(encoding="utf-8"), instead)
    return found


def _put_in(text: str, instead: dict[str, str]) -> str:
    """Return a text with names put in, in one pass: a name that holds another is left alone."""
    known = re.compile("|".join(re.escape(each) for each in instead))
    return known.sub(lambda found: instead[found[0]], text)


def _contract() -> str:
    """Return the range of contracts that work as the installed one does: what is written against it may need all of it."""
    installed = version("tradewind-plugins-api")
    major, minor = installed.split(".")[:2]
    return f">={installed},<{int(major) + 1}" if int(major) else f">={installed},<0.{int(minor) + 1}"
