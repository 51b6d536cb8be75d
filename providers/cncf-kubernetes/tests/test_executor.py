"""What happens to pods, and what the executor makes of it."""

from __future__ import annotations

import logging
import threading
from importlib import import_module

import pytest
from kube_emulator.kubelet import Kubelet
from kube_emulator.store import selector
from tradewind_cncf_kubernetes import states
from tradewind_cncf_kubernetes.api import ApiAway
from tradewind_cncf_kubernetes.executors.kubernetes_executor import KubernetesExecutor
from tradewind_cncf_kubernetes.watching import Watching
from tradewind_plugins.contracts.executor import ExecutorSetup, Ticket
from tradewind_plugins.exceptions import TradewindConfigException
from tradewind_testing import Driven, FarEnd, closed_port

pytestmark = pytest.mark.backed_by("emulator", "an API server and a kubelet of our own")
TICKET, OTHER = Ticket(instance=7, token=2), Ticket(instance=8, token=1)


@pytest.fixture
def far_end(tmp_path):
    """The program that is called for `tradewind`."""
    with FarEnd(tmp_path / "far-end") as far_end:
        yield far_end


@pytest.fixture
def kubelet(api, far_end):
    """A kubelet in whose image that program is."""
    with Kubelet(api.store, far_end.environ()) as kubelet:
        yield kubelet


@pytest.fixture
def opened(kube_config, far_end, tmp_path):
    """A maker of executors with options."""
    made = []

    def open_one(**options):
        given = {"kube_config": kube_config, "image": "shop/tasks:1", "installation": "shop", **options}
        setup = ExecutorSetup(name="KubernetesExecutor", home=str(tmp_path), slots=4, options=given)
        executor = KubernetesExecutor.open(setup)
        executor.start()
        made.append(Driven(executor, far_end, 30.0))
        return made[-1]

    yield open_one
    far_end.end_all()
    for each in made:
        each.stop()


def pod_of(api, ticket):
    """Return the pod of a ticket as the API server has it, or None."""
    pods, _ = api.store.list("jobs", selector(f"tradewind-instance={ticket.instance},tradewind-token={ticket.token}"))
    return pods[0] if pods else None


def answer(driven, *tickets):
    """Return the answers of one submission, by instance: None for accepted, or the reason."""
    answers = driven.executor.submit(list(tickets))
    return {each.ticket.instance: None if each.accepted else each.reason for each in answers}


def test_an_evicted_pod_is_gone_with_its_reason(api, kubelet, opened):
    driven = opened()
    driven.runs(TICKET, OTHER)
    kubelet.evict(pod_of(api, TICKET))
    assert driven.hint(TICKET, "gone").detail == "Evicted: The node was low on resource: memory."
    assert driven.far_end.runs(OTHER)


def test_a_pod_that_used_up_its_memory_is_gone(api, kubelet, opened):
    driven = opened()
    driven.runs(TICKET)
    kubelet.out_of_memory(pod_of(api, TICKET))
    hint = driven.hint(TICKET, "gone")
    assert (hint.detail, hint.exit_code) == ("its container was killed: OOMKilled", -9)


def test_a_pod_that_somebody_deletes_is_gone(api, kubelet, opened):
    driven = opened()
    call = driven.runs(TICKET)[0]
    api.store.delete("jobs", pod_of(api, TICKET)["metadata"]["name"])
    assert driven.hint(TICKET, "gone").detail is not None
    assert not call.is_running
    assert not driven.is_alive(TICKET)


def test_a_pod_that_leaves_with_its_node_is_gone(api, kubelet, opened):
    driven = opened()
    driven.runs(TICKET)
    kubelet.vanish(pod_of(api, TICKET))
    assert driven.hint(TICKET, "gone").detail == "its pod was deleted"


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"])
def test_a_pod_that_cannot_start_is_given_up(api, kubelet, opened, reason):
    kubelet.broken_images["shop/tasks:1"] = reason
    driven = opened(start_seconds=0.1)
    driven.submit(TICKET)
    hint = driven.hint(TICKET, "gone")
    wanted = f'it could not be started within 0.1 seconds: {reason}: cannot have image "shop/tasks:1"'
    assert hint.detail == wanted
    driven.until(lambda: pod_of(api, TICKET) is None, "the pod is deleted")
    assert driven.far_end.calls == []


