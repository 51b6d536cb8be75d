"""What pods are put together from, and which options are refused."""

from __future__ import annotations

import json

import pytest
from tradewind_cncf_kubernetes.merging import merged
from tradewind_cncf_kubernetes.model import problems
from tradewind_cncf_kubernetes.options import read_options
from tradewind_cncf_kubernetes.pods import Impossible, Pods, ticket_of
from tradewind_plugins.contracts.executor import ExecutorSetup, Ticket, run_try_words
from tradewind_plugins.exceptions import TradewindConfigException

TICKET = Ticket(instance=7, token=2)
TEMPLATE = """
apiVersion: v1
kind: Pod
metadata:
  labels: {team: data}
spec:
  serviceAccountName: tasks
  containers:
    - name: sidecar
      image: proxy:1
    - name: base
      image: shop/tasks:1
      env:
        - {name: TRADEWIND_HOME, value: /srv/tradewind}
        - name: TRADEWIND__DATABASE__URL
          valueFrom: {secretKeyRef: {name: tradewind, key: url}}
  volumes:
    - {name: dags, emptyDir: {}}
"""


def setup(**options):
    return ExecutorSetup(name="KubernetesExecutor", home="/srv/tradewind", slots=4, options=options)


def pods(**options):
    return Pods(
        "KubernetesExecutor", read_options(setup(**{"image": "shop/tasks:0", "installation": "shop", **options}))
    )


def template(tmp_path, text=TEMPLATE):
    path = tmp_path / "pod.yaml"
    path.write_text(text)
    return str(path)


def test_a_pod_without_a_template():
    pod = pods(env={"A": "1"}).make(TICKET)
    assert pod == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "tradewind-shop-7-2",
            "labels": {
                "tradewind-installation": "shop",
                "tradewind-executor": "KubernetesExecutor",
                "tradewind-instance": "7",
                "tradewind-token": "2",
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "base",
                    "image": "shop/tasks:0",
                    "command": ["tradewind"],
                    "args": run_try_words(TICKET, "KubernetesExecutor"),
                    "env": [{"name": "A", "value": "1"}],
                }
            ],
        },
    }
    assert ticket_of(pod) == TICKET


def test_template_queue_and_override_are_laid_over_each_other(tmp_path):
    over = {
        "metadata": {"name": "mine", "labels": {"team": "models", "tradewind-token": "99"}, "annotations": {"a": "b"}},
        "spec": {
            "restartPolicy": "Always",
            "nodeSelector": {"disk": "fast"},
            "serviceAccountName": None,
            "containers": [
                {"name": "base", "env": [{"name": "TRADEWIND_HOME", "value": "/home"}], "args": ["sh"]},
                {"name": "extra", "image": "extra:1"},
            ],
            "volumes": [{"name": "more", "emptyDir": {}}],
        },
    }
    gpu = {"spec": {"nodeSelector": {"gpu": "yes", "disk": "slow"}, "containers": [{"name": "base", "image": "gpu:1"}]}}
    made = pods(pod_template_file=template(tmp_path), queues={"gpu": gpu}, env={"A": "1", "TRADEWIND_HOME": "/"})
    pod = made.make(Ticket(instance=7, token=2, queue="gpu", options={"pod_override": over}))
    assert pod["metadata"]["name"] == "tradewind-shop-7-2"
    assert pod["metadata"]["labels"]["team"] == "models"
    assert pod["metadata"]["labels"]["tradewind-token"] == "2"
    assert pod["metadata"]["annotations"] == {"a": "b"}
    spec = pod["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["nodeSelector"] == {"gpu": "yes", "disk": "fast"}
    assert "serviceAccountName" not in spec
    assert [each["name"] for each in spec["containers"]] == ["base", "sidecar", "extra"]
    assert [each["name"] for each in spec["volumes"]] == ["dags", "more"]
    base = spec["containers"][0]
    assert (base["image"], base["args"]) == ("gpu:1", run_try_words(TICKET, "KubernetesExecutor"))
    assert base["env"] == [
        {"name": "A", "value": "1"},
        {"name": "TRADEWIND_HOME", "value": "/home"},
        {"name": "TRADEWIND__DATABASE__URL", "valueFrom": {"secretKeyRef": {"name": "tradewind", "key": "url"}}},
    ]
    plain = made.make(Ticket(instance=8, token=1))["spec"]
    assert plain["serviceAccountName"] == "tasks", "what is laid over for one pod is not in the next"
    assert plain["containers"][0]["env"][1]["value"] == "/srv/tradewind"


def test_a_merge_changes_neither_side():
    base = {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}], "args": ["x"], "gone": 1}
    patch = {"containers": [{"name": "a", "ports": [{"containerPort": 2}]}, {"name": "b"}], "args": ["y"], "gone": None}
    before = json.dumps([base, patch])
    assert merged(base, patch) == {
        "containers": [{"name": "a", "ports": [{"containerPort": 1}, {"containerPort": 2}]}, {"name": "b"}],
        "args": ["y"],
    }
    assert json.dumps([base, patch]) == before


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            {"spec": {"containers": [{"name": "base", "imagee": "x"}]}},
            "pod_override.spec.containers[0].imagee is no field of V1Container; did you mean image?",
        ),
        (
            {"spec": {"node_selector": {"a": "b"}}},
            "pod_override.spec.node_selector is no field of V1PodSpec; did you mean nodeSelector?",
        ),
        ({"spec": {"nodeSelector": {"a": 1}}}, "pod_override.spec.nodeSelector.a is to be a text"),
        ({"spec": {"hostNetwork": "yes"}}, "pod_override.spec.hostNetwork is to be true or false"),
        ({"spec": {"priority": True}}, "pod_override.spec.priority is to be a whole number"),
        ({"spec": {"containers": {"name": "base"}}}, "pod_override.spec.containers is to be a list"),
        ({"metadata": []}, "pod_override.metadata is to be an object (V1ObjectMeta)"),
        ("base", "pod_override is to be an object (V1Pod)"),
        ({"spec": {"containers": [{"image": "x"}]}}, "each has to have its name; the try's is 'base'"),
        (
            {"kind": "Pod", "specs": {}},
            "pod_override.specs is no field of V1Pod; did you mean spec?",
        ),
    ],
)
def test_a_wrong_override_is_refused_with_its_path(override, said):
    with pytest.raises(Impossible) as caught:
        pods().make(Ticket(instance=1, token=1, options={"pod_override": override}))
    assert said in str(caught.value)


