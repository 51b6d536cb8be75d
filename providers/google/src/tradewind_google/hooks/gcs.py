"""The hook for Google Cloud Storage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException

from tradewind_google.common.hooks.base_google import GoogleBaseHook
from tradewind_google.exceptions import ObjectNotFoundException
from tradewind_google.settings import storage_client

__all__ = ["GCSHook", "parse_gcs_url"]

_api_errors = lazy_client("google.api_core.exceptions", extra="google")
files = lazy_client("tradewind_google.files", extra="google")  # what it imports is not needed to read a DAG file

_MOST_OF_COMPOSE = 32


class GCSHook(GoogleBaseHook):
    """Buckets and objects of Google Cloud Storage.

    Arguments:
        gcp_conn_id: the connection.
        impersonation_chain: the service account to act as.
    """

    def get_conn(self) -> Any:
        """Return the client of google-cloud-storage, made when it is first used."""
        if self._client is None:
            self._client = storage_client(self.settings)
        return self._client

    def _try(self) -> str | None:
        with self.naming():
            buckets = self.get_conn().list_buckets(max_results=1, **self.how)
            next(iter(buckets), None)
        return self.project_id

    def _bucket(self, bucket_name: str, user_project: str | None = None) -> Any:
        return self.get_conn().bucket(bucket_name, user_project=user_project)

    def _blob(self, bucket_name: str, object_name: str, **more: Any) -> Any:
        return self._bucket(bucket_name, more.pop("user_project", None)).blob(object_name, **more)

    def _told(self, bucket_name: str, object_name: str) -> Any:
        """Return what Google tells of an object.

        Raises:
            ObjectNotFoundException: there is none.
        """
        with self.naming():
            found = self._bucket(bucket_name).get_blob(object_name, **self.how)
        if found is None:
            raise ObjectNotFoundException(f"there is no object gs://{bucket_name}/{object_name}")
        return found

    @contextmanager
    def _missing(self, bucket_name: str, object_name: str) -> Iterator[None]:
        try:
            with self.naming():
                yield
        except _api_errors.NotFound as error:
            raise ObjectNotFoundException(f"there is no object gs://{bucket_name}/{object_name}") from error

    # --- buckets -----------------------------------------------------------------------------------------------------

    def create_bucket(
        self,
        bucket_name: str,
        *,
        resource: Mapping[str, Any] | None = None,
        storage_class: str = "MULTI_REGIONAL",
        location: str = "US",
        project_id: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> str | None:
        """Create a bucket and return its id.

        Arguments:
            bucket_name: its name.
            resource: further properties of the API's resource, by name.
            storage_class: such as `STANDARD`.
            location: such as `EU`.
            project_id: whose; by default the connection's.
            labels: by name.
        """
        bucket = self._bucket(bucket_name)
        bucket.storage_class = storage_class
        bucket.labels = dict(labels or {})
        with self.naming():
            for name, value in (resource or {}).items():
                if name != "name":
                    bucket._patch_property(name, value)  # noqa: SLF001 - the client has no other way for any property
            made = self.get_conn().create_bucket(
                bucket, location=location, project=project_id or self.project_id, **self.how
            )
        found: str | None = made.id or made.name
        return found

    def has_bucket(self, bucket_name: str) -> bool:
        """Tell whether there is a bucket."""
        with self.naming():
            return bool(self._bucket(bucket_name).exists(**self.how))

    def get_bucket(self, bucket_name: str) -> Any:
        """Return the client's object of a bucket; nothing is asked yet."""
        return self._bucket(bucket_name)

    def delete_bucket(self, bucket_name: str, force: bool = False, user_project: str | None = None) -> None:
        """Delete a bucket, with `force` with all that is in it; one that is not there is logged."""
        try:
            with self.naming():
                if force:
                    for blob in list(self.get_conn().list_blobs(bucket_name, versions=True, **self.how)):
                        blob.delete(**self.how)
                self._bucket(bucket_name, user_project).delete(**self.how)
        except _api_errors.NotFound:
            self.log.info("There is no bucket %r.", bucket_name)

    # --- up and down -------------------------------------------------------------------------------------------------

    def upload(  # noqa: PLR0917 - Airflow's order
        self,
        bucket_name: str,
        object_name: str,
        filename: str | None = None,
        data: str | bytes | None = None,
        mime_type: str | None = None,
        gzip: bool = False,
        encoding: str = "utf-8",
        chunk_size: int | None = None,
        metadata: Mapping[str, str] | None = None,
        cache_control: str | None = None,
        user_project: str | None = None,
    ) -> None:
        """Store the content of a file, or data; what is there is replaced.

        Arguments:
            bucket_name, object_name: where to.
            filename: the file's path.
            data: a text or bytes, in place of a file.
            mime_type: `text/plain` for data and `application/octet-stream` for a file by default.
            gzip: whether it is compressed before, and said to be so.
            encoding: of a text.
            chunk_size: bytes in a request of an upload in parts, a multiple of 256 KiB.
            metadata: by name.
            cache_control: the header of that name.
            user_project: who is billed.
        """
        if (filename is None) == (data is None):
            raise TradewindException("upload() takes filename or data, and one of them")
        blob = self._blob(bucket_name, object_name, chunk_size=chunk_size, user_project=user_project)
        if metadata:
            blob.metadata = dict(metadata)
        if cache_control:
            blob.cache_control = cache_control
        if gzip:
            blob.content_encoding = "gzip"
        with self.naming():
            if filename is not None:
                kind = mime_type or "application/octet-stream"
                if not gzip:
                    blob.upload_from_filename(filename, content_type=kind, **self.how)
                    return
                with files.packed(filename) as packed:
                    blob.upload_from_file(packed, content_type=kind, **self.how)
                return
            content = data.encode(encoding) if isinstance(data, str) else data
            content = files.compressed(content) if gzip else content
            blob.upload_from_string(content, content_type=mime_type or "text/plain", **self.how)

    def download(
        self,
        bucket_name: str,
        object_name: str,
        filename: str | None = None,
        chunk_size: int | None = None,
        user_project: str | None = None,
    ) -> str | bytes:
        """Write an object to a file and return its path; without a file return the object's content.

        Raises:
            ObjectNotFoundException: there is no such object.
        """
        blob = self._blob(bucket_name, object_name, chunk_size=chunk_size, user_project=user_project)
        with self._missing(bucket_name, object_name):
            if filename is None:
                content: bytes = blob.download_as_bytes(**self.how)
                return content
            blob.download_to_filename(filename, **self.how)
        return filename

    def download_as_byte_array(self, bucket_name: str, object_name: str) -> bytes:
        """Return an object's content."""
        content = self.download(bucket_name, object_name)
        assert isinstance(content, bytes)  # noqa: S101 - as no file was named
        return content

    @contextmanager
    def provide_file(self, bucket_name: str, object_name: str, dir: str | None = None) -> Iterator[Any]:  # noqa: A002 - Airflow's name
        """Yield a temporary file with an object's content, open for reading."""
        with files.temporary(object_name, dir) as file:
            self.download(bucket_name, object_name, file.name)
            yield file

    @contextmanager
    def provide_file_and_upload(self, bucket_name: str, object_name: str) -> Iterator[Any]:
        """Yield a temporary file, open for writing, which is stored at the end of the block."""
        with files.temporary(object_name, None) as file:
            yield file
            file.flush()
            self.upload(bucket_name, object_name, file.name)

    # --- what there is -----------------------------------------------------------------------------------------------

    def exists(self, bucket_name: str, object_name: str) -> bool:
        """Tell whether there is an object."""
        with self.naming():
            return bool(self._blob(bucket_name, object_name).exists(**self.how))

    def list(  # noqa: PLR0917 - Airflow's order
        self,
        bucket_name: str,
        versions: bool | None = None,
        max_results: int | None = None,
        prefix: str | Sequence[str] | None = None,
        delimiter: str | None = None,
        match_glob: str | None = None,
    ) -> Any:
        """Return the names of objects; with a delimiter those that end in it.

        Arguments:
            bucket_name: of which bucket.
            versions: whether old versions are listed, too.
            max_results: how many at most for a prefix.
            prefix: what names begin with, or a list of such.
            delimiter: the end of names that are wanted.
            match_glob: a pattern of Google's: `*` and `?` stop at a slash, `**` does not; `[…]` and `{a,b}`. Matched here.
        """
        names: Any = []
        pattern = None if match_glob is None else _pattern(match_glob)
        if match_glob is not None and prefix is None:
            prefix = re.split(r"[*?\[{]", match_glob)[0]
        limit = None if pattern is not None else max_results
        for blob in self._blobs(bucket_name, prefix, versions=versions, max_results=limit):
            if (not delimiter or blob.name.endswith(delimiter)) and (pattern is None or pattern.match(blob.name)):
                names.append(blob.name)
        if pattern is not None:
            names = names[:max_results]
        return names

    def list_by_timespan(
        self,
        bucket_name: str,
        timespan_start: datetime,
        timespan_end: datetime,
        *,
        prefix: str | Sequence[str] | None = None,
        delimiter: str | None = None,
    ) -> Any:
        """Return the names of objects written from a moment on, and before another."""
        first, last = _in_utc(timespan_start), _in_utc(timespan_end)
        return [
            blob.name
            for blob in self._blobs(bucket_name, prefix)
            if first <= blob.updated < last and (not delimiter or blob.name.endswith(delimiter))
        ]

    def _blobs(self, bucket_name: str, prefix: str | Sequence[str] | None, **more: Any) -> Iterator[Any]:
        given = {name: value for name, value in more.items() if value is not None}
        for each in [prefix] if prefix is None or isinstance(prefix, str) else prefix:
            with self.naming():
                found = [*self.get_conn().list_blobs(bucket_name, prefix=each, **given, **self.how)]
            yield from found

    def get_size(self, bucket_name: str, object_name: str) -> int:
        """Return how many bytes an object has."""
        return int(self._told(bucket_name, object_name).size)

    def get_crc32c(self, bucket_name: str, object_name: str) -> str:
        """Return the CRC32C of an object, in Base64."""
        return str(self._told(bucket_name, object_name).crc32c)

    def get_md5hash(self, bucket_name: str, object_name: str) -> str:
        """Return the MD5 of an object, in Base64."""
        return str(self._told(bucket_name, object_name).md5_hash)

    def get_metadata(self, bucket_name: str, object_name: str) -> dict[str, str] | None:
        """Return the metadata of an object by name; None where it has none."""
        found: dict[str, str] | None = self._told(bucket_name, object_name).metadata
        return found

    def get_blob_update_time(self, bucket_name: str, object_name: str) -> datetime:
        """Return when an object was written."""
        moment: datetime = self._told(bucket_name, object_name).updated
        return moment

    def is_updated_after(self, bucket_name: str, object_name: str, ts: datetime) -> bool:
        """Tell whether an object was written after a moment."""
        return self.get_blob_update_time(bucket_name, object_name) > _in_utc(ts)

    def is_updated_before(self, bucket_name: str, object_name: str, ts: datetime) -> bool:
        """Tell whether an object was written before a moment."""
        return self.get_blob_update_time(bucket_name, object_name) < _in_utc(ts)

    def is_updated_between(self, bucket_name: str, object_name: str, min_ts: datetime, max_ts: datetime) -> bool:
        """Tell whether an object was written from a moment on, and before another."""
        return _in_utc(min_ts) <= self.get_blob_update_time(bucket_name, object_name) < _in_utc(max_ts)

    def is_older_than(self, bucket_name: str, object_name: str, seconds: int) -> bool:
        """Tell whether an object was written longer ago than so many seconds."""
        return self.is_updated_before(bucket_name, object_name, datetime.now(timezone.utc) - timedelta(seconds=seconds))

    # --- changes -----------------------------------------------------------------------------------------------------

    def delete(self, bucket_name: str, object_name: str) -> None:
        """Delete an object.

        Raises:
            ObjectNotFoundException: there is none.
        """
        with self._missing(bucket_name, object_name):
            self._blob(bucket_name, object_name).delete(**self.how)

    def discard(self, bucket_name: str, object_name: str) -> None:
        """Delete an object; one that is not there is logged."""
        try:
            self.delete(bucket_name, object_name)
        except ObjectNotFoundException as error:
            self.log.info("%s", error)

    def copy(
        self,
        source_bucket: str,
        source_object: str,
        destination_bucket: str | None = None,
        destination_object: str | None = None,
    ) -> None:
        """Have Google copy an object; of bucket and name at least one is another one."""
        self._rewrite(source_bucket, source_object, destination_bucket, destination_object)

    def rewrite(
        self, source_bucket: str, source_object: str, destination_bucket: str, destination_object: str | None = None
    ) -> None:
        """Have Google copy an object of any size, to any place or class."""
        self._rewrite(source_bucket, source_object, destination_bucket, destination_object)

    def _rewrite(self, bucket: str, name: str, to_bucket: str | None, to_name: str | None) -> None:
        target, target_name = to_bucket or bucket, to_name or name
        if (target, target_name) == (bucket, name):
            raise ValueError(f"gs://{bucket}/{name} is copied onto itself: name another bucket or object")
        source, copy = self._blob(bucket, name), self._blob(target, target_name)
        with self._missing(bucket, name):
            token, _, _ = copy.rewrite(source, **self.how)
            while token is not None:
                token, _, _ = copy.rewrite(source, token=token, **self.how)

    def compose(self, bucket_name: str, source_objects: Sequence[str], destination_object: str) -> None:
        """Have Google join objects of a bucket, up to 32, to another one of it."""
        if not source_objects or len(source_objects) > _MOST_OF_COMPOSE:
            raise ValueError(f"compose() joins 1 to {_MOST_OF_COMPOSE} objects, not {len(source_objects)}")
        bucket = self._bucket(bucket_name)
        with self.naming():
            bucket.blob(destination_object).compose([bucket.blob(name) for name in source_objects], **self.how)

    def sync(
        self,
        source_bucket: str,
        destination_bucket: str,
        source_object: str | None = None,
        destination_object: str | None = None,
        *,
        recursive: bool = True,
        allow_overwrite: bool = False,
        delete_extra_files: bool = False,
    ) -> None:
        """Make a folder of a bucket like another one, without anything passing through this machine.

        Arguments:
            source_bucket, source_object: what is copied; without an object the whole bucket.
            destination_bucket, destination_object: where to.
            recursive: whether folders below are copied, too.
            allow_overwrite: whether objects that differ are replaced.
            delete_extra_files: whether objects that the source has not are deleted.
        """
        begin, to = _folder(source_object), _folder(destination_object)
        if source_bucket == destination_bucket and (begin.startswith(to) or to.startswith(begin)):
            raise ValueError(f"gs://{source_bucket}/{begin} and gs://{destination_bucket}/{to} lie in one another")
        there = {blob.name[len(to) :]: blob.crc32c for blob in self._blobs(destination_bucket, to)}
        wanted = {blob.name[len(begin) :]: blob.crc32c for blob in self._blobs(source_bucket, begin)}
        if not recursive:
            wanted = {name: crc for name, crc in wanted.items() if "/" not in name}
            there = {name: crc for name, crc in there.items() if "/" not in name}
        for name, crc in wanted.items():
            if name not in there or (allow_overwrite and there[name] != crc):
                self.rewrite(source_bucket, begin + name, destination_bucket, to + name)
        if delete_extra_files:
            for name in sorted(set(there) - set(wanted)):
                self.delete(destination_bucket, to + name)


def parse_gcs_url(gsurl: str) -> tuple[str, str]:
    """Return bucket and object of `gs://bucket/object`.

    Raises:
        TradewindException: it is no such URL.
    """
    scheme, separator, rest = gsurl.partition("://")
    bucket, _, name = rest.partition("/")
    if scheme != "gs" or not separator or not bucket:
        raise TradewindException(f"{gsurl!r} is not the URL of an object; write gs://bucket/object")
    return bucket, name


def _pattern(glob: str) -> Any:
    """Return the regular expression of a pattern of Google's."""
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]*\]|\{[^}]*\})", glob)
    known = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = ""
    for part in parts:
        if part.startswith("[") and part.endswith("]"):
            text += f"[^{part[2:-1]}]" if part[1:2] == "!" else part
        elif part.startswith("{") and part.endswith("}"):
            text += f"(?:{'|'.join(map(re.escape, part[1:-1].split(',')))})"
        else:
            text += known.get(part) or re.escape(part)
    return re.compile(text + r"\Z")


def _folder(name: str | None) -> str:
    return f"{name.rstrip('/')}/" if name else ""


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