def test_an_answer_that_comes_after_the_watch_has_told_more_takes_nothing_back(api, kubelet, opened, monkeypatch):
    kubelet.broken_images["shop/tasks:1"] = "ErrImagePull"
    noted, made, note = threading.Event(), Watching.made, Watching._note

    def noting(self, pod):
        note(self, pod)
        if states.stuck(pod):
            noted.set()

    def late(self, pod):
        assert noted.wait(30.0), "the watch has not told that the pod is stuck"
        made(self, pod)

    monkeypatch.setattr(Watching, "_note", noting)
    monkeypatch.setattr(Watching, "made", late)
    driven = opened(start_seconds=1.0)
    driven.submit(TICKET)
    assert "ErrImagePull" in driven.hint(TICKET, "gone").detail


def test_a_pod_that_waits_for_a_node_is_not_given_up(api, kubelet, opened):
    kubelet.is_holding = True
    driven = opened(start_seconds=0.05)
    driven.submit(TICKET)
    kubelet.broken_images["other"] = "ImagePullBackOff"
    kubelet.release()
    driven.start_of(TICKET)
    assert [each.kind for each in driven.hints if each.kind == "gone"] == []


def test_pods_that_ended_well_are_deleted_and_others_are_kept(api, kubelet, opened):
    driven = opened()
    good, bad = driven.runs(TICKET, OTHER)
    good.end(0)
    bad.end(4)
    assert driven.hint(TICKET, "ended").exit_code == 0
    assert driven.hint(OTHER, "ended").exit_code == 4
    driven.until(lambda: pod_of(api, TICKET) is None, "the pod is deleted")
    assert pod_of(api, OTHER)["status"]["phase"] == "Failed"
    assert driven.executor.list_alive() == []


def test_pods_that_ended_well_can_be_kept_and_others_deleted(api, kubelet, opened):
    driven = opened(delete_on_success=False, delete_on_failure=True)
    good, bad = driven.runs(TICKET, OTHER)
    good.end(0)
    bad.end(4)
    driven.until(lambda: pod_of(api, OTHER) is None, "the pod is deleted")
    driven.hint(TICKET, "ended")
    assert pod_of(api, TICKET)["status"]["phase"] == "Succeeded"


def test_a_ticket_that_comes_again_after_its_pod_ended_gets_a_new_one(api, kubelet, opened):
    driven = opened(delete_on_success=False)
    driven.runs(TICKET)[0].end(1)
    driven.hint(TICKET, "ended")
    first = pod_of(api, TICKET)
    driven.submit(TICKET)
    driven.until(lambda: len(driven.far_end.calls_of(TICKET)) == 2, "it runs again")
    assert pod_of(api, TICKET)["metadata"]["uid"] != first["metadata"]["uid"]


def test_a_pod_of_that_name_that_is_not_ours_is_left_alone(api, kubelet, opened):
    driven = opened()
    name = "tradewind-shop-7-2"
    api.store.create("jobs", {"metadata": {"name": name}, "spec": {"containers": [{"name": "x", "image": "x"}]}})
    assert answer(driven, TICKET) == {7: f"there is a pod {name} already that is not of this executor"}
    assert api.store.get("jobs", name)


