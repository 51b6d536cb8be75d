"""Parameters that stand in paths: by the name in the path, what they may be and what operations call them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from tradewind.api.fields import LARGEST, LONGEST_NAME, Name, Text, Whole

LARGEST_ID = 2**63 - 1
LONGEST_URI = 3000


def _name(attribute: str, example: str, text: str, *, longest: int = LONGEST_NAME) -> Name:
    metadata = {"example": example, "description": text}
    return Name(required=True, longest=longest, attribute=attribute, metadata=metadata)


def _whole(attribute: str, example: int, text: str, *, smallest: int = 0, largest: int = LARGEST) -> Whole:
    return Whole(
        required=True,
        strict=False,
        smallest=smallest,
        largest=largest,
        attribute=attribute,
        metadata={"example": example, "description": text},
    )


LONGEST_TOKEN = 4096  # of a file's place, which is longer in these letters
# In the path -> the field, whose attribute is the operation's argument
PARAMETERS: dict[str, fields.Field[Any]] = {
    "dag_id": _name("dag_id", "reports", "The id of a DAG."),
    "dag_run_id": _name("run_id", "manual__2026-11-23T12:00:00+00:00", "The id of a run."),
    "task_id": _name("task_id", "extract", "The id of a task."),
    "map_index": _whole(
        "map_index", 0, "Which instance of a mapped task, from 0; -1 of one that is not mapped.", smallest=-1
    ),
    "version_number": _whole("number", 1, "The number of a version, from 1.", smallest=1),
    "other_version_number": _whole("other", 1, "The number of the version to compare with.", smallest=1),
    "backfill_id": _whole("key", 1, "The id of a backfill.", largest=LARGEST_ID),
    "hold_id": _whole("key", 1, "The id of a hold.", largest=LARGEST_ID),
    "drain_id": _whole("key", 1, "The id of a drain.", largest=LARGEST_ID),
    "task_try_number": _whole("try_number", 1, "Which try, from 1."),
    "xcom_key": _name("key", "return_value", "The key of an XCom."),
    "pool_name": _name("name", "default_pool", "The name of a pool."),
    "connection_id": _name("conn_id", "warehouse", "The id of a connection."),
    "variable_key": _name("key", "region", "The key of a variable."),
    "section": _name("section", "web", "A section of the configuration."),
    "option": _name("option", "port", "An option of that section."),
    "username": _name("username", "ada", "The name of a user."),
    "token_id": _name("lookup", "0123456789ab", "The part of a token by which lists show it."),
    "role_name": _name("name", "Viewer", "The name of a role."),
    "uri": Text(
        required=True,
        longest=LONGEST_URI,
        attribute="uri",
        metadata={"example": "s3://bucket/key", "description": "The URI of a dataset; slashes may stand as they are."},
    ),
    "file_token": _name(
        "file_token", "ZGFncwByZXBvcnRzLnB5", "The `file_token` that a DAG's answer has.", longest=LONGEST_TOKEN
    ),
    "event_log_id": _whole("id", 1, "The id of an entry.", largest=LARGEST_ID),
    "import_error_id": _whole("id", 1, "The id of an import error.", largest=LARGEST_ID),
}
IN_SEVERAL_PARTS = frozenset({"uri", "dag_run_id"})  # their values may have slashes
