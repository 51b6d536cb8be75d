"""What is generated from the distributions is as they are, and what they say of themselves is whole."""

from __future__ import annotations

import pytest
from distributions.found import ROOT, kit_folders, provider_folders
from distributions.generated import COMMAND, Part
from distributions.parts import generated_page, generated_parts
from tradewind.cli.installation.provider_checks import check_provider
from tradewind.plugins.known import PLANNED, providers


def problem(part: Part) -> str:
    """Return what is wrong with a part of a file, or nothing."""
    try:
        return f"{part.path}, {part.name or 'all of it'}" if part.is_stale() else ""
    except ValueError as error:
        return str(error)


def test_generated_parts_are_current() -> None:
    assert [found for part in generated_parts() if (found := problem(part))] == [], f"run: {COMMAND}"


def test_the_page_about_all_providers_is_current() -> None:
    assert problem(generated_page()) == "", f"run: {COMMAND}"


def test_a_provider_that_was_planned_has_the_names_that_were_promised() -> None:
    names = {(kind, name) for own in providers().values() for kind, many in own.items() for name in many}
    planned = {(kind, name): who for who, own in PLANNED.items() for kind, many in own.items() for name in many}
    assert set(planned) <= names, "core/src/tradewind/plugins/known.py plans a name that the provider does not have"


@pytest.mark.skipif(not kit_folders(), reason="a provider proves itself by the conformance kit, which is not here")
@pytest.mark.parametrize("folder", provider_folders())
def test_providers_are_as_providers_should_be(folder: str) -> None:
    assert check_provider(ROOT / folder) == []
