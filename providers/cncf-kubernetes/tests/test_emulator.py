"""The emulator answers as a real API server was seen to: what the executor relies on, asked by the official client."""

from __future__ import annotations

import json
import threading

import pytest
from kube_emulator.store import selector
from kubernetes import client, config

pytestmark = pytest.mark.backed_by("emulator", "an API server and a kubelet of our own")


@pytest.fixture
def core(kube_config):
    made = client.Configuration()
    config.load_kube_config(kube_config, client_configuration=made, persist_config=False)
    return client.CoreV1Api(client.ApiClient(made))


def pod(name="one", **spec):
    container = {"name": "base", "image": "x", "command": ["sleep", "1000"]}
    return {"metadata": {"name": name, "labels": {"a": name}}, "spec": {"containers": [container], **spec}}


def status_of(call, *words, **named):
    with pytest.raises(client.ApiException) as caught:
        call(*words, **named)
    return json.loads(caught.value.body)


def events(core, **named):
    response = core.list_namespaced_pod("jobs", watch=True, _preload_content=False, timeout_seconds=1, **named)
    return [json.loads(line) for line in response.data.splitlines()]


def until(api, condition):
    """Wait for a change after which a condition holds."""
    with api.store.changed:
        assert api.store.changed.wait_for(condition, 30)


def test_what_is_created_has_what_the_server_gives_it(core):
    made = core.create_namespaced_pod("jobs", pod())
    assert made.metadata.uid
    assert made.metadata.creation_timestamp
    assert int(made.metadata.resource_version) > 0
    assert (made.spec.restart_policy, made.status.phase) == ("Always", "Pending")
    assert core.read_namespaced_pod("one", "jobs").metadata.uid == made.metadata.uid


def test_errors_are_status_objects(api, core):
    core.create_namespaced_pod("jobs", pod())
    assert status_of(core.create_namespaced_pod, "jobs", pod())["reason"] == "AlreadyExists"
    assert status_of(core.read_namespaced_pod, "two", "jobs")["message"] == 'pods "two" not found'
    assert status_of(core.create_namespaced_pod, "nowhere", pod())["message"] == 'namespaces "nowhere" not found'
    wrong = status_of(core.create_namespaced_pod, "jobs", {"metadata": {"name": "A_b"}, "spec": {"containers": []}})
    assert (wrong["code"], wrong["reason"]) == (422, "Invalid")
    assert "metadata.name" in wrong["message"]
    assert "spec.containers: Required value" in wrong["message"]
    other = {"preconditions": {"uid": "another"}}
    assert status_of(core.delete_namespaced_pod, "one", "jobs", body=other)["reason"] == "Conflict"
    api.token = "another"
    assert status_of(core.list_namespaced_pod, "jobs")["code"] == 401


def test_lists_are_selected_and_paged(core):
    for name in ("one", "two", "three"):
        core.create_namespaced_pod("jobs", pod(name))
    assert [each.metadata.name for each in core.list_namespaced_pod("jobs", label_selector="a=two").items] == ["two"]
    chosen = core.list_namespaced_pod("jobs", label_selector="a!=two", field_selector="status.phase!=Failed")
    assert [each.metadata.name for each in chosen.items] == ["one", "three"]
    first = core.list_namespaced_pod("jobs", limit=2)
    rest = core.list_namespaced_pod("jobs", limit=2, _continue=first.metadata._continue)
    assert [each.metadata.name for each in [*first.items, *rest.items]] == ["one", "three", "two"]
    assert rest.metadata._continue is None
    assert status_of(core.list_namespaced_pod, "jobs", field_selector="spec.x=1")["code"] == 400


def test_a_watch_replays_from_a_version_and_ends_in_time(core):
    before = core.list_namespaced_pod("jobs").metadata.resource_version
    core.create_namespaced_pod("jobs", pod())
    core.create_namespaced_pod("jobs", pod("two"))
    core.delete_namespaced_pod("one", "jobs")
    seen = events(core, resource_version=before, label_selector="a=one", allow_watch_bookmarks=True)
    assert [each["type"] for each in seen] == ["ADDED", "DELETED", "BOOKMARK"]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in seen]
    assert versions == sorted(versions)
    assert events(core, resource_version=str(versions[-1])) == []


def test_a_watch_from_before_the_history_is_told_so(api, core):
    before = core.list_namespaced_pod("jobs").metadata.resource_version
    core.create_namespaced_pod("jobs", pod())
    api.store.forget()
    (event,) = events(core, resource_version=before)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_pod_that_no_node_has_goes_at_once_and_another_one_with_grace(api, core, kubelet):
    kubelet.is_holding = True
    core.create_namespaced_pod("jobs", pod())
    core.delete_namespaced_pod("one", "jobs", grace_period_seconds=30)
    assert core.list_namespaced_pod("jobs").items == []
    kubelet.release()
    core.create_namespaced_pod("jobs", pod())
    until(api, lambda: api.store.get("jobs", "one")["status"]["phase"] == "Running")
    core.delete_namespaced_pod("one", "jobs")
    until(api, lambda: not api.store.list("jobs", selector())[0])
    deleted = [each for _, kind, each, _ in api.store.events if kind == "DELETED"][-1]
    assert deleted["metadata"]["deletionTimestamp"]
    (ended,) = deleted["status"]["containerStatuses"]
    assert ended["state"]["terminated"]["exitCode"] == 128 + 15


def test_a_pod_that_does_not_listen_is_killed_after_its_grace(api, core, kubelet, tmp_path):
    is_deaf = tmp_path / "deaf"
    deaf = pod()
    loop = f"trap '' TERM; touch {is_deaf}; while :; do sleep 0.02; done"
    deaf["spec"]["containers"][0]["command"] = ["sh", "-c", loop]
    core.create_namespaced_pod("jobs", deaf)
    until(api, lambda: api.store.get("jobs", "one")["status"]["phase"] == "Running")
    while not is_deaf.exists():
        threading.Event().wait(0.01)
    (process,) = kubelet.processes.values()
    core.delete_namespaced_pod("one", "jobs", grace_period_seconds=1)
    assert process.poll() is None
    until(api, lambda: not api.store.list("jobs", selector())[0])
    assert process.poll() == -9


def test_the_state_of_pods_can_be_driven_from_outside(core):
    core.create_namespaced_pod("jobs", pod())
    core.patch_namespaced_pod_status("one", "jobs", {"status": {"phase": "Failed", "reason": "Evicted"}})
    assert core.read_namespaced_pod("one", "jobs").status.reason == "Evicted"
