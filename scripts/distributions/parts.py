"""All generated parts of the repository's files."""

from __future__ import annotations

from pathlib import Path

from distributions.core_facts import extras, known_names
from distributions.counting import count_tests
from distributions.facts import read_providers
from distributions.found import ROOT
from distributions.generated import Part
from distributions.layers import import_rules
from distributions.page import providers_page
from distributions.tables import readme_parts


def generated_parts(root: Path = ROOT) -> list[Part]:
    """Return every generated part as it should be, but for the page about all providers, which takes seconds."""
    providers = read_providers(root)
    readmes = [part for each in providers for part in readme_parts(each, root)]
    return [import_rules(root), known_names(providers, root), extras(providers, root), *readmes]


def generated_page(root: Path = ROOT) -> Part:
    """Return `docs/providers.md` as it should be: it collects the providers' tests to count them."""
    return providers_page(read_providers(root), count_tests(root), root)
