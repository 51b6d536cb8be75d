"""Create and migrate the metadata database."""

from __future__ import annotations

import argparse

from tradewind.cli.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata import migrating


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    verbs.add("migrate", migrate)
    verbs.add("check", check)


def migrate(_options: argparse.Namespace) -> None:
    """Create the schema, or bring it to this release."""
    with open_session(check=False) as session:
        revision = migrating.migrate(session.database)
        print(f"{session.database.url.render_as_string(hide_password=True)} is at revision {revision}.")


def check(_options: argparse.Namespace) -> None:
    """Tell whether the database answers and has this release's schema; exit code 1 if not."""
    with open_session() as session:
        print(f"{session.database.url.render_as_string(hide_password=True)} is ready.")
