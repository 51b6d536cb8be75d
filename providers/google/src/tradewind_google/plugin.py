"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = [
    "tradewind_airflow_aliases",
    "tradewind_connection_types",
    "tradewind_log_stores",
    "tradewind_operators",
    "tradewind_sensors",
    "tradewind_triggers",
    "tradewind_xcom_storages",
]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `google_cloud_platform`."""
    hidden = tuple(FormField(name=name, hidden=True) for name in ("host", "schema", "login", "password", "port"))
    return [
        ConnectionType(
            name="google_cloud_platform",
            label="Google Cloud",
            path="tradewind_google.hooks.gcs:GCSHook",
            summary="A project of Google Cloud, or something that talks like its storage.",
            fields=(
                *hidden,
                FormField(name="project", label="Project"),
                FormField(
                    name="key_path", label="File with the key of a service account", placeholder="/keys/reader.json"
                ),
                FormField(name="keyfile_dict", label="That key itself, as JSON", kind="text", secret=True),
                FormField(name="scope", label="What the login is for: scopes with commas between them"),
                FormField(name="impersonation_chain", label="Service account to act as, the last of a chain"),
                FormField(name="endpoint", label="Another place than Google's", placeholder="http://127.0.0.1:4443"),
                FormField(name="timeout", label="Seconds that a request may take", kind="integer", placeholder="60"),
                FormField(name="num_retries", label="0: a request is not tried again", kind="integer"),
            ),
        )
    ]


def _declared(module: str, **summaries: str) -> list[Declared]:
    return [Declared(path=f"tradewind_google.{module}:{name}", summary=text) for name, text in summaries.items()]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    return [
        *_declared(
            "operators.gcs",
            GCSCreateBucketOperator="Creates a bucket.",
            GCSDeleteBucketOperator="Deletes a bucket.",
            GCSDeleteObjectsOperator="Deletes objects of a bucket.",
            GCSFileTransformOperator="Has a program make another object of one.",
            GCSListObjectsOperator="Lists the objects of a bucket.",
            GCSSynchronizeBucketsOperator="Makes a bucket like another one.",
        ),
        *_declared("transfers.local_to_gcs", LocalFilesystemToGCSOperator="Stores local files in a bucket."),
        *_declared("transfers.gcs_to_local", GCSToLocalFilesystemOperator="Fetches an object to a local file."),
    ]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    """Declare the sensors."""
    return _declared(
        "sensors.gcs",
        GCSObjectExistenceSensor="Waits until there is an object.",
        GCSObjectUpdateSensor="Waits until an object was written after a moment.",
        GCSObjectsWithPrefixExistenceSensor="Waits until there are objects below a prefix.",
    )


@hookimpl
def tradewind_triggers() -> list[Declared]:
    """Declare the triggers."""
    return _declared(
        "triggers.gcs",
        GCSBlobTrigger="Waits until there is an object.",
        GCSCheckBlobUpdateTimeTrigger="Waits until an object was written after a moment.",
        GCSPrefixBlobTrigger="Waits until there are objects below a prefix.",
    )


@hookimpl
def tradewind_xcom_storages() -> list[Declared]:
    """Declare the XCom storage."""
    path = "tradewind_google.stores.xcoms:GCSXComStorage"
    return [Declared(name="gcs", path=path, summary="Objects of a bucket of Google Cloud Storage.")]


@hookimpl
def tradewind_log_stores() -> list[Declared]:
    """Declare the log store."""
    path = "tradewind_google.stores.logs:GCSLogStore"
    return [Declared(name="gcs", path=path, summary="Objects of a bucket of Google Cloud Storage.")]


_NEW = "airflow.providers.google.cloud"
_OLD = {
    "airflow.contrib.hooks.gcp_api_base_hook:GoogleCloudBaseHook": "common.hooks.base_google:GoogleBaseHook",
    "airflow.contrib.hooks.gcs_hook:GoogleCloudStorageHook": "hooks.gcs:GCSHook",
    "airflow.contrib.operators.file_to_gcs:FileToGoogleCloudStorageOperator": (
        "transfers.local_to_gcs:LocalFilesystemToGCSOperator"
    ),
    "airflow.contrib.operators.gcs_delete_operator:GoogleCloudStorageDeleteOperator": (
        "operators.gcs:GCSDeleteObjectsOperator"
    ),
    "airflow.contrib.operators.gcs_download_operator:GoogleCloudStorageDownloadOperator": (
        "transfers.gcs_to_local:GCSToLocalFilesystemOperator"
    ),
    "airflow.contrib.operators.gcs_list_operator:GoogleCloudStorageListOperator": "operators.gcs:GCSListObjectsOperator",
    "airflow.contrib.operators.gcs_operator:GoogleCloudStorageCreateBucketOperator": (
        "operators.gcs:GCSCreateBucketOperator"
    ),
    "airflow.contrib.sensors.gcs_sensor:GoogleCloudStorageObjectSensor": "sensors.gcs:GCSObjectExistenceSensor",
    "airflow.contrib.sensors.gcs_sensor:GoogleCloudStorageObjectUpdatedSensor": "sensors.gcs:GCSObjectUpdateSensor",
    "airflow.contrib.sensors.gcs_sensor:GoogleCloudStoragePrefixSensor": (
        "sensors.gcs:GCSObjectsWithPrefixExistenceSensor"
    ),
    f"{_NEW}.sensors.gcs:GCSObjectsWtihPrefixExistenceSensor": "sensors.gcs:GCSObjectsWithPrefixExistenceSensor",
}
"""An older home of Airflow's -> ours."""


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    common = "airflow.providers.google.common"
    return [
        AirflowAlias(name=_NEW, path="tradewind_google"),
        AirflowAlias(name=common, path="tradewind_google.common"),
        *(
            AirflowAlias(
                name=old,
                path=f"tradewind_google.{new}",
                instead=f"{'airflow.providers.google' if new.startswith('common') else _NEW}.{new.replace(':', '.')}",
            )
            for old, new in _OLD.items()
        ),
    ]
