"""The files that DAGs come from: showing them as they were read, and having them read again.

A file is named by a token, which is its place in other letters and leads only to what the database has of files that DAGs come
from: nothing is read from a disk here.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import sqlalchemy as sa

from tradewind.access.authorization import authorize
from tradewind.metadata.statements import sources
from tradewind.metadata.statements.browsing import dags
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError


def token_of(bundle: str, path: str) -> str:
    """Return the token of a file."""
    return base64.urlsafe_b64encode(f"{bundle}\0{path}".encode()).decode().rstrip("=")


def _place(token: str) -> tuple[str, str] | None:
    """Return bundle and path of the file that a token names; None for what is no token."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        return None
    bundle, _, path = text.partition("\0")
    return (bundle, path) if bundle and path and "\0" not in path else None


@operation("dag_sources.get")
def get_source(context: Context, *, file_token: str) -> str:
    """Return the text of a file as it was read last.

    Raises:
        NotFoundError: no DAG comes from such a file, or its text is not kept any more.
        DeniedError: a DAG comes from it whose code is not for whoever asks.
    """
    with context.read() as connection:
        bundle, path = _find(context, connection, file_token)
        digest = dags.source_hash(connection, bundle, path)
        manifest: dict[str, Any] = json.loads(_blob(connection, digest) or b"{}")
        text = _blob(connection, manifest.get("files", {}).get(path))
    if text is None:
        raise NotFoundError(f"The source of {path} is not kept any more.")
    return text.decode(errors="replace")


@operation("dags.parse")
def parse_file(context: Context, *, file_token: str) -> None:
    """Have a file read again as soon as a processor comes to it.

    Raises:
        NotFoundError: no DAG comes from such a file, or it is gone.
        DeniedError: a DAG comes from it that whoever asks may not edit.
    """
    now = context.tools.clock.now()

    def work(connection: sa.Connection, entry: Entry) -> None:
        bundle, path = _find(context, connection, file_token)
        if not dags.ask(connection, bundle, path, now=now):
            raise NotFoundError(f"The file {path} is gone.")
        entry.after = {"bundle": bundle, "path": path}

    context.change(work, wakes=())


def _find(context: Context, connection: sa.Connection, file_token: str) -> tuple[str, str]:
    """Return bundle and path of the file, if whoever asks may do it with all DAGs that come from it."""
    place = _place(file_token)
    dag_ids = [] if place is None else dags.ids_of_file(connection, *place)
    if place is None or not dag_ids:
        raise NotFoundError("No DAG comes from a file with this token: take the `file_token` of a DAG's answer.")
    for dag_id in dag_ids:
        authorize(context.actor, context.operation, dag_id)
    return place


def _blob(connection: sa.Connection, digest: str | None) -> bytes | None:
    if digest is None:
        return None
    found = sources.read_blobs(connection, [digest]).get(digest)
    return None if found is None else zlib.decompress(found)
