"""The executor keeps the contract of executors, and the provider is as providers should be."""

from __future__ import annotations

import contextlib

import pytest
from kube_emulator.kubelet import Kubelet
from kube_emulator.store import selector
from tradewind_cncf_kubernetes.executors.kubernetes_executor import KubernetesExecutor
from tradewind_testing import ExecutorSuite, FaultProxy, ProviderSuite


class TestProvider(ProviderSuite):
    distribution = "tradewind-cncf-kubernetes"


@pytest.mark.backed_by("emulator", "an API server and a kubelet of our own")
class TestKubernetesExecutor(ExecutorSuite):
    executor = KubernetesExecutor
    name = "KubernetesExecutor"
    good_options = {"pod_override": {"spec": {"containers": [{"name": "base", "resources": {"limits": {"cpu": "1"}}}]}}}
    bad_options = {"pod_override": {"spec": {"containers": [{"name": "base", "imagee": "x"}]}}}
    bad_option = "pod_override.spec.containers[0].imagee"
    queues = ("fast", "slow")
    hands_environ = False
    tells_gone = True
    has_service = True

    @pytest.fixture
    def service(self, api, far_end, tmp_path):
        self.api = api
        queues = {
            name: {"spec": {"containers": [{"name": "base", "env": [{"name": "TRADEWIND_KIT_QUEUE", "value": name}]}]}}
            for name in self.queues
        }
        with FaultProxy("127.0.0.1", api.port) as self.proxy, Kubelet(api.store, far_end.environ()) as self.kubelet:
            yield {
                "kube_config": api.kube_config(tmp_path / "kube.config", self.proxy.port),
                "image": "tradewind:test",
                "queues": queues,
                "env": {"PLAIN_PASSWORD": "kit+pod/secret"},
            }

    def secrets(self, given):
        return [self.api.token, "kit+pod/secret"]

    @contextlib.contextmanager
    def hold(self, driven):
        self.kubelet.is_holding = True
        yield
        self.kubelet.release()

    @contextlib.contextmanager
    def away(self):
        self.proxy.mode = "refuse"
        yield
        self.proxy.mode = "pass"

    def lose(self, driven, call, ticket):
        pods, _ = self.api.store.list("jobs", selector(f"tradewind-instance={ticket.instance}"))
        self.kubelet.evict(pods[0])
