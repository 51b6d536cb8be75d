"""The hook for S3."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException

from tradewind_amazon.hooks.base_aws import AwsBaseHook
from tradewind_amazon.settings import client_of, code_of, is_missing

__all__ = ["S3Hook"]

_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")
_transfer = lazy_client("boto3.s3.transfer", extra="amazon")
files = lazy_client("tradewind_amazon.files", extra="amazon")  # what it imports is not needed to read a DAG file

_MOST_AT_ONCE = 1000
_WILDCARDS = "*?["


class S3Hook(AwsBaseHook):
    """Buckets and objects of S3.

    A key is a path in the bucket, or the whole URL `s3://bucket/path`; then no bucket is given beside it. Where neither
    names one, it is that of the connection: `service_config` → `s3` → `bucket_name` in its extra, or its schema.

    Arguments:
        aws_conn_id: the connection.
        transfer_config_args: arguments of `boto3.s3.transfer.TransferConfig`, for uploads and downloads.
        extra_args: boto3's further arguments of uploads, such as `{"StorageClass": "STANDARD_IA"}`.
        kwargs: of `AwsBaseHook`: `verify`, `region_name`, `config`.
    """

    def __init__(
        self,
        aws_conn_id: str | None = "aws_default",
        transfer_config_args: Mapping[str, Any] | None = None,
        extra_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(aws_conn_id, client_type="s3", **kwargs)
        self.transfer_config_args = dict(transfer_config_args or {})
        self._extra_args = dict(extra_args or {})

    @property
    def resource(self) -> Any:
        """A new resource of boto3, for those who like its objects."""
        return client_of(self.settings, "s3", self.get_session(), kind="resource", on_failure=self._forget)

    @property
    def extra_args(self) -> dict[str, Any]:
        """A copy of boto3's further arguments of uploads."""
        return dict(self._extra_args)

    # --- which bucket, which key -------------------------------------------------------------------------------------

    @staticmethod
    def parse_s3_url(s3url: str) -> tuple[str, str]:
        """Return bucket and key of `s3://bucket/key`, or of an HTTPS URL of Amazon's.

        Raises:
            TradewindException: it is no such URL.
        """
        parts = urlsplit(s3url, allow_fragments=False)
        path = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme in ("s3", "s3a", "s3n") and parts.netloc:
            return parts.netloc, path
        if parts.scheme in ("http", "https") and parts.netloc.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            host = parts.netloc.split(".")
            if host[0] == "s3" or host[0].startswith("s3-"):
                bucket, _, key = parts.path.lstrip("/").partition("/")
                return bucket, key
            at = next((number for number, part in enumerate(host) if part == "s3" or part.startswith("s3-")), 0)
            if at:
                return ".".join(host[:at]), parts.path.lstrip("/")
        raise TradewindException(f"{s3url!r} is not the URL of an object; write s3://bucket/key")

    @staticmethod
    def get_s3_bucket_key(
        bucket: str | None, key: str, bucket_param_name: str = "bucket_name", key_param_name: str = "key"
    ) -> tuple[str, str]:
        """Return bucket and key of a pair of arguments: a bucket and a path in it, or a URL alone.

        Raises:
            TypeError: a URL came with a bucket, or a path without one.
        """
        is_url = "://" in key
        if bucket is None:
            if not is_url:
                raise TypeError(
                    f"{key_param_name} {key!r} is no URL s3://bucket/key, and {bucket_param_name} is missing"
                )
            return S3Hook.parse_s3_url(key)
        if is_url:
            raise TypeError(f"{key_param_name} {key!r} is a URL, which names its bucket: leave {bucket_param_name} out")
        return bucket, key

    def _place(self, key: str, bucket_name: str | None) -> tuple[str, str]:
        if bucket_name is None and "://" not in key:
            bucket_name = self._bucket(None)
        return self.get_s3_bucket_key(bucket_name, key)

    def _bucket(self, bucket_name: str | None) -> str:
        name = bucket_name or self.settings.bucket_name()
        if not name:
            raise TradewindException(
                f"no bucket: neither the call nor {self.settings.source} (service_config, s3, bucket_name) names one"
            )
        return name

    # --- buckets -----------------------------------------------------------------------------------------------------

    def check_for_bucket(self, bucket_name: str | None = None) -> bool:
        """Tell whether there is a bucket that this login may look at; why not is logged."""
        name = self._bucket(bucket_name)
        try:
            self.conn.head_bucket(Bucket=name)
        except (_botocore_exceptions.ClientError, ConnectionFailed) as error:
            code = code_of(error) or code_of(error.__cause__ or error)
            if code not in ("403", "404", "AccessDenied", "NoSuchBucket"):
                raise
            self.log.info(
                "Bucket %r: %s", name, "it is not ours to look at" if code in ("403", "AccessDenied") else "none"
            )
            return False
        return True

    def get_bucket(self, bucket_name: str | None = None) -> Any:
        """Return boto3's object of a bucket; nothing is asked yet."""
        return self.resource.Bucket(self._bucket(bucket_name))

    def create_bucket(self, bucket_name: str | None = None, region_name: str | None = None) -> None:
        """Create a bucket, by default in the region of the connection."""
        region = region_name or self.conn_region_name
        given: dict[str, Any] = {"Bucket": self._bucket(bucket_name)}
        if region not in ("us-east-1", "aws-global"):
            given["CreateBucketConfiguration"] = {"LocationConstraint": region}
        self.conn.create_bucket(**given)

    def delete_bucket(self, bucket_name: str, force_delete: bool = False, max_retries: int = 5) -> None:
        """Delete a bucket.

        Arguments:
            bucket_name: which.
            force_delete: delete all objects in it before, old versions too.
            max_retries: how often objects that appear meanwhile are deleted, too.
        """
        for left in range(max_retries, -1, -1):
            if force_delete:
                self._empty(bucket_name)
            try:
                self.conn.delete_bucket(Bucket=bucket_name)
            except _botocore_exceptions.ClientError as error:
                if not force_delete or not left or code_of(error) != "BucketNotEmpty":
                    raise
            else:
                return

    def _empty(self, bucket_name: str) -> None:
        pages = self.conn.get_paginator("list_object_versions").paginate(Bucket=bucket_name)
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            self._delete(bucket_name, [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found])

    def get_bucket_tagging(self, bucket_name: str | None = None) -> list[dict[str, str]]:
        """Return the tags of a bucket, each with `Key` and `Value`; an empty list where it has none."""
        try:
            answer = self.conn.get_bucket_tagging(Bucket=self._bucket(bucket_name))
        except _botocore_exceptions.ClientError as error:
            if code_of(error) != "NoSuchTagSet":
                raise
            return []
        return list(answer["TagSet"])

    def put_bucket_tagging(
        self,
        tag_set: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        key: str | None = None,
        value: str | None = None,
        bucket_name: str | None = None,
    ) -> None:
        """Replace the tags of a bucket.

        Arguments:
            tag_set: a dict, or a list of dicts with `Key` and `Value`.
            key, value: one more tag.
            bucket_name: whose.
        """
        if isinstance(tag_set, Mapping):
            tags = [{"Key": name, "Value": text} for name, text in tag_set.items()]
        else:
            tags = [dict(each) for each in tag_set or ()]
        if key and value is not None:
            tags.append({"Key": key, "Value": value})
        elif not tags:
            raise TradewindException("put_bucket_tagging needs tag_set, or key and value")
        self.conn.put_bucket_tagging(Bucket=self._bucket(bucket_name), Tagging={"TagSet": tags})

    def delete_bucket_tagging(self, bucket_name: str | None = None) -> None:
        """Delete all tags of a bucket."""
        self.conn.delete_bucket_tagging(Bucket=self._bucket(bucket_name))

    # --- lists -------------------------------------------------------------------------------------------------------

    def check_for_prefix(self, prefix: str, delimiter: str, bucket_name: str | None = None) -> bool:
        """Tell whether there is an object below a prefix that ends where the delimiter stands."""
        whole = prefix if prefix.endswith(delimiter) else prefix + delimiter
        return bool(self.list_keys(bucket_name, prefix=whole, max_items=1))

    def _pages(
        self, bucket_name: str | None, prefix: str | None, page_size: int | None, max_items: int | None, **more: Any
    ) -> Iterator[Mapping[str, Any]]:
        pages: Iterator[Mapping[str, Any]] = iter(
            self.conn.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket(bucket_name),
                Prefix=prefix or "",
                PaginationConfig={"PageSize": page_size, "MaxItems": max_items},
                **more,
            )
        )
        return pages

    def list_prefixes(
        self,
        bucket_name: str | None = None,
        prefix: str | None = None,
        delimiter: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
    ) -> list[str]:
        """Return what keys below a prefix begin with up to the next delimiter: the folders there."""
        pages = self._pages(bucket_name, prefix, page_size, max_items, Delimiter=delimiter or "")
        return [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]

    def list_keys(  # noqa: PLR0917 - Airflow's order
        self,
        bucket_name: str | None = None,
        prefix: str | None = None,
        delimiter: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
        start_after_key: str | None = None,
        from_datetime: datetime | None = None,
        to_datetime: datetime | None = None,
        object_filter: Callable[..., list[str]] | None = None,
        apply_wildcard: bool = False,
    ) -> list[str]:
        """Return the keys of a bucket, in the order of their bytes.

        Arguments:
            bucket_name: whose.
            prefix: what they begin with; with `apply_wildcard` a pattern with `*`, `?` and `[…]` for the whole key.
            delimiter: keys that have it after the prefix are left out.
            page_size, max_items: how many are asked for at once, and at most in all (before they are filtered).
            start_after_key: only keys behind this one.
            from_datetime, to_datetime: only of objects written then; without a time zone they are in UTC.
            object_filter: called with the list of objects (as S3 tells them), and the two datetimes; returns the keys.
            apply_wildcard: whether `prefix` is a pattern.
        """
        pattern, begin = (prefix or "", literal_part(prefix or "")) if apply_wildcard else (None, prefix)
        pages = self._pages(
            bucket_name, begin, page_size, max_items, Delimiter=delimiter or "", StartAfter=start_after_key or ""
        )
        found = [each for page in pages for each in page.get("Contents", [])]
        if pattern is not None:
            found = [each for each in found if fnmatchcase(each["Key"], pattern)]
        if object_filter is not None:
            return object_filter(found, from_datetime, to_datetime)
        first, last = _in_utc(from_datetime), _in_utc(to_datetime)
        return [
            each["Key"]
            for each in found
            if (first is None or each["LastModified"] >= first) and (last is None or each["LastModified"] <= last)
        ]

    def iter_file_metadata(
        self, prefix: str, bucket_name: str | None = None, page_size: int | None = None, max_items: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield what S3 tells of each object below a prefix: `Key`, `Size`, `LastModified`, `ETag`, …"""
        for page in self._pages(bucket_name, prefix, page_size, max_items):
            yield from page.get("Contents", [])

    def get_file_metadata(
        self, prefix: str, bucket_name: str | None = None, page_size: int | None = None, max_items: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the list of what `iter_file_metadata` yields."""
        return list(self.iter_file_metadata(prefix, bucket_name, page_size, max_items))

    # --- one object --------------------------------------------------------------------------------------------------

    def head_object(self, key: str, bucket_name: str | None = None) -> dict[str, Any] | None:
        """Return what S3 tells of an object without its content; None where there is none."""
        bucket, path = self._place(key, bucket_name)
        try:
            answer: dict[str, Any] = self.conn.head_object(Bucket=bucket, Key=path)
        except _botocore_exceptions.ClientError as error:
            if not is_missing(error):
                raise
            return None
        return answer

    def check_for_key(self, key: str, bucket_name: str | None = None) -> bool:
        """Tell whether there is an object."""
        return self.head_object(key, bucket_name) is not None

    def get_key(self, key: str, bucket_name: str | None = None) -> Any:
        """Return boto3's object, with what S3 tells of it.

        Raises:
            TradewindNotFoundException: there is none.
        """
        bucket, path = self._place(key, bucket_name)
        with self._missing(bucket, path):
            found = self.resource.Object(bucket, path)
            found.load()
        return found

    def read_key(self, key: str, bucket_name: str | None = None) -> str:
        """Return an object's content as text, read as UTF-8.

        Raises:
            TradewindNotFoundException: there is none.
        """
        return self.read_bytes(key, bucket_name).decode()

    def read_bytes(self, key: str, bucket_name: str | None = None) -> bytes:
        """Return an object's content.

        Raises:
            TradewindNotFoundException: there is none.
        """
        bucket, path = self._place(key, bucket_name)
        with self._missing(bucket, path), closing(self.conn.get_object(Bucket=bucket, Key=path)["Body"]) as body:
            content: bytes = body.read()
        return content

    @contextmanager
    def _missing(self, bucket: str, path: str) -> Iterator[None]:
        """Name what is not there, and the connection where it breaks while content is read."""
        try:
            yield
        except _botocore_exceptions.ClientError as error:
            if is_missing(error):
                raise TradewindNotFoundException(f"there is no object s3://{bucket}/{path}") from error
            raise
        except _botocore_exceptions.BotoCoreError as error:
            raise self.failed(error) from error

    def check_for_wildcard_key(self, wildcard_key: str, bucket_name: str | None = None, delimiter: str = "") -> bool:
        """Tell whether there is an object whose key matches a pattern with `*`, `?` and `[…]`."""
        return self._first_match(wildcard_key, bucket_name, delimiter) is not None

    def get_wildcard_key(self, wildcard_key: str, bucket_name: str | None = None, delimiter: str = "") -> Any:
        """Return boto3's object of the first key that matches a pattern; None where none does."""
        found = self._first_match(wildcard_key, bucket_name, delimiter)
        return None if found is None else self.get_key(found[1], found[0])

    def _first_match(self, pattern: str, bucket_name: str | None, delimiter: str) -> tuple[str, str] | None:
        bucket, path = self._place(pattern, bucket_name)
        for page in self._pages(bucket, literal_part(path), None, None, Delimiter=delimiter):
            for each in page.get("Contents", []):
                if fnmatchcase(each["Key"], path):
                    return bucket, each["Key"]
        return None

    # --- uploads -----------------------------------------------------------------------------------------------------

    def load_file(  # noqa: PLR0917 - Airflow's order
        self,
        filename: str | Path,
        key: str,
        bucket_name: str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        gzip: bool = False,
        acl_policy: str | None = None,
    ) -> None:
        """Store the content of a file, in several parts at once where it is large.

        Arguments:
            filename: its path.
            key, bucket_name: where to.
            replace: whether an object that is there may be replaced.
            encrypt: whether S3 encrypts it with a key of its own (AES256).
            gzip: whether it is compressed before.
            acl_policy: one of S3's canned ACLs, such as `bucket-owner-full-control`.

        Raises:
            ValueError: there is an object already, and `replace` is not set.
        """
        with Path(filename).open("rb") as file:
            if not gzip:
                self.load_file_obj(file, key, bucket_name, replace, encrypt, acl_policy)
                return
            with files.packed(file) as packed:
                self.load_file_obj(packed, key, bucket_name, replace, encrypt, acl_policy)

    def load_string(  # noqa: PLR0917 - Airflow's order
        self,
        string_data: str,
        key: str,
        bucket_name: str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        encoding: str | None = None,
        acl_policy: str | None = None,
        compression: str | None = None,
    ) -> None:
        """Store a text, by default as UTF-8; `compression` is None or `gzip`. The rest is as of `load_file`."""
        if compression not in (None, "gzip"):
            raise NotImplementedError(f"compression is None or 'gzip', not {compression!r}")
        data = string_data.encode(encoding or "utf-8")
        self.load_bytes(files.compressed(data) if compression else data, key, bucket_name, replace, encrypt, acl_policy)

    def load_bytes(  # noqa: PLR0917 - Airflow's order
        self,
        bytes_data: bytes,
        key: str,
        bucket_name: str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        acl_policy: str | None = None,
    ) -> None:
        """Store bytes; the rest is as of `load_file`."""
        self.load_file_obj(io.BytesIO(bytes_data), key, bucket_name, replace, encrypt, acl_policy)

    def load_file_obj(  # noqa: PLR0917 - Airflow's order
        self,
        file_obj: Any,
        key: str,
        bucket_name: str | None = None,
        replace: bool = False,
        encrypt: bool = False,
        acl_policy: str | None = None,
    ) -> None:
        """Store what a binary file object has from where it stands; the rest is as of `load_file`."""
        bucket, path = self._place(key, bucket_name)
        if not replace and self.check_for_key(path, bucket):
            raise ValueError(f"there is an object s3://{bucket}/{path} already; replace=True would replace it")
        more = self.extra_args
        if encrypt:
            more["ServerSideEncryption"] = "AES256"
        if acl_policy:
            more["ACL"] = acl_policy
        config = _transfer.TransferConfig(**self.transfer_config_args)
        self.conn.upload_fileobj(file_obj, bucket, path, ExtraArgs=more, Config=config)

    # --- copies, deletions, downloads --------------------------------------------------------------------------------

    def copy_object(  # noqa: PLR0917 - Airflow's order
        self,
        source_bucket_key: str,
        dest_bucket_key: str,
        source_bucket_name: str | None = None,
        dest_bucket_name: str | None = None,
        source_version_id: str | None = None,
        acl_policy: str | None = None,
        meta_data_directive: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Have S3 copy an object of up to 5 GB, and return its answer.

        Arguments:
            source_bucket_key, source_bucket_name: from where; a path and a bucket, or a URL alone.
            dest_bucket_key, dest_bucket_name: where to, likewise.
            source_version_id: which version; by default the newest.
            acl_policy: the canned ACL of the copy; `private` by default.
            meta_data_directive: `COPY` or `REPLACE`.
            kwargs: further arguments of boto3's `copy_object`.
        """
        to_bucket, to_key = self.get_s3_bucket_key(
            dest_bucket_name, dest_bucket_key, "dest_bucket_name", "dest_bucket_key"
        )
        bucket, key = self.get_s3_bucket_key(
            source_bucket_name, source_bucket_key, "source_bucket_name", "source_bucket_key"
        )
        source = {"Bucket": bucket, "Key": key}
        if source_version_id:
            source["VersionId"] = source_version_id
        if meta_data_directive:
            kwargs["MetadataDirective"] = meta_data_directive
        if acl_policy != "no-acl":
            kwargs["ACL"] = acl_policy or "private"
        return self.conn.copy_object(Bucket=to_bucket, Key=to_key, CopySource=source, **kwargs)

    def delete_objects(self, bucket: str, keys: str | Sequence[str]) -> None:
        """Delete objects, a thousand with each request; one that is gone already is no error.

        Raises:
            TradewindException: S3 did not delete some; it names them.
        """
        wanted = [keys] if isinstance(keys, str) else list(keys)
        self._delete(bucket, [{"Key": each} for each in wanted])

    def _delete(self, bucket: str, objects: Sequence[Mapping[str, str]]) -> None:
        for begin in range(0, len(objects), _MOST_AT_ONCE):
            some = {"Objects": list(objects[begin : begin + _MOST_AT_ONCE]), "Quiet": True}
            errors = self.conn.delete_objects(Bucket=bucket, Delete=some).get("Errors", [])
            if errors:
                told = ", ".join(f"{each.get('Key')} ({each.get('Code')})" for each in errors[:10])
                raise TradewindException(f"S3 did not delete {len(errors)} objects of bucket {bucket!r}: {told}")

    def download_file(
        self,
        key: str,
        bucket_name: str | None = None,
        local_path: str | None = None,
        preserve_file_name: bool = False,
        use_autogenerated_subdir: bool = True,
    ) -> str:
        """Write an object to a new file and return its path.

        Arguments:
            key, bucket_name: which.
            local_path: the folder; by default that of temporary files.
            preserve_file_name: whether it has the name of the key's last part, and not one of its own.
            use_autogenerated_subdir: whether, with that name, it is in a new folder.

        Raises:
            TradewindNotFoundException: there is no such object.
            FileExistsError: there is a file of that name already.
        """
        bucket, path = self._place(key, bucket_name)
        name = path.rsplit("/", 1)[-1] if preserve_file_name else None
        target = files.place_for(name, local_path, use_autogenerated_subdir)
        config = _transfer.TransferConfig(**self.transfer_config_args)
        with self._missing(bucket, path):
            self.conn.download_file(bucket, path, str(target), Config=config)
        return str(target)

    def generate_presigned_url(
        self,
        client_method: str,
        params: Mapping[str, Any] | None = None,
        expires_in: int = 3600,
        http_method: str | None = None,
    ) -> str:
        """Return a URL by which anybody can make one request for a time. It is a secret.

        Arguments:
            client_method: the method of boto3's client, such as `get_object`.
            params: its arguments: `{"Bucket": …, "Key": …}`.
            expires_in: how long, in seconds.
            http_method: by default that of `client_method`.
        """
        url: str = self.conn.generate_presigned_url(
            ClientMethod=client_method, Params=dict(params or {}), ExpiresIn=expires_in, HttpMethod=http_method
        )
        return url


def literal_part(pattern: str) -> str:
    """Return what every key begins with that matches a pattern."""
    ends = [at for at in (pattern.find(mark) for mark in _WILDCARDS) if at >= 0]
    return pattern[: min(ends)] if ends else pattern


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=timezone.utc) if moment is not None and moment.tzinfo is None else moment
