"""A real Redis that speaks TLS: certificates are checked. In processes of their own, as Celery shares connections by their URL."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from services import redis as service
from services.processes import free_port

pytestmark = pytest.mark.backed_by("real", "Redis")

SUBMIT = """
import json, sys
from tradewind_celery.executors.celery_executor import CeleryExecutor
from tradewind_plugins.contracts.executor import ExecutorSetup, Ticket

setup = ExecutorSetup(name="CeleryExecutor", home="/", slots=4, options=json.loads(sys.argv[1]))
try:
    print(CeleryExecutor.open(setup).submit([Ticket(instance=1, token=1)])[0].accepted)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        *name,
        "-keyout",
        key,
        "-out",
        made,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@pytest.fixture(scope="module")
def broker(certificate, redis_server):
    made, key = certificate
    port = free_port()
    files = ["--tls-cert-file", made, "--tls-key-file", key, "--tls-ca-cert-file", made, "--tls-auth-clients", "no"]
    with service.redis_that_restarts(keeps=False, extra=("--tls-port", port, *files)) as server:
        yield f"rediss://{server.url.partition('://')[2].rpartition(':')[0]}:{port}/0"


@pytest.mark.parametrize(
    ("scheme", "ssl", "said"),
    [
        ("redis", "checked", "True"),
        ("rediss", "checked", "True"),
        ("redis", True, "certificate verify failed"),
        ("rediss", False, "certificate verify failed"),
    ],
)
def test_the_certificate_is_checked(certificate, broker, scheme, ssl, said):
    options = {
        "broker_url": broker.replace("rediss", scheme),
        "ssl": {"ca_file": str(certificate[0])} if ssl == "checked" else ssl,
    }
    command = [sys.executable, "-c", SUBMIT, json.dumps({name: value for name, value in options.items() if value})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said in done.stdout, done.stdout + done.stderr
    assert "sesame" not in done.stdout
