"""Operators for Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_google.hooks.gcs import GCSHook

__all__ = [
    "GCSCreateBucketOperator",
    "GCSDeleteBucketOperator",
    "GCSDeleteObjectsOperator",
    "GCSFileTransformOperator",
    "GCSListObjectsOperator",
    "GCSSynchronizeBucketsOperator",
]

files = lazy_client("tradewind_google.files", extra="google")  # what it imports is not needed to read a DAG file


class _GCSOperator(BaseOperator):
    """What all operators for Cloud Storage have.

    Arguments:
        gcp_conn_id: the connection (templated).
        impersonation_chain: the service account to act as, or a list whose last one that is (templated).
    """

    template_fields: Sequence[str] = ("gcp_conn_id", "impersonation_chain")
    ui_color = "#d5e3f5"

    def __init__(
        self,
        *,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain

    @property
    def hook(self) -> GCSHook:
        """A hook of the connection."""
        return GCSHook(self.gcp_conn_id, self.impersonation_chain)


class GCSCreateBucketOperator(_GCSOperator):
    """Create a bucket; one that is there already, and is ours, is no error.

    Arguments:
        bucket_name: its name (templated).
        resource: further properties of the API's resource, by name.
        storage_class: such as `STANDARD` (templated).
        location: such as `EU` (templated).
        project_id: whose; None for the connection's (templated).
        labels: by name.
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = (
        "bucket_name",
        "storage_class",
        "location",
        "project_id",
        *_GCSOperator.template_fields,
    )

    def __init__(
        self,
        *,
        bucket_name: str,
        resource: Mapping[str, Any] | None = None,
        storage_class: str = "MULTI_REGIONAL",
        location: str = "US",
        project_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.resource = resource
        self.storage_class = storage_class
        self.location = location
        self.project_id = project_id
        self.labels = labels

    def execute(self, context: Any) -> None:
        """Create it."""
        hook = self.hook
        if hook.has_bucket(self.bucket_name):
            self.log.info("There is a bucket %r already.", self.bucket_name)
            return
        hook.create_bucket(
            self.bucket_name,
            resource=self.resource,
            storage_class=self.storage_class,
            location=self.location,
            project_id=self.project_id,
            labels=self.labels,
        )


class GCSDeleteBucketOperator(_GCSOperator):
    """Delete a bucket; one that is not there is no error.

    Arguments:
        bucket_name: its name (templated).
        force: whether all that is in it is deleted before.
        user_project: who is billed (templated).
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = ("bucket_name", "user_project", *_GCSOperator.template_fields)

    def __init__(self, *, bucket_name: str, force: bool = True, user_project: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.force = force
        self.user_project = user_project

    def execute(self, context: Any) -> None:
        """Delete it."""
        self.hook.delete_bucket(self.bucket_name, self.force, self.user_project)


class GCSListObjectsOperator(_GCSOperator):
    """Return the names of objects.

    Arguments:
        bucket: of which bucket (templated).
        prefix: what they begin with, or a list of such (templated).
        delimiter: the end of names that are wanted (templated).
        match_glob: a pattern of Google's (templated).
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = ("bucket", "prefix", "delimiter", "match_glob", *_GCSOperator.template_fields)

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str | Sequence[str] | None = None,
        delimiter: str | None = None,
        match_glob: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.prefix = prefix
        self.delimiter = delimiter
        self.match_glob = match_glob

    def execute(self, context: Any) -> list[str]:
        """List them."""
        names: list[str] = self.hook.list(
            self.bucket, prefix=self.prefix, delimiter=self.delimiter, match_glob=self.match_glob
        )
        return names


class GCSDeleteObjectsOperator(_GCSOperator):
    """Delete objects; one that is gone already is no error.

    Arguments:
        bucket_name: of which bucket (templated).
        objects: their names (templated).
        prefix: in place of names: what they begin with, or a list of such (templated).
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = ("bucket_name", "objects", "prefix", *_GCSOperator.template_fields)

    def __init__(
        self,
        *,
        bucket_name: str,
        objects: Sequence[str] | None = None,
        prefix: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.objects = objects
        self.prefix = prefix

    def execute(self, context: Any) -> None:
        """Delete them."""
        if (self.objects is None) == (self.prefix is None):
            raise TradewindException(f"task {self.task_id!r}: give objects, or a prefix that chooses them; not both")
        hook = self.hook
        names = hook.list(self.bucket_name, prefix=self.prefix) if self.objects is None else self.objects
        for name in names:
            hook.discard(self.bucket_name, name)


class GCSFileTransformOperator(_GCSOperator):
    """Fetch an object, have a program make another file of it, and store that.

    The program gets the paths of the two files behind its own words. What it prints stands in the task's log; an exit code
    other than 0 fails the task. When the task is killed, so is the program.

    Arguments:
        source_bucket, source_object: from where (templated).
        transform_script: the program, or a list of its words; a path that ends in `.py` is run by the task's Python
            (templated).
        destination_bucket, destination_object: where to; None for the same as the source (templated).
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = (
        "source_bucket",
        "source_object",
        "destination_bucket",
        "destination_object",
        "transform_script",
        *_GCSOperator.template_fields,
    )

    def __init__(
        self,
        *,
        source_bucket: str,
        source_object: str,
        transform_script: str | Sequence[str],
        destination_bucket: str | None = None,
        destination_object: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_bucket = source_bucket
        self.source_object = source_object
        self.transform_script = transform_script
        self.destination_bucket = destination_bucket
        self.destination_object = destination_object
        self._transformation: Any = None

    def execute(self, context: Any) -> None:
        """Fetch, transform and store."""
        hook = self.hook
        words = [self.transform_script] if isinstance(self.transform_script, str) else list(self.transform_script)
        with files.temporary_folder() as folder:
            fetched, made = f"{folder}/fetched", f"{folder}/made"
            hook.download(self.source_bucket, self.source_object, fetched)
            self._transformation = files.Transformation(words, partial(self.log.info, "%s"))
            self._transformation.run(fetched, made)
            hook.upload(
                self.destination_bucket or self.source_bucket, self.destination_object or self.source_object, made
            )

    def on_kill(self) -> None:
        """End the program."""
        if self._transformation is not None:
            self._transformation.end()


class GCSSynchronizeBucketsOperator(_GCSOperator):
    """Make a folder of a bucket like another one, without anything passing through this machine.

    Arguments:
        source_bucket, source_object: what is copied; without an object the whole bucket (templated).
        destination_bucket, destination_object: where to (templated).
        recursive: whether folders below are copied, too (templated).
        delete_extra_files: whether objects that the source has not are deleted (templated).
        allow_overwrite: whether objects that differ are replaced (templated).
        gcp_conn_id, impersonation_chain: as of all operators for Cloud Storage.
    """

    template_fields: Sequence[str] = (
        "source_bucket",
        "destination_bucket",
        "source_object",
        "destination_object",
        "recursive",
        "delete_extra_files",
        "allow_overwrite",
        *_GCSOperator.template_fields,
    )

    def __init__(
        self,
        *,
        source_bucket: str,
        destination_bucket: str,
        source_object: str | None = None,
        destination_object: str | None = None,
        recursive: bool = True,
        delete_extra_files: bool = False,
        allow_overwrite: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_bucket = source_bucket
        self.destination_bucket = destination_bucket
        self.source_object = source_object
        self.destination_object = destination_object
        self.recursive = recursive
        self.delete_extra_files = delete_extra_files
        self.allow_overwrite = allow_overwrite

    def execute(self, context: Any) -> None:
        """Copy and delete what differs."""
        self.hook.sync(
            self.source_bucket,
            self.destination_bucket,
            self.source_object,
            self.destination_object,
            recursive=self.recursive,
            allow_overwrite=self.allow_overwrite,
            delete_extra_files=self.delete_extra_files,
        )
