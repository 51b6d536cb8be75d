"""What the state of a pod says of the try in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_plugins.contracts.executor import Hint, Ticket

from tradewind_cncf_kubernetes.pods import BASE

__all__ = ["gone", "has_others", "is_over", "is_running", "of_end", "stuck"]

_LAST = ("Succeeded", "Failed")
_STUCK = frozenset(
    [
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
        "RunContainerError",
    ]
)
"""Why a container that is to start does not: what goes on until somebody mends something."""


def is_over(pod: Mapping[str, Any]) -> bool:
    """Tell whether the try's container has ended, and will not begin any more."""
    return _phase(pod) in _LAST or "terminated" in _state(pod)


def has_others(pod: Mapping[str, Any]) -> bool:
    """Tell whether containers run on although the try's has ended: those that something put beside it, such as a proxy."""
    return "terminated" in _state(pod) and _phase(pod) not in _LAST


def is_running(pod: Mapping[str, Any]) -> bool:
    """Tell whether the try's container runs."""
    return "running" in _state(pod)


def stuck(pod: Mapping[str, Any]) -> str | None:
    """Return why a container of a pod cannot be made, in words; None where nothing is in the way."""
    status = pod.get("status") or {}
    for each in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _STUCK:
            return _sentence(waiting)
    return None


def of_end(pod: Mapping[str, Any], ticket: Ticket) -> Hint:
    """Return what is told of a pod that is over: it ended, or is gone where something ended it from outside."""
    status = pod.get("status") or {}
    ended = _state(pod).get("terminated")
    code = _exit_code(ended)
    # Evicted, Shutdown, Preempting, OutOfcpu: said of the pod as a whole, and not by its containers
    if status.get("reason"):
        return gone(ticket, _sentence(status), code)
    if ended is None and _phase(pod) == "Failed":
        return gone(ticket, "the pod failed without a word of its container")
    if code is not None and code < 0:
        return gone(ticket, f"its container was killed: {_sentence(ended or {})}", code)
    return Hint(instance=ticket.instance, token=ticket.token, kind="ended", exit_code=code)


def gone(ticket: Ticket, detail: str, code: int | None = None) -> Hint:
    """Return that nothing of a ticket runs any more."""
    return Hint(instance=ticket.instance, token=ticket.token, kind="gone", exit_code=code, detail=detail)


def _phase(pod: Mapping[str, Any]) -> str:
    return (pod.get("status") or {}).get("phase") or ""


def _state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    for each in (pod.get("status") or {}).get("containerStatuses") or ():
        if each.get("name") == BASE:
            found: Mapping[str, Any] = each.get("state") or {}
            return found
    return {}


def _exit_code(ended: Mapping[str, Any] | None) -> int | None:
    """Return an exit code as Python has it: container runtimes write 128 and its number for a signal."""
    if ended is None:
        return None
    if ended.get("reason") == "OOMKilled":
        return -9
    code: int = ended.get("exitCode", 0)
    return 128 - code if 128 < code <= 128 + 64 else code


def _sentence(said: Mapping[str, Any]) -> str:
    words = [str(said[name]) for name in ("reason", "message") if said.get(name)]
    return " ".join(": ".join(words).split()) or "it says no reason"
