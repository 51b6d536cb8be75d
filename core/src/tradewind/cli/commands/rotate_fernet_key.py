"""Encrypt all connections and variables with the first key of security.fernet_key.

Give the new key first and the old one behind a comma, to every process; run this; then take the old key away.
"""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from tradewind.cli.shared.session import Session, open_session
from tradewind.metadata.statements import encrypted

BATCH = 200


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=rotate)


def rotate(_options: argparse.Namespace) -> None:
    """Rotate, a batch of rows in each transaction: what was done stays done when a later batch is refused."""
    with open_session() as session:
        counts = {store.table.name: _rotate_table(session, store) for store in encrypted.STORES}
    what = " and ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    print(
        f"Encrypted with the first key: {what}. Keys behind it are needed no more, once every process has the new one."
    )


def _rotate_table(session: Session, store: encrypted.Store) -> int:
    cipher, count, after = session.cipher, 0, ""

    def batch(conn: sa.Connection) -> list[str]:
        return encrypted.rotate(conn, store, cipher, after=after, most=BATCH)

    while done := session.database.write(batch):
        count, after = count + len(done), done[-1]
    return count
