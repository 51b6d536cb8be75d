"""For people who write providers: begin one, and check one."""

from __future__ import annotations

import argparse
from pathlib import Path

from tradewind.cli.errors import CommandError
from tradewind.cli.installation.provider_checks import check_provider
from tradewind.cli.installation.provider_files import provider_files, short_name
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    new = verbs.add("new", new_provider)
    new.add_argument(
        "name", metavar="NAME", help="such as my-system, which becomes the distribution tradewind-my-system"
    )
    new.add_argument("--path", metavar="DIR", help="the folder to write (default: tradewind-NAME, here)")
    validate = verbs.add("validate", validate_provider)
    validate.add_argument("path", nargs="?", default=".", metavar="PATH", help="the provider's folder (default: here)")
    add_output_option(validate)


def new_provider(options: argparse.Namespace) -> None:
    """Begin a provider: a small whole one with hook, operator, connection type, example and tests, to be changed.

    It passes `tradewind providers validate` and the conformance kit as it is.
    """
    try:
        short, files = short_name(options.name), provider_files(options.name)
    except ValueError as error:
        raise CommandError(f"{error}.", exit_code=2, error_id="wrong-usage") from error
    folder = Path(options.path or f"tradewind-{short}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there already: name another folder by --path.", error_id="already-exists")
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error}.", error_id="file-unwritable") from error
    print(f"Wrote {len(files)} files to {folder}. What comes next:\n")
    print(f"    pip install -e {folder} tradewind-testing")
    print(f"    pytest {folder}")
    print(f"    tradewind providers validate {folder}")


def validate_provider(options: argparse.Namespace) -> int:
    """Check a provider's folder: its pyproject.toml, the files that must be there, what its README shows, and imports.

    Whether its code keeps the contract is tested by the conformance kit, tradewind-testing.
    """
    folder = Path(options.path)
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}.", error_id="not-found")
    found = check_provider(folder)
    rows = [{"where": each.where, "what": each.what} for each in found]
    print_rows(rows, options.output, empty=f"{folder} is as a provider should be.")
    return 1 if found else 0
