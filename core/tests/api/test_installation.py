"""Health, version, plugins, providers and the configuration by the REST API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import airflow_client.client as airflow
import pytest
from airflow_client.client.api import config_api, monitoring_api, plugin_api, provider_api
from airflow_client.client.exceptions import ForbiddenException
from flask.testing import FlaskClient
from tradewind.config import Config
from tradewind.metadata.engine import Database
from tradewind.operations.context import Tools
from tradewind.version import VERSION

URL = "/api/v1"
PLANTED = "hunter2-planted"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def open_config(tools: Tools) -> Config:
    """A configuration that is shown, with secrets in it."""
    config = tools.config
    return replace(
        config,
        web=replace(config.web, expose_config="true"),
        security=replace(config.security, fernet_key=PLANTED),
        database=replace(config.database, url=f"postgresql://me:{PLANTED}@host/db"),
        metrics=replace(config.metrics, otlp_headers=(f"authorization={PLANTED}",)),
    )


@pytest.fixture
def open_client(open_config: Config, tools: Tools, client_for: Callable[[Tools], FlaskClient]) -> FlaskClient:
    return client_for(replace(tools, config=open_config))


def test_the_published_client_works_on_the_installation(airflow_client: airflow.ApiClient) -> None:
    monitoring = monitoring_api.MonitoringApi(airflow_client)
    assert monitoring.get_version().version == VERSION
    assert monitoring.get_version().git_version is None
    health = monitoring.get_health()
    assert str(health.metadatabase.status) == "healthy"
    assert health.scheduler.latest_scheduler_heartbeat is None
    providers = provider_api.ProviderApi(airflow_client).get_providers()["providers"]
    assert "tradewind-sqlite" in [each["package_name"] for each in providers]
    plugins = plugin_api.PluginApi(airflow_client).get_plugins(limit=1, offset=0)
    assert len(plugins.plugins) == 1 < plugins.total_entries
    with pytest.raises(ForbiddenException, match=r"web\.expose_config"):
        config_api.ConfigApi(airflow_client).get_config()


def test_health_needs_no_login_and_no_database(client_of: Callable[..., FlaskClient], tools: Tools) -> None:
    assert client_of().get(f"{URL}/health").json["metadatabase"] == {"status": "healthy"}
    assert client_of().get(f"{URL}/version").json["version"] == VERSION


def test_health_tells_of_a_database_that_does_not_answer(
    client_for: Callable[[Tools], FlaskClient], tools: Tools
) -> None:
    gone = Database("sqlite:////nowhere/at/all.db")
    answer = client_for(replace(tools, database=gone)).get(f"{URL}/health")
    assert (answer.status_code, answer.json) == (200, {"metadatabase": {"status": "unhealthy"}})
    gone.dispose()


def test_the_configuration_is_shown_without_its_secrets(open_client: FlaskClient) -> None:
    shown = open_client.get(f"{URL}/config")
    assert shown.mimetype == "application/json"
    assert PLANTED not in shown.text
    sections = {each["name"]: {o["key"]: o["value"] for o in each["options"]} for each in shown.json["sections"]}
    assert sections["web"]["port"] == "8080"
    assert sections["security"]["fernet_key"] == sections["database"]["url"] == "***"
    assert sections["metrics"]["otlp_headers"] == "***"


def test_a_part_of_the_configuration_also_as_text(open_client: FlaskClient) -> None:
    only = open_client.get(f"{URL}/config?section=web", headers={"Accept": "text/plain"})
    assert (only.mimetype, only.text.splitlines()[0]) == ("text/plain", "[web]")
    assert "port = 8080" in only.text
    one = open_client.get(f"{URL}/config/section/web/option/port")
    ((option,),) = (each["options"] for each in one.json["sections"])
    assert (option["key"], option["value"], option["is_default"]) == ("port", "8080", True)
    text = open_client.get(f"{URL}/config/section/database/option/url", headers={"Accept": "text/plain"})
    assert text.text == "[database]\nurl = ***\n"


@pytest.mark.parametrize(
    "path", ["config?section=nowhere", "config/section/web/option/no", "config/section/no/option/port"]
)
def test_what_the_configuration_does_not_have_is_not_found(open_client: FlaskClient, path: str) -> None:
    refused = open_client.get(f"{URL}/{path}")
    assert (refused.status_code, refused.json["error_id"]) == (404, "config-unknown-key")
