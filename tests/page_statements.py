"""Counting the statements that a page asks the database."""

from __future__ import annotations

import sqlalchemy as sa
from stages import Stage

MOST_STATEMENTS = 12
"""Of a page, one of which tells who asks: that one is not asked where tests say it."""


def statements_of(stage: Stage, path: str) -> list[str]:
    """Return the statements of a page that is there."""
    texts: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        if not text.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            texts.append(text)

    sa.event.listen(stage.tools.database.engine, "before_cursor_execute", note)
    try:
        assert stage.client().get(path).status_code == 200
    finally:
        sa.event.remove(stage.tools.database.engine, "before_cursor_execute", note)
    return texts
