"""The pods of tickets: their names and labels, and what they are put together from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tradewind_plugins.contracts.executor import Ticket, run_try_words
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind_cncf_kubernetes.merging import merged
from tradewind_cncf_kubernetes.model import problems
from tradewind_cncf_kubernetes.options import Options, read_template

__all__ = ["BASE", "Impossible", "Pods", "ticket_of"]

BASE = "base"
"""The name of the container that runs the try."""
OVERRIDE = "pod_override"
_INSTALLATION, _EXECUTOR = "tradewind-installation", "tradewind-executor"
_INSTANCE, _TOKEN = "tradewind-instance", "tradewind-token"


class Impossible(Exception):  # noqa: N818 - it is no error of ours: the ticket is refused
    """A ticket that can never have a pod; the message says why."""


class Pods:
    """Makes the pods of one executor.

    Args:
        executor: Its name.
        options: Its options.

    Raises:
        TradewindConfigException: The template or what a queue lays over it is no pod that could run.
    """

    def __init__(self, executor: str, options: Options) -> None:
        self._executor = executor
        self._options = options
        self._template = read_template(options)
        _insist(problems(self._template, str(options.pod_template_file)))
        containers = self._containers(self._template)
        if containers and BASE not in [each.get("name") for each in containers]:
            raise TradewindConfigException(
                f"{options.pod_template_file} has no container with the name {BASE!r}, which is the one that runs the try"
            )
        for queue, over in options.queues.items():
            _insist(problems(over, f"executor.options: queues.{queue} of {executor}"))

    @property
    def selector(self) -> str:
        """The label selector of this executor's pods."""
        labels = {_INSTALLATION: self._options.installation, _EXECUTOR: self._executor}
        return ",".join(f"{name}={value}" for name, value in labels.items())

    def name(self, ticket: Ticket) -> str:
        """Return the name of a ticket's pod, which is always the same."""
        return f"tradewind-{self._options.installation}-{ticket.instance}-{ticket.token}"

    def is_mine(self, pod: Mapping[str, Any]) -> bool:
        """Tell whether a pod is one of this executor's."""
        labels = pod["metadata"].get("labels") or {}
        return bool(labels.get(_INSTALLATION) == self._options.installation and labels.get(_EXECUTOR) == self._executor)

    def make(self, ticket: Ticket) -> dict[str, Any]:
        """Return the pod of a ticket: the template, its queue's and its own override, and over all what makes it run the try.

        Raises:
            Impossible: The ticket's options cannot be followed.
        """
        pod = merged(self._template, self._options.queues.get(ticket.queue or "", {}))
        over = self._override(ticket)
        pod = merged(pod, over)
        containers = self._containers(pod)
        base = next((each for each in containers if each.get("name") == BASE), {"name": BASE})
        if not (base.get("image") or self._options.image):
            raise Impossible(f"no image is known: set the option image of {self._executor}, or one in {OVERRIDE}")
        env = [{"name": name, "value": value} for name, value in self._options.env.items()]
        own: dict[str, Any] = {
            "image": base.get("image") or self._options.image,
            "command": base.get("command") or self._options.command,
            "args": run_try_words(ticket, self._executor),
            "env": merged(env, list(base.get("env") or ()), "env"),
        }
        others = [each for each in containers if each.get("name") != BASE]
        # First, as `kubectl logs` shows the first one
        made = [_with_amounts(each) for each in ({**base, **own}, *others)]
        pod = {**pod, "spec": {**(pod.get("spec") or {}), "containers": made}}
        return dict(merged(pod, self._fixed(ticket)))

    def _override(self, ticket: Ticket) -> Mapping[str, Any]:
        unknown = sorted(set(ticket.options) - {OVERRIDE})
        if unknown:
            raise Impossible(f"{self._executor} knows no option {unknown[0]!r} of a task; there is {OVERRIDE}")
        over = ticket.options.get(OVERRIDE) or {}
        wrong = list(problems(over, OVERRIDE))
        if not wrong:
            names = [each.get("name") for each in self._containers(over)]
            wrong = (
                [] if all(names) else [f"{OVERRIDE}.spec.containers: each has to have its name; the try's is {BASE!r}"]
            )
        if wrong:
            raise Impossible("; ".join(wrong))
        found: Mapping[str, Any] = over
        return found

    def _fixed(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name(ticket),
                "generateName": None,
                "namespace": None,
                "labels": {
                    _INSTALLATION: self._options.installation,
                    _EXECUTOR: self._executor,
                    _INSTANCE: str(ticket.instance),
                    _TOKEN: str(ticket.token),
                },
            },
            "spec": {"restartPolicy": "Never"},
            "status": None,
        }

    def _containers(self, pod: Mapping[str, Any]) -> list[dict[str, Any]]:
        return list((pod.get("spec") or {}).get("containers") or ())


def ticket_of(pod: Mapping[str, Any]) -> Ticket | None:
    """Return the ticket that a pod was made for; None where its labels are not ours."""
    labels = pod["metadata"].get("labels") or {}
    try:
        return Ticket(instance=int(labels[_INSTANCE]), token=int(labels[_TOKEN]))
    except (KeyError, ValueError):
        return None


def _with_amounts(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container whose amounts are text: YAML makes numbers of `cpu: 2`, and the client takes none."""
    found = dict(container)
    resources = found.get("resources")
    if resources:
        found["resources"] = {
            name: {each: str(amount) for each, amount in value.items()}
            if name in ("limits", "requests") and value
            else value
            for name, value in resources.items()
        }
    return found


def _insist(wrong: Iterator[str]) -> None:
    found = "; ".join(wrong)
    if found:
        raise TradewindConfigException(found)
