"""From local files to S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradewind_plugins.operator import BaseOperator

from tradewind_amazon.hooks.s3 import S3Hook

__all__ = ["LocalFilesystemToS3Operator"]


class LocalFilesystemToS3Operator(BaseOperator):
    """Store a file of the machine that the task runs on.

    Arguments:
        filename: its path (templated).
        dest_key, dest_bucket: where to; a path and a bucket, or a URL alone (templated).
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        replace: whether an object that is there may be replaced.
        encrypt: whether S3 encrypts it with a key of its own.
        gzip: whether it is compressed before.
        acl_policy: a canned ACL.
    """

    template_fields: Sequence[str] = ("filename", "dest_key", "dest_bucket")
    ui_color = "#e8d9c4"

    def __init__(
        self,
        *,
        filename: str,
        dest_key: str,
        dest_bucket: str | None = None,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        gzip: bool = False,
        acl_policy: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filename = filename
        self.dest_key = dest_key
        self.dest_bucket = dest_bucket
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.replace = replace
        self.encrypt = encrypt
        self.gzip = gzip
        self.acl_policy = acl_policy

    def execute(self, context: Any) -> None:
        """Store it."""
        hook = S3Hook(self.aws_conn_id, verify=self.verify)
        hook.load_file(
            self.filename, self.dest_key, self.dest_bucket, self.replace, self.encrypt, self.gzip, self.acl_policy
        )
