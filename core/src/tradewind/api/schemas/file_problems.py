"""Import errors and warnings in requests and answers."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.fields import Instant, Made, Name
from tradewind.api.schemas.common import PageQuery, Schema, collection, order_by
from tradewind.metadata.statements.file_problems import IMPORT_WARNING, ORDERS, WARNING_ORDERS


class ImportErrorSchema(Schema):
    """A DAG file that could not be imported."""

    import_error_id = fields.Integer(attribute="id", metadata={"example": 3_141_592_653})
    timestamp = Instant(attribute="at", allow_none=True)
    filename = fields.String(attribute="path", metadata={"example": "reports/daily.py"})
    bundle = fields.String(metadata={"example": "dags"})
    line = fields.Integer(allow_none=True, metadata={"example": 3})
    error = fields.String(metadata={"example": "SyntaxError: '(' was never closed"})
    stack_trace = Made(
        lambda row: row.trace or row.error,
        attribute="trace",
        metadata={"type": "string", "example": "Traceback (most recent call last): …"},
    )


class ImportErrorListQuery(PageQuery):
    """Which import errors are asked for."""

    order_by = order_by(ORDERS)


class DagWarningSchema(Schema):
    """What is questionable about a DAG."""

    dag_id = fields.String(metadata={"example": "reports"})
    warning_type = fields.String(metadata={"example": IMPORT_WARNING})
    message = fields.String(metadata={"example": "The DAG differs at each import: its start_date does."})
    timestamp = Instant(allow_none=True)


class DagWarningListQuery(PageQuery):
    """Which warnings are asked for."""

    dag_id = Name(metadata={"description": "About this DAG only.", "example": "reports"})
    warning_type = Name(metadata={"description": "Of this type only.", "example": IMPORT_WARNING})
    order_by = order_by(WARNING_ORDERS)


class FileWarningSchema(Schema):
    """What is questionable about a DAG file."""

    filename = fields.String(attribute="path", metadata={"example": "reports/daily.py"})
    bundle = fields.String(metadata={"example": "dags"})
    message = fields.String(metadata={"example": "The file differs at each import: the start_date of 'reports' does."})
    timestamp = Instant(allow_none=True)


class FileWarningListQuery(PageQuery):
    """Which warnings are asked for."""


class DagFileSchema(Schema):
    """A DAG file, and how its last import went."""

    filename = fields.String(attribute="path", metadata={"example": "reports/daily.py"})
    bundle = fields.String(metadata={"example": "dags"})
    timestamp = Instant(attribute="parsed_at", allow_none=True)
    seconds = fields.Float(
        allow_none=True, metadata={"example": 0.25, "description": "That its last import took; null before the first."}
    )
    error = fields.String(allow_none=True, metadata={"example": None})
    warnings = fields.List(fields.String(), metadata={"example": []})
    dag_ids = fields.List(fields.String(), attribute="dags", metadata={"example": ["reports"]})


class DagFileListQuery(PageQuery):
    """Which DAG files are asked for."""


ImportErrorCollection = collection("import_errors", ImportErrorSchema)
DagWarningCollection = collection("dag_warnings", DagWarningSchema)
DagFileCollection = collection("dag_files", DagFileSchema)
FileWarningCollection = collection("file_warnings", FileWarningSchema)
