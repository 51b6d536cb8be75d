"""From local files to Google Cloud Storage."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_google.hooks.gcs import GCSHook

__all__ = ["LocalFilesystemToGCSOperator"]


class LocalFilesystemToGCSOperator(BaseOperator):
    """Store files of the machine that the task runs on.

    Arguments:
        src: a path, a pattern of paths, or a list of such (templated).
        dst: where to; with several files a folder, ended by a slash (templated).
        bucket: in which bucket (templated).
        mime_type: the content's type.
        gzip: whether files are compressed before, and said to be so.
        chunk_size: bytes in a request of an upload in parts, a multiple of 256 KiB.
        gcp_conn_id: the connection.
        impersonation_chain: the service account to act as, or a list whose last one that is (templated).
    """

    template_fields: Sequence[str] = ("src", "dst", "bucket", "impersonation_chain")
    ui_color = "#d5e3f5"

    def __init__(
        self,
        *,
        src: str | Sequence[str],
        dst: str,
        bucket: str,
        mime_type: str = "application/octet-stream",
        gzip: bool = False,
        chunk_size: int | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.src = src
        self.dst = dst
        self.bucket = bucket
        self.mime_type = mime_type
        self.gzip = gzip
        self.chunk_size = chunk_size
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    def execute(self, context: Any) -> None:
        """Store them."""
        patterns = [self.src] if isinstance(self.src, str) else list(self.src)
        files = [path for pattern in patterns for path in sorted(glob.glob(pattern))]  # noqa: PTH207 - may be absolute
        if not files:
            raise FileNotFoundError(f"there is no file {', '.join(patterns)}")
        is_folder = self.dst.endswith("/")
        if len(files) > 1 and not is_folder:
            raise TradewindException(f"task {self.task_id!r}: {len(files)} files need a folder, dst={self.dst + '/'!r}")
        hook = GCSHook(self.gcp_conn_id, self.impersonation_chain)
        for path in files:
            name = self.dst + path.rsplit("/", 1)[-1] if is_folder else self.dst
            hook.upload(self.bucket, name, path, mime_type=self.mime_type, gzip=self.gzip, chunk_size=self.chunk_size)