def test_what_the_api_server_refuses_is_refused_in_its_words(api, kubelet, opened):
    driven = opened()
    amount = {"containers": [{"name": "base", "resources": {"limits": {"cpu": "lots"}}}]}
    label = {"labels": {"team": "über uns"}}
    told = answer(
        driven,
        Ticket(instance=1, token=1, options={"pod_override": {"spec": amount}}),
        Ticket(instance=2, token=1, options={"pod_override": {"metadata": label}}),
        OTHER,
    )
    assert "quantities must match" in told[1]
    assert 'Pod "tradewind-shop-2-1" is invalid: metadata.labels: Invalid value: "über uns"' in told[2]
    assert told[8] is None
    api.failures.append((403, "Forbidden", 'pods is forbidden: User "tasks" cannot create resource "pods"'))
    assert answer(driven, TICKET) == {7: 'pods is forbidden: User "tasks" cannot create resource "pods"'}


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ((429, "TooManyRequests"), "cannot do it just now (429): slow down"),
        ((500, "InternalError"), "cannot do it just now (500): slow down"),
        ((503, "ServiceUnavailable"), "cannot do it just now (503): slow down"),
        ((401, "Unauthorized"), "refuses the login (401)"),
    ],
)
def test_what_it_cannot_do_just_now_is_an_error(api, kubelet, opened, failure, said):
    driven = opened()
    driven.start_of(next(iter(each.ticket for each in driven.submit(OTHER))))  # the watch is there
    api.failures.append((*failure, "slow down"))
    with pytest.raises(ApiAway) as caught:
        driven.executor.submit([TICKET])
    assert said in str(caught.value)
    driven.runs(TICKET)


def test_a_quota_that_is_used_up_is_waited_for(api, kubelet, opened):
    driven = opened()
    api.store.quota = 1
    call = driven.runs(OTHER)[0]
    with pytest.raises(ApiAway, match="exceeded quota"):
        driven.executor.submit([TICKET])
    call.end()
    driven.until(lambda: pod_of(api, OTHER) is None, "the pod is deleted")
    driven.runs(TICKET)


def test_history_that_is_gone_is_listed_again(api, kubelet, opened, caplog):
    caplog.set_level(logging.WARNING)
    driven = opened(watch_seconds=1)
    driven.runs(TICKET, OTHER)
    lists = sum("watch" not in path and verb == "GET" for verb, path in api.requests)
    api.store.forget()
    driven.until(
        lambda: sum("watch" not in path and verb == "GET" for verb, path in api.requests) > lists,
        "pods are listed again",
    )
    driven.far_end.calls_of(TICKET)[0].end()
    driven.hint(TICKET, "ended")
    assert [each for each in driven.hints if each.instance == 8 and each.kind != "started"] == []
    assert caplog.records == []


def test_what_is_deleted_while_nobody_looks_is_gone(api, kubelet, opened, kube_config):
    driven = opened(watch_seconds=1)
    driven.runs(TICKET)
    with api.store.changed:  # between two lists: its events are not kept
        kubelet.vanish(pod_of(api, TICKET))
    driven.until(lambda: pod_of(api, TICKET) is None, "the pod leaves")
    api.store.forget()
    driven.hint(TICKET, "gone")


def test_one_that_is_opened_later_tells_what_ended_meanwhile(api, kubelet, opened):
    first = opened(delete_on_success=False)
    call = first.runs(TICKET)[0]
    first.stop()
    call.end()
    first.far_end.wait_for_change(0)
    later = opened()
    assert later.hint(TICKET, "ended").exit_code == 0
    later.until(lambda: pod_of(api, TICKET) is None, "the pod is deleted by the one that comes later")


def test_what_runs_on_beside_a_try_that_ended_is_ended_too(api, kubelet, opened):
    kubelet.is_holding = True
    driven = opened(delete_on_success=False)
    driven.submit(TICKET)

    def end(pod):
        states = {"base": {"terminated": {"exitCode": 0}}, "proxy": {"running": {}}}
        told = [{"name": name, "state": state} for name, state in states.items()]
        pod["status"].update(phase="Running", containerStatuses=told)

    api.store.update("jobs", pod_of(api, TICKET)["metadata"]["name"], end)
    assert driven.executor.list_alive() == []
    assert driven.hint(TICKET, "ended").exit_code == 0
    driven.until(lambda: pod_of(api, TICKET) is None, "the pod is deleted, or its proxy would run for ever")


def test_a_pod_that_leaves_is_waited_for(api, kubelet, opened):
    driven = opened()
    name = f"tradewind-shop-{TICKET.instance}-{TICKET.token}"
    driven.runs(TICKET)
    kubelet.is_deaf = True
    driven.executor.cancel([TICKET])
    with pytest.raises(ApiAway, match=f"pod {name} is about to be deleted"):
        driven.executor.submit([TICKET])
    assert driven.is_alive(TICKET)


