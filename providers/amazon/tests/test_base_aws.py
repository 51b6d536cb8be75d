import socket

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tradewind_amazon.hooks.base_aws import AwsBaseHook
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.settings import AwsSettings, client_of
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException
from tradewind_plugins.host import Host, bind

pytestmark = pytest.mark.backed_by("emulator", "moto")


def extra_of(url, **more):
    return dict({"endpoint_url": url, "region_name": "eu-west-1"}, **more)


def settings(**fields):
    return AwsSettings.of(Connection(conn_id="c", conn_type="aws", **fields))


def test_a_connection_says_how_to_log_in():
    whole = settings(
        login="key",
        password="secret",
        extra={
            "region_name": "eu-west-1",
            "aws_session_token": "token",
            "config_kwargs": {"connect_timeout": 1},
            "role_arn": "arn:aws:iam::1:role/r",
            "external_id": "x",
            "verify": "false",
        },
    )
    assert (whole.access_key, whole.secret_key, whole.session_token) == ("key", "secret", "token")
    assert (whole.region_name, whole.verify, whole.config_kwargs) == ("eu-west-1", False, {"connect_timeout": 1})
    assert (whole.role_arn, whole.assume_role_kwargs) == ("arn:aws:iam::1:role/r", {"ExternalId": "x"})
    assert "secret" not in repr(whole).replace("secret_key", "")
    assert "token=" not in repr(whole).replace("session_token='***'", "")


def test_the_endpoint_may_stand_where_older_connections_have_it():
    assert settings(extra={"endpoint_url": "http://a"}).endpoint_of("s3") == "http://a"
    assert settings(extra={"host": "http://a"}).endpoint_of("s3") == "http://a"
    assert settings(host="http://a", port=90).endpoint_of("s3") == "http://a:90"
    assert settings(host="eu-west-1.example").endpoint_of("s3") is None
    one = settings(extra={"service_config": {"s3": {"endpoint_url": "http://s3"}}, "endpoint_url": "http://a"})
    assert (one.endpoint_of("s3"), one.endpoint_of("sqs")) == ("http://s3", "http://a")


def test_parts_of_a_uri_may_be_json():
    extra = {"config_kwargs": '{"read_timeout": 2}', "region_name": "eu-west-1"}
    connection = Connection(conn_id="c", conn_type="aws", login="a/b", password="c+d/", extra=extra)
    again = Connection.from_uri(connection.get_uri(), "c")
    assert AwsSettings.of(again) == AwsSettings.of(connection)
    assert AwsSettings.of(again).config_kwargs == {"read_timeout": 2}


@pytest.mark.parametrize("key", ["config_kwargs", "assume_role_kwargs", "service_config"])
def test_a_part_that_is_no_object_is_named(key):
    with pytest.raises(TradewindException, match=key + " in the extra of connection 'c' is not a JSON object"):
        settings(extra={key: "[1]"})


def test_a_way_to_assume_a_role_that_is_not_built_is_named():
    with pytest.raises(TradewindException, match="assume_role_with_saml"):
        settings(extra={"assume_role_method": "assume_role_with_saml"})


def test_clients_and_resources_are_made_when_they_are_used(aws):
    hook = AwsBaseHook(client_type="sqs")
    assert hook.conn is hook.get_conn()
    assert hook.conn_region_name == "eu-west-1"
    assert hook.conn_partition == "aws"
    assert AwsBaseHook(client_type="sqs", region_name="cn-north-1").conn_partition == "aws-cn"
    assert AwsBaseHook(resource_type="s3").conn.meta.client.meta.region_name == "eu-west-1"
    assert hook.account_id == "123456789012"


def test_what_a_hook_needs_is_said(aws):
    with pytest.raises(TradewindException, match="client_type or resource_type, not both"):
        AwsBaseHook(client_type="s3", resource_type="s3")
    with pytest.raises(TradewindException, match="needs resource_type"):
        AwsBaseHook().get_conn()


def test_arguments_go_over_the_connection(aws, moto_url):
    aws.add(
        extra=extra_of(moto_url, config_kwargs={"read_timeout": 7, "max_pool_connections": 3}), login="a", password="b"
    )
    assert AwsBaseHook(client_type="s3").conn.meta.config.read_timeout == 7
    assert AwsBaseHook(client_type="s3", config={"read_timeout": 8}).conn.meta.config.read_timeout == 8
    merged = AwsBaseHook(client_type="s3", config=Config(read_timeout=9)).conn.meta.config
    assert (merged.read_timeout, merged.max_pool_connections) == (9, 3)
    assert AwsBaseHook(client_type="s3", verify=False).verify is False


