"""The pages on errors: one for each id that stands in brackets behind a message."""

from __future__ import annotations

from importlib.resources import files

PAGES = files("tradewind") / "explanations"
ENDING = ".md"


def explained_ids() -> list[str]:
    """Return the ids of all errors that have a page, sorted."""
    return sorted(each.name.removesuffix(ENDING) for each in PAGES.iterdir() if each.name.endswith(ENDING))


def explanation(error_id: str) -> str:
    """Return the page on an error, in Markdown.

    Raises:
        FileNotFoundError: there is none.
    """
    return (PAGES / f"{error_id}{ENDING}").read_text(encoding="utf-8")


def title(error_id: str) -> str:
    """Return the title of the page on an error: one line that says what it means."""
    return explanation(error_id).partition("\n")[0].removeprefix("# ")
