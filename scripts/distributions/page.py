"""`docs/providers.md`: what every provider has, what it lacks, and what its tests ran against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from distributions.counting import BACKINGS, Counts, summed
from distributions.facts import Provider
from distributions.found import ROOT
from distributions.generated import COMMAND, Part
from distributions.release_notes import states
from distributions.tables import table

HEAD = f"""<!-- Written by `{COMMAND}` from the providers' pyproject files, declarations, manifests and tests. -->
# Providers

Each is a distribution of its own: `pip install tradewind-NAME`, or `pip install "tradewind[NAME]"` together with the core. How to
write one is said in [a page of its own](writing-a-provider.md); `tradewind providers list` shows what is installed.

**Done** and **deferred** count Airflow's classes that a provider's manifest lists. The other columns count its tests by what they
run against: the *real* service; an *emulator*, a faithful stand-in; *emulated state* only, where a call changes what later calls
tell and nothing really happens; a *recorded* contract, answers that were written down; or nothing (*offline*)."""


def providers_page(providers: Sequence[Provider], counts: Counts, root: Path = ROOT) -> Part:
    """Return the page, as a part that is the whole file."""
    rows = []
    for each in providers:
        own = counts.get(each.short, {})
        done, deferred = _classes(each, done=True), _classes(each, done=False)
        tests = [str(summed(own, backing) or "") for backing in BACKINGS]
        lowered = "no" if each.no_backport else "yes"
        rows.append((f"[{each.short}](#{each.short})", each.version, str(done), str(deferred or ""), *tests, lowered))
    head = ("Provider", "Version", "Done", "Deferred", *(name.capitalize() for name in BACKINGS), "Airflow 1.10")
    sections = [_section(each, counts.get(each.short, {})) for each in providers]
    return Part(root / "docs/providers.md", "", "\n\n".join([HEAD, table(head, rows), *sections]))


def _classes(provider: Provider, *, done: bool) -> int:
    return len({row.airflow for row in provider.rows if bool(row.done) is done})


def _section(provider: Provider, counts: Mapping[str, int]) -> str:
    """Return what is told of one provider below the table."""
    lines = [f"## {provider.short}", f"{provider.description} [README](../{provider.folder}/README.md)"]
    services: dict[str, list[str]] = {}
    for name, number in counts.items():
        backing, _, service = name.partition(": ")
        if service:
            services.setdefault(service, []).append(f"{number} {backing}")
    if services:
        told = "; ".join(f"{service} ({', '.join(sorted(numbers))})" for service, numbers in sorted(services.items()))
        lines.append(f"Tested on: {told}.")
    reasons: dict[str, list[str]] = {}
    for row in provider.rows:
        if row.deferred:
            reasons.setdefault(row.deferred, []).append(f"`{row.airflow.rpartition('.')[2]}`")
    if reasons:
        lines.append("\n".join(f"- Deferred ({reason}): {', '.join(names)}" for reason, names in reasons.items()))
    if provider.no_backport:
        lines.append(f"Not built for Airflow 1.10: {provider.no_backport}.")
    else:
        lines.append("On Airflow 1.10:\n\n" + "\n".join(states(provider)))
    return "\n\n".join(lines)
