"""Operators for S3."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_amazon.hooks.s3 import S3Hook

__all__ = [
    "S3CopyObjectOperator",
    "S3CreateBucketOperator",
    "S3CreateObjectOperator",
    "S3DeleteBucketOperator",
    "S3DeleteBucketTaggingOperator",
    "S3DeleteObjectsOperator",
    "S3FileTransformOperator",
    "S3GetBucketTaggingOperator",
    "S3ListOperator",
    "S3ListPrefixesOperator",
    "S3PutBucketTaggingOperator",
]

files = lazy_client("tradewind_amazon.files", extra="amazon")  # what it imports is not needed to read a DAG file


class _S3Operator(BaseOperator):
    """What all operators for S3 have: a connection, and how certificates are checked.

    Arguments:
        aws_conn_id: the connection (templated).
        verify: whether certificates are checked, or a file of certificates; None for what the connection says.
        region_name: the region; None for the connection's (templated).
    """

    template_fields: Sequence[str] = ("aws_conn_id", "region_name")
    ui_color = "#e8d9c4"

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        region_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.region_name = region_name

    @property
    def hook(self) -> S3Hook:
        """A hook of the connection."""
        return S3Hook(self.aws_conn_id, verify=self.verify, region_name=self.region_name)


class S3CreateBucketOperator(_S3Operator):
    """Create a bucket; one that is there already is no error.

    Arguments:
        bucket_name: its name (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket_name", *_S3Operator.template_fields)

    def __init__(self, *, bucket_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name

    def execute(self, context: Any) -> None:
        """Create it."""
        hook = self.hook
        if hook.check_for_bucket(self.bucket_name):
            self.log.info("There is a bucket %r already.", self.bucket_name)
        else:
            hook.create_bucket(self.bucket_name, self.region_name)


class S3DeleteBucketOperator(_S3Operator):
    """Delete a bucket; one that is not there is no error.

    Arguments:
        bucket_name: its name (templated).
        force_delete: whether all objects in it are deleted before.
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket_name", *_S3Operator.template_fields)

    def __init__(self, *, bucket_name: str, force_delete: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.force_delete = force_delete

    def execute(self, context: Any) -> None:
        """Delete it."""
        hook = self.hook
        if hook.check_for_bucket(self.bucket_name):
            hook.delete_bucket(self.bucket_name, force_delete=self.force_delete)
        else:
            self.log.info("There is no bucket %r.", self.bucket_name)


class S3GetBucketTaggingOperator(_S3Operator):
    """Return the tags of a bucket: a list of dicts with `Key` and `Value`.

    Arguments:
        bucket_name: whose (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket_name", *_S3Operator.template_fields)

    def __init__(self, *, bucket_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name

    def execute(self, context: Any) -> list[dict[str, str]]:
        """Ask for them."""
        return self.hook.get_bucket_tagging(self.bucket_name)


class S3PutBucketTaggingOperator(_S3Operator):
    """Replace the tags of a bucket.

    Arguments:
        bucket_name: whose (templated).
        key, value: a tag (templated).
        tag_set: more tags: a dict, or a list of dicts with `Key` and `Value` (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket_name", "key", "value", "tag_set", *_S3Operator.template_fields)
    template_fields_renderers: Mapping[str, str] = {"tag_set": "json"}

    def __init__(
        self,
        *,
        bucket_name: str,
        key: str | None = None,
        value: str | None = None,
        tag_set: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.key = key
        self.value = value
        self.tag_set = tag_set

    def execute(self, context: Any) -> None:
        """Replace them."""
        self.hook.put_bucket_tagging(self.tag_set, self.key, self.value, self.bucket_name)


class S3DeleteBucketTaggingOperator(_S3Operator):
    """Delete all tags of a bucket.

    Arguments:
        bucket_name: whose (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket_name", *_S3Operator.template_fields)

    def __init__(self, *, bucket_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name

    def execute(self, context: Any) -> None:
        """Delete them."""
        self.hook.delete_bucket_tagging(self.bucket_name)


class S3CopyObjectOperator(_S3Operator):
    """Have S3 copy an object.

    Arguments:
        source_bucket_key, source_bucket_name: from where; a path and a bucket, or a URL alone (templated).
        dest_bucket_key, dest_bucket_name: where to, likewise (templated).
        source_version_id: which version; None for the newest.
        acl_policy: the canned ACL of the copy; None for `private`.
        meta_data_directive: `COPY` or `REPLACE`.
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = (
        "source_bucket_key",
        "dest_bucket_key",
        "source_bucket_name",
        "dest_bucket_name",
        *_S3Operator.template_fields,
    )

    def __init__(
        self,
        *,
        source_bucket_key: str,
        dest_bucket_key: str,
        source_bucket_name: str | None = None,
        dest_bucket_name: str | None = None,
        source_version_id: str | None = None,
        acl_policy: str | None = None,
        meta_data_directive: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_bucket_key = source_bucket_key
        self.dest_bucket_key = dest_bucket_key
        self.source_bucket_name = source_bucket_name
        self.dest_bucket_name = dest_bucket_name
        self.source_version_id = source_version_id
        self.acl_policy = acl_policy
        self.meta_data_directive = meta_data_directive

    def execute(self, context: Any) -> None:
        """Copy it."""
        self.hook.copy_object(
            self.source_bucket_key,
            self.dest_bucket_key,
            self.source_bucket_name,
            self.dest_bucket_name,
            self.source_version_id,
            self.acl_policy,
            self.meta_data_directive,
        )


class S3CreateObjectOperator(_S3Operator):
    """Store a text or bytes.

    Arguments:
        s3_key, s3_bucket: where to; a path and a bucket, or a URL alone (templated).
        data: a text (templated) or bytes.
        replace: whether an object that is there may be replaced.
        encrypt: whether S3 encrypts it with a key of its own.
        acl_policy: a canned ACL.
        encoding: of a text; None for UTF-8.
        compression: of a text: None or `gzip`.
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("s3_bucket", "s3_key", "data", *_S3Operator.template_fields)

    def __init__(
        self,
        *,
        s3_key: str,
        data: str | bytes,
        s3_bucket: str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        acl_policy: str | None = None,
        encoding: str | None = None,
        compression: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.s3_key = s3_key
        self.data = data
        self.s3_bucket = s3_bucket
        self.replace = replace
        self.encrypt = encrypt
        self.acl_policy = acl_policy
        self.encoding = encoding
        self.compression = compression

    def execute(self, context: Any) -> None:
        """Store it."""
        hook = self.hook
        bucket, key = hook.get_s3_bucket_key(self.s3_bucket, self.s3_key, "s3_bucket", "s3_key")
        if isinstance(self.data, str):
            hook.load_string(
                self.data, key, bucket, self.replace, self.encrypt, self.encoding, self.acl_policy, self.compression
            )
        else:
            hook.load_bytes(self.data, key, bucket, self.replace, self.encrypt, self.acl_policy)


class S3DeleteObjectsOperator(_S3Operator):
    """Delete objects; nothing to delete is no error.

    Arguments:
        bucket: of which bucket (templated).
        keys: one key, or a list (templated).
        prefix: in place of keys: all that begin with it (templated).
        from_datetime, to_datetime: with a prefix, or alone: only objects written then, datetimes or texts in ISO 8601
            (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = (
        "bucket",
        "keys",
        "prefix",
        "from_datetime",
        "to_datetime",
        *_S3Operator.template_fields,
    )

    def __init__(
        self,
        *,
        bucket: str,
        keys: str | Sequence[str] | None = None,
        prefix: str | None = None,
        from_datetime: datetime | str | None = None,
        to_datetime: datetime | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.keys = keys
        self.prefix = prefix
        self.from_datetime = from_datetime
        self.to_datetime = to_datetime

    def execute(self, context: Any) -> None:
        """Delete them."""
        by_listing = any((self.prefix, self.from_datetime, self.to_datetime))
        if (self.keys is not None) == by_listing:
            raise TradewindException(
                f"task {self.task_id!r}: give keys, or a prefix or datetimes that choose what is deleted; not both"
            )
        hook = self.hook
        keys = self.keys
        if keys is None:
            first, last = _moment(self.from_datetime), _moment(self.to_datetime)
            keys = hook.list_keys(self.bucket, prefix=self.prefix, from_datetime=first, to_datetime=last)
        if keys:
            hook.delete_objects(self.bucket, keys)


class S3ListOperator(_S3Operator):
    """Return the keys of a bucket.

    Arguments:
        bucket: which (templated).
        prefix: what they begin with, or a pattern (templated).
        delimiter: keys that have it after the prefix are left out (templated).
        apply_wildcard: whether `prefix` is a pattern with `*`, `?` and `[…]`.
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket", "prefix", "delimiter", *_S3Operator.template_fields)

    def __init__(
        self, *, bucket: str, prefix: str = "", delimiter: str = "", apply_wildcard: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.apply_wildcard = apply_wildcard

    def execute(self, context: Any) -> list[str]:
        """List them."""
        return self.hook.list_keys(
            self.bucket, prefix=self.prefix, delimiter=self.delimiter, apply_wildcard=self.apply_wildcard
        )


class S3ListPrefixesOperator(_S3Operator):
    """Return the folders of a bucket: what keys begin with up to the next delimiter.

    Arguments:
        bucket: which (templated).
        prefix: below which one (templated).
        delimiter: where they end (templated).
        aws_conn_id, verify, region_name: as of all operators for S3.
    """

    template_fields: Sequence[str] = ("bucket", "prefix", "delimiter", *_S3Operator.template_fields)

    def __init__(self, *, bucket: str, prefix: str, delimiter: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter

    def execute(self, context: Any) -> list[str]:
        """List them."""
        return self.hook.list_prefixes(self.bucket, self.prefix, self.delimiter)


class S3FileTransformOperator(BaseOperator):
    """Fetch an object, have a program make another file of it, and store that.

    The program gets the paths of the two files, and then `script_args`. What it prints stands in the task's log; an exit
    code other than 0 fails the task. When the task is killed, so is the program.

    Arguments:
        source_s3_key: the URL of the object (templated).
        dest_s3_key: the URL where the result goes (templated).
        transform_script: the program; a path that ends in `.py` is run by the task's Python. None copies (templated).
        script_args: further arguments for it (templated).
        source_aws_conn_id, source_verify: the connection to read with, and how certificates are checked.
        dest_aws_conn_id, dest_verify: the one to write with.
        replace: whether an object that is there may be replaced.
        select_expression: refused, as AWS offers S3 Select to nobody new.
    """

    template_fields: Sequence[str] = ("source_s3_key", "dest_s3_key", "transform_script", "script_args")
    ui_color = "#e8d9c4"

    def __init__(
        self,
        *,
        source_s3_key: str,
        dest_s3_key: str,
        transform_script: str | None = None,
        select_expression: str | None = None,
        script_args: Sequence[str] | None = None,
        source_aws_conn_id: str | None = "aws_default",
        source_verify: bool | str | None = None,
        dest_aws_conn_id: str | None = "aws_default",
        dest_verify: bool | str | None = None,
        replace: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if select_expression is not None:
            raise TradewindException(
                f"task {self.task_id!r}: select_expression is not built, as AWS closed S3 Select; filter in transform_script"
            )
        self.source_s3_key = source_s3_key
        self.dest_s3_key = dest_s3_key
        self.transform_script = transform_script
        self.script_args = script_args
        self.source_aws_conn_id = source_aws_conn_id
        self.source_verify = source_verify
        self.dest_aws_conn_id = dest_aws_conn_id
        self.dest_verify = dest_verify
        self.replace = replace
        self._transformation: Any = None

    def execute(self, context: Any) -> None:
        """Fetch, transform and store."""
        source = S3Hook(self.source_aws_conn_id, verify=self.source_verify)
        target = S3Hook(self.dest_aws_conn_id, verify=self.dest_verify)
        with files.temporary_folder() as folder:
            made = fetched = source.download_file(self.source_s3_key, local_path=folder)
            if self.transform_script is not None:
                made = f"{folder}/made"
                self._transformation = files.Transformation(self.transform_script, partial(self.log.info, "%s"))
                self._transformation.run(fetched, made, self.script_args or ())
            target.load_file(made, self.dest_s3_key, replace=self.replace)

    def on_kill(self) -> None:
        """End the program."""
        if self._transformation is not None:
            self._transformation.end()


def _moment(value: datetime | str | None) -> datetime | None:
    """Return a datetime of a text in ISO 8601, which templates make of datetimes."""
    if value is None or isinstance(value, datetime):
        return value or None
    text = re.sub(r"([+-]\d\d):(\d\d)$", r"\1\2", value.strip().replace(" ", "T", 1))
    text = f"{text[:-1]}+0000" if text.endswith("Z") else text
    for form in (
        "%Y-%m-%dT%H:%M:%S.%f%z",
        "%Y-%m-%dT%H:%M:%S%z",
        "%Y-%m-%dT%H:%M:%S.%f",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d",
    ):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - one without a time zone is in UTC, as the hook has it
        except ValueError:
            continue
    raise TradewindException(f"{value!r} is not a date or a moment in ISO 8601")
