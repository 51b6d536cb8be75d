"""The generated pages are what their generator writes, and it knows everything that the code knows."""

from __future__ import annotations

import generate_reference
import pytest

PAGES = generate_reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_generated(name: str) -> None:
    written = (generate_reference.PAGES / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "write it again: python scripts/generate_reference.py"