def test_secrets_are_masked(aws, moto_url):
    aws.add("temporary", login="a", extra=extra_of(moto_url, aws_secret_access_key="s1", aws_session_token="t1"))
    keys = AwsBaseHook("temporary").get_credentials()
    assert (keys.access_key, keys.secret_key, keys.token) == ("a", "s1", "t1")
    assert aws.masked >= {"s1", "t1"}


def test_a_role_is_assumed(aws, moto_url):
    role = "arn:aws:iam::123456789012:role/reader"
    aws.add("role", login="a", password="b", extra=extra_of(moto_url, role_arn=role))
    hook = AwsBaseHook("role", client_type="s3")
    assert "assumed-role/reader/tradewind-role" in hook.test_connection()[1]
    assert hook.get_credentials().access_key != "a"
    assert hook.conn.list_buckets()["Buckets"] == []


def test_testing_a_connection_says_who_is_logged_in(aws):
    assert AwsBaseHook().test_connection() == (True, "Logged in as arn:aws:sts::123456789012:user/moto")


def test_without_a_connection_awss_own_order_holds(aws, moto_url, monkeypatch):
    del aws.connections["aws_default"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    for conn_id in ("aws_default", None):
        assert AwsBaseHook(conn_id).get_credentials().access_key == "from-environment"


def test_any_other_connection_that_is_not_there_is_an_error(aws):
    with pytest.raises(TradewindNotFoundException, match="'other'"):
        AwsBaseHook("other", client_type="s3").get_conn()


def test_no_credentials_at_all_name_the_connection(aws, moto_url):
    aws.add(extra=extra_of(moto_url))
    with pytest.raises(ConnectionFailed, match=r"connection 'aws_default' \(aws, http.*Unable to locate credentials"):
        S3Hook().list_keys("b")
    aws.add(extra=extra_of(moto_url, profile_name="gone"))
    with pytest.raises(ConnectionFailed, match=r"connection 'aws_default'.*gone"):
        S3Hook().list_keys("b")


QUICK = {"connect_timeout": 0.3, "read_timeout": 0.3, "retries": {"max_attempts": 0}}


def test_an_address_where_nobody_listens_names_the_connection_and_a_retry_works(aws, bucket, moto_url):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
        aws.add(login="a", password="hidden+secret/", extra=extra_of(nowhere, config_kwargs=QUICK))
        hook = S3Hook()
        with pytest.raises(ConnectionFailed, match=r"connection 'aws_default' \(aws, http://127.0.0.1.*EndpointConn"):
            hook.list_keys(bucket)
    assert hook.test_connection()[0] is False
    aws.add(login="a", password="b", extra=extra_of(moto_url))
    assert hook.list_keys(bucket) == []


def test_a_silent_server_names_the_connection(aws, bucket):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        aws.add(login="a", password="b", extra=extra_of(url, config_kwargs=QUICK))
        for call in (S3Hook().list_keys, S3Hook().check_for_bucket):
            with pytest.raises(ConnectionFailed, match="ReadTimeoutError"):
                call(bucket)
        with pytest.raises(ConnectionFailed, match="ReadTimeoutError"):
            S3Hook().load_string("x", "k", bucket, replace=True)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", "AWS refused the request"),
        (403, "InvalidAccessKeyId", "AWS refused the request"),
        (503, "SlowDown", "AWS is too busy"),
        (400, "ThrottlingException", "AWS is too busy"),
    ],
)
def test_answers_of_aws_to_us_name_the_connection(answering, status, code, told):
    body = f"<Error><Code>{code}</Code><Message>no, hidden+secret/</Message></Error>"
    with answering(status, body) as (host, _):
        with pytest.raises(ConnectionFailed) as caught:
            S3Hook().list_keys("b")
        assert "connection 'aws_default' (aws, http://127.0.0.1:" in str(caught.value)
        assert told in str(caught.value)
        assert "(" + code + ")" in str(caught.value)
        assert "hidden+secret/" not in str(caught.value)
        assert isinstance(caught.value.__cause__, ClientError)
        assert host.masked == {"hidden+secret/"}


def test_answers_about_a_thing_stay_what_they_are(aws):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Hook().list_keys("not-there")


def test_a_client_without_a_hook_names_where_its_login_is_from(moto_url):
    client = client_of(AwsSettings(endpoint_url=moto_url), "s3")
    with pytest.raises(ConnectionFailed, match=r"AWS with the environment's login .*credentials"):
        client.list_buckets()


def test_nothing_is_asked_when_a_hook_is_made():
    assert S3Hook("x").aws_conn_id == "x"
    with bind(Host()):
        AwsBaseHook("x", client_type="s3", config={"retries": {"max_attempts": 0}})