def test_amounts_may_be_numbers_as_in_yaml():
    over = {
        "spec": {
            "containers": [{"name": "base", "resources": {"limits": {"cpu": 2, "memory": "1Gi"}, "requests": None}}]
        }
    }
    made = pods().make(Ticket(instance=1, token=1, options={"pod_override": over}))
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "2", "memory": "1Gi"}}
    over["spec"]["containers"][0]["resources"]["limits"]["cpu"] = [2]
    with pytest.raises(Impossible, match=r"resources.limits.cpu is to be an amount, such as 500m or 4Gi"):
        pods().make(Ticket(instance=1, token=1, options={"pod_override": over}))


def test_values_that_are_wrong_are_not_shown():
    assert "hunter2" not in "".join(problems({"spec": {"nodeName": {"password": "hunter2"}}}, "pod_override"))


def test_an_option_of_a_task_that_is_not_there_is_refused():
    with pytest.raises(Impossible, match=r"knows no option 'pod_overide' of a task; there is pod_override"):
        pods().make(Ticket(instance=1, token=1, options={"pod_overide": {}}))


def test_without_an_image_nothing_can_run():
    with pytest.raises(Impossible, match="no image is known"):
        pods(image=None).make(TICKET)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "cannot be read as YAML"),
        ("- a", "is to hold one object of the kind Pod"),
        ("kind: Deployment", "is to hold one object of the kind Pod"),
        ("spec: {containers: [{name: main}]}", "has no container with the name 'base'"),
        ("spec: {containrs: []}", ".spec.containrs is no field of V1PodSpec; did you mean containers?"),
    ],
)
def test_a_template_that_is_no_pod_is_an_error(tmp_path, text, said):
    with pytest.raises(TradewindConfigException) as caught:
        pods(pod_template_file=template(tmp_path, text))
    assert said in str(caught.value)
    assert "pod.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"imagee": "x"}, "imagee of KubernetesExecutor is no option; there are command, context,"),
        ({"slots": "4"}, "slots of KubernetesExecutor is to be a whole number"),
        ({"slots": True}, "slots of KubernetesExecutor is to be a whole number"),
        ({"start_seconds": 0}, "start_seconds of KubernetesExecutor is to be a number of seconds above 0"),
        ({"env": {"A": 1}}, "env of KubernetesExecutor is to be an object of texts"),
        ({"command": []}, "command of KubernetesExecutor is to be a list of words"),
        (
            {"pod_template_file": "/nowhere.yaml"},
            "pod_template_file of KubernetesExecutor: there is no file /nowhere.yaml",
        ),
        ({"installation": "Shop!"}, "installation of KubernetesExecutor is to have at most 20 lower-case letters"),
    ],
)
def test_wrong_options_are_named(options, said):
    with pytest.raises(TradewindConfigException) as caught:
        read_options(setup(**options))
    assert said in str(caught.value)


def test_installations_are_told_apart_without_their_logins():
    def installation(url, home="/srv"):
        environ = {"TRADEWIND__DATABASE__URL": url}
        return read_options(ExecutorSetup(name="K", home=home, slots=1, environ=environ)).installation

    one = installation("postgresql://maria:secret@db/shop")
    assert one == installation("postgresql://otto:other@db/shop")
    assert len({one, installation("postgresql://db/other"), installation("postgresql://db/shop", "/opt")}) == 3


def test_what_a_queue_lays_over_is_checked_at_the_start():
    with pytest.raises(TradewindConfigException, match=r"queues.gpu of KubernetesExecutor.spek is no field of V1Pod"):
        pods(queues={"gpu": {"spek": {}}})


def test_pods_that_are_not_ours_have_no_ticket():
    assert ticket_of({"metadata": {}}) is None
    assert ticket_of({"metadata": {"labels": {"tradewind-instance": "x", "tradewind-token": "1"}}}) is None
