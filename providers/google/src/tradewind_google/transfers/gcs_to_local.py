"""From Google Cloud Storage to local files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_google.hooks.gcs import GCSHook

__all__ = ["GCSToLocalFilesystemOperator"]


class GCSToLocalFilesystemOperator(BaseOperator):
    """Fetch an object to a file of the machine that the task runs on, or into an XCom.

    Arguments:
        bucket: of which bucket (templated).
        object_name: which (templated).
        filename: the path of the file (templated).
        store_to_xcom_key: in place of a file: the key of an XCom that gets the content as text (templated).
        file_encoding: of that text.
        gcp_conn_id: the connection.
        impersonation_chain: the service account to act as, or a list whose last one that is (templated).
    """

    template_fields: Sequence[str] = ("bucket", "object_name", "filename", "store_to_xcom_key", "impersonation_chain")
    ui_color = "#d5e3f5"

    def __init__(
        self,
        *,
        bucket: str,
        object_name: str,
        filename: str | None = None,
        store_to_xcom_key: str | None = None,
        file_encoding: str = "utf-8",
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if filename is not None and store_to_xcom_key is not None:
            raise TradewindException(f"task {self.task_id!r}: give filename or store_to_xcom_key, not both")
        self.bucket = bucket
        self.object_name = object_name
        self.filename = filename
        self.store_to_xcom_key = store_to_xcom_key
        self.file_encoding = file_encoding
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    def execute(self, context: Any) -> None:
        """Fetch it."""
        hook = GCSHook(self.gcp_conn_id, self.impersonation_chain)
        if self.store_to_xcom_key is None:
            hook.download(self.bucket, self.object_name, self.filename)
            return
        content = hook.download_as_byte_array(self.bucket, self.object_name).decode(self.file_encoding)
        context["ti"].xcom_push(key=self.store_to_xcom_key, value=content)
