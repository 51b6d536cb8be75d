"""An API server with a kubelet, and executors of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kube_emulator.kubelet import Kubelet
from kube_emulator.server import ApiServer


@pytest.fixture
def api():
    """An API server that has no pods."""
    with ApiServer() as api:
        yield api


@pytest.fixture
def kubelet(api):
    """A kubelet whose image has what this process has."""
    with Kubelet(api.store, dict(os.environ)) as kubelet:
        yield kubelet


@pytest.fixture
def kube_config(api, tmp_path):
    """The path of a kube config that leads to the API server."""
    return api.kube_config(tmp_path / "kube.config")