def test_slots_limit_what_is_taken(api, kubelet, opened):
    driven = opened(slots=2)
    assert (driven.executor.capacity().free, driven.executor.capacity().total) == (2, 2)
    driven.runs(TICKET, OTHER)
    assert driven.executor.capacity().free == 0
    driven.far_end.calls_of(TICKET)[0].end()
    driven.until(lambda: driven.executor.capacity().free == 1, "there is room again")


def test_pods_of_other_installations_are_not_touched(api, kubelet, opened):
    ours, theirs = opened(), opened(installation="other")
    ours.runs(TICKET)
    theirs.executor.cancel([TICKET])
    theirs.runs(OTHER)
    assert [each.instance for each in ours.executor.list_alive()] == [7]
    assert [each.instance for each in theirs.executor.list_alive()] == [8]
    theirs.has_passed()
    assert [each for each in theirs.hints if each.instance == 7] == []
    assert ours.far_end.runs(TICKET)


def test_more_pods_than_a_page_holds_are_listed(api, opened, monkeypatch):
    monkeypatch.setattr("tradewind_cncf_kubernetes.api._PAGE", 3)
    driven = opened()
    driven.submit(*[Ticket(instance=number, token=1) for number in range(1, 9)])
    assert sorted(each.instance for each in driven.executor.list_alive()) == list(range(1, 9))


def test_an_api_server_that_is_away_at_the_start_is_waited_for(api, kubelet, opened, tmp_path, far_end):
    away = opened(kube_config=api.kube_config(tmp_path / "away.config", closed_port()), slots=3)
    assert away.executor.capacity().free == 0, "how many pods there are is not known"
    with pytest.raises(ApiAway, match="the Kubernetes API server cannot be reached: "):
        away.executor.submit([TICKET])
    before = threading.active_count()
    away.stop()
    assert threading.active_count() < before


def test_without_a_login_it_says_what_to_do(tmp_path):
    setup = ExecutorSetup(
        name="KubernetesExecutor",
        home=str(tmp_path),
        slots=1,
        environ={"KUBECONFIG": str(tmp_path / "nothing")},
        options={"image": "x"},
    )
    with pytest.raises(
        TradewindConfigException, match=r"no login for Kubernetes .*: name a file by the option kube_config"
    ):
        KubernetesExecutor.open(setup)
    inside = ExecutorSetup(name="K", home="/", slots=1, options={"image": "x", "in_cluster": True})
    with pytest.raises(TradewindConfigException, match="or run this in a pod with a service account"):
        KubernetesExecutor.open(inside)


def test_an_api_server_that_is_silent_ends_with_the_time_out(api, kubelet, opened, faults, tmp_path):
    proxy = faults("127.0.0.1", api.port)
    driven = opened(kube_config=api.kube_config(tmp_path / "proxy.config", proxy.port), request_seconds=0.5)
    driven.runs(OTHER)
    proxy.mode = "silent"
    with pytest.raises(ApiAway, match="the Kubernetes API server cannot be reached"):
        driven.executor.submit([Ticket(instance=number, token=1) for number in range(100, 200)])
    proxy.mode = "pass"
    proxy.cut()
    driven.runs(TICKET)
    assert driven.far_end.runs(OTHER)


def test_in_a_pod_the_service_account_is_used(tmp_path, monkeypatch):
    for name, text in {"token": "t", "ca.crt": "c", "namespace": "team\n"}.items():
        (tmp_path / name).write_text(text)
    incluster = import_module("kubernetes.config.incluster_config")
    monkeypatch.setattr(incluster, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr("tradewind_cncf_kubernetes.api._NAMESPACE", tmp_path / "namespace")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    setup = ExecutorSetup(name="K", home="/srv", slots=1, environ=environ, options={"image": "x"})
    assert repr(KubernetesExecutor.open(setup)) == "<K: <namespace team of a Kubernetes cluster>>"
