"""The import rules of providers for import-linter, which cannot look for packages itself: part of the root pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from distributions.found import ROOT, dependencies_of, package_of, provider_folders, required_name
from distributions.generated import Part

PLUGINS_API = "tradewind-plugins-api"


def import_rules(root: Path = ROOT) -> Part:
    """Return the part with the packages and the rules of the providers."""
    packages = [package_of(folder) for folder in provider_folders(root)]
    text = "\n".join(
        [
            "[tool.importlinter]",
            _listed("root_packages", ["tradewind", "tradewind_plugins", *packages]),
            "include_external_packages = true",
            "",
            "[[tool.importlinter.contracts]]",
            'name = "A provider is written against tradewind_plugins alone, which knows neither core nor any provider"',
            'type = "forbidden"',
            _listed("source_modules", ["tradewind_plugins", *packages]),
            'forbidden_modules = ["tradewind", "sqlalchemy", "flask", "pendulum", "jinja2"]',
            "",
            "[[tool.importlinter.contracts]]",
            'name = "Core and the plugins API import no provider"',
            'type = "forbidden"',
            'source_modules = ["tradewind", "tradewind_plugins"]',
            _listed("forbidden_modules", packages),
            *_independence(root, packages),
        ]
    )
    return Part(root / "pyproject.toml", "import rules of providers", text)


def _independence(root: Path, packages: list[str]) -> list[str]:
    """Return the rule that a provider imports those that it depends on, and no other; one alone needs no rule."""
    if len(packages) < 2:
        return []
    allowed = [
        f"{package_of(folder)}.** -> {sibling}.**"
        for folder in provider_folders(root)
        for sibling in siblings_of(root / folder)
    ]
    return [
        "",
        "[[tool.importlinter.contracts]]",
        'name = "A provider imports another one only where it depends on it"',
        'type = "independence"',
        _listed("modules", packages),
        *([_listed("ignore_imports", allowed), 'unmatched_ignore_imports_alerting = "none"'] if allowed else []),
    ]


def siblings_of(folder: Path) -> list[str]:
    """Return the packages of the providers that a provider depends on, those of its extras too."""
    names = set(map(required_name, dependencies_of(folder, extras=True)))
    return sorted(name.replace("-", "_") for name in names if name.startswith("tradewind-") and name != PLUGINS_API)


def _listed(key: str, values: list[str]) -> str:
    line = f"{key} = [{', '.join(map(_quoted, values))}]"
    return line if len(line) <= 120 else "\n".join([f"{key} = [", *(f"  {_quoted(each)}," for each in values), "]"])


def _quoted(text: str) -> str:
    return f'"{text}"'
