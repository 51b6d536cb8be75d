"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = [
    "tradewind_airflow_aliases",
    "tradewind_connection_types",
    "tradewind_log_stores",
    "tradewind_operators",
    "tradewind_secrets_backends",
    "tradewind_sensors",
    "tradewind_triggers",
    "tradewind_xcom_storages",
]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `aws`."""
    return [
        ConnectionType(
            name="aws",
            label="Amazon Web Services",
            path="tradewind_amazon.hooks.base_aws:AwsBaseHook",
            summary="An account of Amazon Web Services, or something that talks like it.",
            fields=(
                FormField(name="login", label="Key id (empty: as AWS's own tools log in)"),
                FormField(name="password", label="Secret of the key", secret=True),
                FormField(name="schema", label="Bucket where none is named"),
                FormField(name="host", hidden=True),
                FormField(name="port", hidden=True),
                FormField(name="region_name", label="Region", placeholder="eu-west-1"),
                FormField(name="endpoint_url", label="Another place than Amazon's", placeholder="https://s3.example"),
                FormField(name="aws_session_token", label="Session token of temporary keys", secret=True),
                FormField(name="profile_name", label="Profile of AWS's configuration files"),
                FormField(name="role_arn", label="Role to assume", placeholder="arn:aws:iam::123456789012:role/reader"),
                FormField(name="assume_role_kwargs", label="More arguments of AssumeRole", kind="json"),
                FormField(name="external_id", label="External id of the role", secret=True),
                FormField(
                    name="config_kwargs",
                    label="Time-outs, retries and more, of botocore's Config",
                    kind="json",
                    placeholder='{"connect_timeout": 5, "retries": {"max_attempts": 3}}',
                ),
                FormField(name="service_config", label="Settings by service", kind="json"),
                FormField(name="verify", label="Check certificates: true, false, or a file of certificates"),
            ),
        )
    ]


def _declared(module: str, **summaries: str) -> list[Declared]:
    return [Declared(path=f"tradewind_amazon.{module}:{name}", summary=text) for name, text in summaries.items()]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    return [
        *_declared(
            "operators.s3",
            S3CopyObjectOperator="Copies an object of S3.",
            S3CreateBucketOperator="Creates a bucket.",
            S3CreateObjectOperator="Stores a text or bytes in S3.",
            S3DeleteBucketOperator="Deletes a bucket.",
            S3DeleteBucketTaggingOperator="Deletes the tags of a bucket.",
            S3DeleteObjectsOperator="Deletes objects of S3.",
            S3FileTransformOperator="Has a program make another object of one.",
            S3GetBucketTaggingOperator="Returns the tags of a bucket.",
            S3ListOperator="Lists the keys of a bucket.",
            S3ListPrefixesOperator="Lists the folders of a bucket.",
            S3PutBucketTaggingOperator="Replaces the tags of a bucket.",
        ),
        *_declared("operators.sqs", SqsPublishOperator="Sends a message to a queue of SQS."),
        *_declared("transfers.local_to_s3", LocalFilesystemToS3Operator="Stores a local file in S3."),
    ]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    """Declare the sensors."""
    return [
        *_declared(
            "sensors.s3",
            S3KeySensor="Waits until there are objects.",
            S3KeySizeSensor="Waits until there are objects that are not empty.",
            S3KeysUnchangedSensor="Waits until the objects below a prefix stay the same.",
            S3PrefixSensor="Waits until there are objects below prefixes.",
        ),
        *_declared("sensors.sqs", SqsSensor="Waits for messages of a queue of SQS."),
    ]


@hookimpl
def tradewind_triggers() -> list[Declared]:
    """Declare the triggers."""
    return [
        *_declared(
            "triggers.s3",
            S3KeyTrigger="Waits until there are objects.",
            S3KeysUnchangedTrigger="Waits until the objects below a prefix stay the same.",
        ),
        *_declared("triggers.sqs", SqsSensorTrigger="Waits for messages of a queue of SQS."),
    ]


@hookimpl
def tradewind_secrets_backends() -> list[Declared]:
    """Declare the secrets backends."""
    path = "tradewind_amazon.secrets"
    return [
        Declared(
            name="aws-secrets-manager",
            path=f"{path}.secrets_manager:SecretsManagerBackend",
            summary="Secrets of AWS Secrets Manager.",
        ),
        Declared(
            name="aws-parameter-store",
            path=f"{path}.systems_manager:SystemsManagerParameterStoreBackend",
            summary="Parameters of AWS Systems Manager.",
        ),
    ]


@hookimpl
def tradewind_xcom_storages() -> list[Declared]:
    """Declare the XCom storage."""
    return [Declared(name="s3", path="tradewind_amazon.stores.xcoms:S3XComStorage", summary="Objects of an S3 bucket.")]


@hookimpl
def tradewind_log_stores() -> list[Declared]:
    """Declare the log stores."""
    return [
        Declared(name="s3", path="tradewind_amazon.stores.logs:S3LogStore", summary="Objects of an S3 bucket."),
        Declared(
            name="cloudwatch",
            path="tradewind_amazon.stores.cloudwatch:CloudWatchLogStore",
            summary="Streams of a log group of CloudWatch.",
        ),
    ]


_NEW = "airflow.providers.amazon.aws"
_RENAMED = {
    "operators.s3": (
        "operators.s3_bucket:S3CreateBucketOperator",
        "operators.s3_bucket:S3DeleteBucketOperator",
        "operators.s3_bucket_tagging:S3DeleteBucketTaggingOperator",
        "operators.s3_bucket_tagging:S3GetBucketTaggingOperator",
        "operators.s3_bucket_tagging:S3PutBucketTaggingOperator",
        "operators.s3_copy_object:S3CopyObjectOperator",
        "operators.s3_delete_objects:S3DeleteObjectsOperator",
        "operators.s3_file_transform:S3FileTransformOperator",
        "operators.s3_list:S3ListOperator",
    ),
    "sensors.s3": (
        "sensors.s3_key:S3KeySensor",
        "sensors.s3_key:S3KeySizeSensor",
        "sensors.s3_keys_unchanged:S3KeysUnchangedSensor",
        "sensors.s3_prefix:S3PrefixSensor",
    ),
}
"""Our module -> where Airflow's providers of 2020 and 2021 had its classes."""
_OLD = {
    "airflow.contrib.hooks.aws_hook:AwsHook": "hooks.base_aws:AwsBaseHook",
    "airflow.contrib.hooks.aws_sqs_hook:SQSHook": "hooks.sqs:SqsHook",
    "airflow.contrib.operators.aws_sqs_publish_operator:SQSPublishOperator": "operators.sqs:SqsPublishOperator",
    "airflow.contrib.operators.s3_copy_object_operator:S3CopyObjectOperator": "operators.s3:S3CopyObjectOperator",
    "airflow.contrib.operators.s3_delete_objects_operator:S3DeleteObjectsOperator": "operators.s3:S3DeleteObjectsOperator",
    "airflow.contrib.operators.s3_list_operator:S3ListOperator": "operators.s3:S3ListOperator",
    "airflow.contrib.secrets.aws_secrets_manager:SecretsManagerBackend": "secrets.secrets_manager:SecretsManagerBackend",
    "airflow.contrib.secrets.aws_systems_manager:SystemsManagerParameterStoreBackend": (
        "secrets.systems_manager:SystemsManagerParameterStoreBackend"
    ),
    "airflow.contrib.sensors.aws_sqs_sensor:SQSSensor": "sensors.sqs:SqsSensor",
    "airflow.hooks.S3_hook:S3Hook": "hooks.s3:S3Hook",
    "airflow.operators.s3_file_transform_operator:S3FileTransformOperator": "operators.s3:S3FileTransformOperator",
    "airflow.sensors.s3_key_sensor:S3KeySensor": "sensors.s3:S3KeySensor",
    "airflow.sensors.s3_prefix_sensor:S3PrefixSensor": "sensors.s3:S3PrefixSensor",
    f"{_NEW}.hooks.sqs:SQSHook": "hooks.sqs:SqsHook",
    f"{_NEW}.operators.sqs:SQSPublishOperator": "operators.sqs:SqsPublishOperator",
    f"{_NEW}.sensors.sqs:SQSSensor": "sensors.sqs:SqsSensor",
}
"""An older home of Airflow's -> ours."""


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    moved = {f"{_NEW}.{old}": f"{new}:{old.partition(':')[2]}" for new, olds in _RENAMED.items() for old in olds}
    return [
        AirflowAlias(name=_NEW, path="tradewind_amazon"),
        *(
            AirflowAlias(name=old, path=f"tradewind_amazon.{new}", instead=f"{_NEW}.{new.replace(':', '.')}")
            for old, new in {**moved, **_OLD}.items()
        ),
    ]
