"""Release distributions: two commits, one with versions and changelogs, one with the rows that name it."""

from __future__ import annotations

import argparse

from distributions import generated
from distributions.found import ROOT, distributions, required_name
from distributions.git import git
from distributions.parts import generated_page, generated_parts
from distributions.releases import Plan, add_rows, entry, plan_release, ranges_that_miss, write_release
from distributions.rows import FILE


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as sqlite or tradewind-sqlite; all by default")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be released, and change nothing")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    plans, refused = [], []
    for name in _names(options.names):
        try:
            plan = plan_release(name)
        except ValueError as error:
            refused.append(str(error))
        else:
            plans += [plan] if plan is not None else []
    for plan in plans:
        _tell(plan)
    refused += ranges_that_miss({plan.distribution: plan.version for plan in plans})
    if refused:
        raise ValueError("\n".join(refused))
    if not plans:
        print("nothing changed since the last releases")
    elif not options.dry_run:
        _release(plans)


def _names(wanted: list[str]) -> list[str]:
    """Return the names of distributions. Raises ValueError for one that is not there."""
    known = list(distributions())
    names = [each if each in known else f"tradewind-{required_name(each)}" for each in wanted]
    strange = [each for each, name in zip(wanted, names, strict=True) if name not in known]
    if strange:
        raise ValueError(f"there is no distribution {', '.join(strange)}; there are {', '.join(known)}")
    return names or known


def _tell(plan: Plan) -> None:
    print(f"{plan.distribution} {plan.last.version if plan.last else '(first release)'} -> {plan.version}")
    for line in plan.commits[:20]:
        print(f"  {line}")
    if len(plan.commits) > 20:
        print(f"  and {len(plan.commits) - 20} more")
    print("".join(f"  | {line}".rstrip() + "\n" for line in entry(plan).splitlines()), end="")


def _release(plans: list[Plan]) -> None:
    """Write and commit. Raises ValueError where something else is not committed."""
    if git("status", "--porcelain"):
        raise ValueError("there are changes that are not committed: a release is made of a clean checkout")
    for plan in plans:
        write_release(plan)
    generated.write([*generated_parts(), generated_page()])
    named = ", ".join(f"{plan.distribution} {plan.version}" for plan in plans)
    git("add", "--all")
    git("commit", "--quiet", "--message", f"Release {named}")
    add_rows(plans, git("rev-parse", "HEAD").strip())
    git("add", FILE)
    git("commit", "--quiet", "--message", f"Record the release of {named}: its commit is known only now")
    print(f"released {named} in {ROOT}; `python -m distributions tags` makes the tags")
