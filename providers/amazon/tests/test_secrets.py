import json

import boto3
import pytest
from tradewind_amazon.secrets.secrets_manager import SecretsManagerBackend
from tradewind_amazon.secrets.systems_manager import SystemsManagerParameterStoreBackend
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException

pytestmark = pytest.mark.backed_by("emulator", "moto")


@pytest.fixture
def at(aws, moto_url, monkeypatch):
    """How to log in to the server, without a connection."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return {"endpoint_url": moto_url, "region_name": "eu-west-1"}


@pytest.fixture(params=[SecretsManagerBackend, SystemsManagerParameterStoreBackend])
def kind(request):
    return request.param


def plant(kind, at, name, text):
    client = boto3.client(kind.service, **at)
    if kind is SecretsManagerBackend:
        client.create_secret(Name=name.lstrip("/"), SecretString=text)
    else:
        client.put_parameter(Name=name, Value=text, Type="SecureString")


def test_each_kind_has_its_prefix(kind, at):
    plant(kind, at, "/airflow/connections/db", "postgres://a:b@db.example/shop")
    plant(kind, at, "/airflow/variables/region", "eu")
    plant(kind, at, "/airflow/config/key", "fernet")
    backend = kind(**at)
    assert backend.get_connection("db").host == "db.example"
    assert (backend.get_variable("region"), backend.get_config("key")) == ("eu", "fernet")
    assert (backend.get_connection("region"), backend.get_variable("db"), backend.get_config("db")) == (
        None,
        None,
        None,
    )


def test_a_connection_may_be_json_of_its_own(kind, at):
    plant(kind, at, "/airflow/connections/db", json.dumps({"conn_type": "postgres", "host": "h", "port": 5}))
    assert kind(**at).get_connection("db").port == 5


def test_prefixes_can_be_others_or_none(kind, at):
    plant(kind, at, "/mine/db", "http://h")
    slash = "/" if kind is SystemsManagerParameterStoreBackend else ""
    backend = kind(connections_prefix=slash + "mine", variables_prefix=None, config_prefix=None, **at)
    assert backend.get_connection("db").host == "h"
    assert (backend.get_variable("db"), backend.get_config("db")) == (None, None)


def test_only_names_of_a_pattern_are_asked_for(kind, answering, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with answering(403, '{"__type": "AccessDeniedException"}', "application/x-amz-json-1.1") as (host, requests):
        url = json.loads(host.connections["aws_default"].extra)["endpoint_url"]
        backend = kind(
            connections_lookup_pattern="^shop_",
            variables_lookup_pattern="^x",
            config_lookup_pattern="^y",
            endpoint_url=url,
            config_kwargs={"retries": {"max_attempts": 0}},
        )
        assert (backend.get_conn_value("other"), backend.get_variable("a"), backend.get_config("a")) == (
            None,
            None,
            None,
        )
        assert requests == []
        with pytest.raises(ConnectionFailed, match=r"connection 'shop_db'.*AWS refused"):
            backend.get_conn_value("shop_db")
        assert len(requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (400, "AccessDeniedException", "AWS refused the request"),
        (400, "ThrottlingException", "AWS is too busy"),
        (500, "InternalServiceError", "AWS is too busy|InternalServiceError"),
        (400, "DecryptionFailure", "DecryptionFailure"),
    ],
)
def test_no_answer_is_never_none(kind, answering, monkeypatch, status, code, told):  # noqa: PLR0917
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    body = json.dumps({"__type": code, "message": "no"})
    with answering(status, body, "application/x-amz-json-1.1") as (host, _):
        url = json.loads(host.connections["aws_default"].extra)["endpoint_url"]
        backend = kind(endpoint_url=url, config_kwargs={"retries": {"max_attempts": 0}})
        with pytest.raises(TradewindException, match=kind.label + " did not answer for variable 'v'.*(" + told + ")"):
            backend.get_variable("v")


def test_no_login_is_said(kind, at, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConnectionFailed, match=r"did not answer for connection 'c'.*environment's login"):
        kind(**at).get_connection("c")


def test_a_secret_may_have_other_words_for_its_fields(at):
    kind = SecretsManagerBackend
    secret = {
        "user": "a",
        "pass": "b%2Fc",
        "server": "h",
        "port": 5,
        "database": "d",
        "engine": "postgres",
        "extra": {"x": 1},
    }
    plant(kind, at, "airflow/connections/db", json.dumps(secret))
    connection = kind(full_url_mode=False, are_secret_values_urlencoded=True, **at).get_connection("db")
    assert (connection.login, connection.password, connection.host) == ("a", "b/c", "h")
    assert (connection.port, connection.schema, connection.conn_type, connection.extra_dejson) == (
        5,
        "d",
        "postgres",
        {"x": 1},
    )
    plain = kind(full_url_mode=False, **at).get_connection("db")
    assert plain.password == "b%2Fc"
    plant(kind, at, "airflow/connections/german", json.dumps({"benutzer": "a", "engine": "http"}))
    words = {"user": ["benutzer"]}
    assert kind(full_url_mode=False, extra_conn_words=words, **at).get_connection("german").login == "a"
    plant(kind, at, "airflow/connections/uri", "http://h")
    assert kind(full_url_mode=False, **at).get_connection("uri").host == "h"
    plant(kind, at, "airflow/connections/broken", "{")
    with pytest.raises(TradewindException, match="connection 'broken' in AWS Secrets Manager is not a JSON object"):
        kind(full_url_mode=False, **at).get_connection("broken")


def test_names_of_secrets_have_a_separator_of_their_own_and_may_be_binary(at):
    boto3.client("secretsmanager", **at).create_secret(Name="vars-region", SecretBinary=b"eu")
    assert SecretsManagerBackend(variables_prefix="vars", sep="-", **at).get_variable("region") == "eu"
    boto3.client("secretsmanager", **at).create_secret(Name="bare", SecretString="x")
    assert SecretsManagerBackend(variables_prefix="", **at).get_variable("bare") == "x"
