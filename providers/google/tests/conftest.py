"""A fake-gcs-server for the session. `TRADEWIND_TEST_FAKE_GCS` names a server that runs already."""

from __future__ import annotations

import json
import os
import uuid

import pytest
from tradewind_google.hooks.gcs import GCSHook
from tradewind_plugins.connection import Connection


@pytest.fixture(scope="session", autouse=True)
def no_login_of_ours(tmp_path_factory):
    """Keep Google's own order of logins from finding those of whoever runs the tests, and from asking a machine's account."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "STORAGE_EMULATOR_HOST"):
            patch.delenv(name, raising=False)
        patch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("gcloud")))
        patch.setenv("NO_GCE_CHECK", "true")
        yield


@pytest.fixture(scope="session")
def gcs_url():
    """URL of a fake-gcs-server."""
    running = os.environ.get("TRADEWIND_TEST_FAKE_GCS")
    if running:
        yield running
        return
    from services import fake_gcs  # noqa: PLC0415 - where a server is named, there are no scripts

    if not fake_gcs.is_installed():
        if os.environ.get("CI"):
            pytest.fail(fake_gcs.MISSING)
        pytest.skip(fake_gcs.MISSING)
    with fake_gcs.fake_gcs_server() as url:
        yield url


@pytest.fixture
def google(host, gcs_url):
    """The connection `google_cloud_default` to the server."""
    extra = json.dumps({"endpoint": gcs_url, "project": "shop"})
    return host.add_connection(
        Connection(conn_id="google_cloud_default", conn_type="google_cloud_platform", extra=extra)
    )


@pytest.fixture
def bucket(google):
    """The name of a new bucket."""
    name = "shop-" + uuid.uuid4().hex[:12]
    GCSHook().create_bucket(name)
    return name
