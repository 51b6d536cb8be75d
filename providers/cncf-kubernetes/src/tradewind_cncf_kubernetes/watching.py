"""The thread that watches the pods: what happens to them becomes hints, and what is known of them is kept for `capacity`."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from tradewind_plugins.contracts.executor import Hint, Ticket
from tradewind_plugins.exceptions import TradewindException

from tradewind_cncf_kubernetes import states
from tradewind_cncf_kubernetes.api import ApiAway, ApiGone, ApiRefused, Cluster, Watched
from tradewind_cncf_kubernetes.options import Options
from tradewind_cncf_kubernetes.pods import ticket_of

__all__ = ["Watching"]

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 15.0
_MOST_HINTS = 100_000


class _Seen:
    """What is known of a pod that is not over."""

    def __init__(self, pod: Mapping[str, Any], ticket: Ticket) -> None:
        self.name: str = pod["metadata"]["name"]
        self.ticket = ticket
        self.is_started = False
        self.stuck_since: float | None = None
        self.stuck_by = ""
        self.given_up = ""


class Watching:
    """Watches the pods that a selector finds, from the first list of them until it is closed.

    Args:
        cluster: Where they are.
        selector: Of their labels.
        options: Of the executor.
    """

    def __init__(self, cluster: Cluster, selector: str, options: Options) -> None:
        self._cluster = cluster
        self._selector = selector
        self._options = options
        self._lock = threading.Condition()
        self._pods: dict[str, _Seen] = {}  # by uid
        self._leaving: dict[str, str] = {}  # name by uid of pods that are over; empty where they are to stay
        self._deleted_uids: set[str] = set()
        self._hints: deque[Hint] = deque(maxlen=_MOST_HINTS)
        self._since: str | None = None
        self._stream: Watched | None = None
        self._is_over = False
        self._threads = [
            threading.Thread(target=work, name=f"tradewind-kubernetes-{name}", daemon=True)
            for name, work in (("watch", self._watch), ("tidy", self._tidy))
        ]

    def start(self) -> None:
        """List the pods that are there, and watch from then on. That the API server is away is no error: it is asked again."""
        try:
            self._list()
        except TradewindException as error:
            log.warning("the pods cannot be listed yet: %s", error)
        for each in self._threads:
            each.start()

    def close(self) -> None:
        """End the threads."""
        with self._lock:
            self._is_over = True
            stream = self._stream
            self._lock.notify_all()
        if stream is not None:
            stream.close()
        for each in self._threads:
            if each.is_alive():
                each.join(5.0)

    def hints(self) -> list[Hint]:
        """Return what was seen since the last call."""
        found = []
        while self._hints:
            found.append(self._hints.popleft())
        return found

    def alive(self) -> int | None:
        """Return how many pods are not over, as far as they were seen; None as long as they could not be listed."""
        with self._lock:
            return None if self._since is None and not self._pods else len(self._pods)

    def made(self, pod: Mapping[str, Any]) -> None:
        """Take note of a pod that was just created, unless the watch was quicker: it knows more than the answer to the creation."""
        with self._lock:
            if pod["metadata"]["uid"] not in self._pods:
                self._note(pod)

    # --- the watch ----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while not self._is_over:
            try:
                self._watch_once()
                pause = _FIRST_PAUSE
            except ApiGone:
                self._since = None  # it is listed again
                self._wait(_FIRST_PAUSE)
            except (ApiAway, ApiRefused) as error:
                if not self._is_over:
                    log.warning("the pods cannot be watched just now, it is tried again: %s", error)
                self._wait(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
            except Exception:
                # Something that no API server is known to say: without this thread nobody would hear of ends
                log.exception("the pods are listed again")
                self._since = None
                self._wait(_LONGEST_PAUSE)

    def _watch_once(self) -> None:
        if self._since is None:
            self._list()
        since, began = self._since or "", time.monotonic()
        stream = self._cluster.watch(self._selector, since, self._options.watch_seconds)
        with self._lock:
            self._stream = stream
            if self._is_over:
                stream.close()
                return
        for event in stream:
            pod = event["object"]
            with self._lock:
                self._since = pod["metadata"]["resourceVersion"]
                if event["type"] == "DELETED":
                    self._is_deleted(pod)
                elif event["type"] in ("ADDED", "MODIFIED"):
                    self._note(pod)
        if time.monotonic() - began < _FIRST_PAUSE:  # something on the way ends watches as soon as they are there
            self._wait(_FIRST_PAUSE)

    def _list(self) -> None:
        """See what is there, and what is there no more."""
        with self._lock:
            before = set(self._pods)  # what is made while the list is on its way is not missing
        pods, version = self._cluster.pods(self._selector)
        with self._lock:
            present = {pod["metadata"]["uid"] for pod in pods}
            for uid in (before - present) & set(self._pods):
                seen = self._pods.pop(uid)
                self._hints.append(states.gone(seen.ticket, seen.given_up or "its pod was deleted"))
            self._leaving = {uid: name for uid, name in self._leaving.items() if uid in present}
            self._deleted_uids &= present
            for pod in pods:
                self._note(pod)
            self._since = version

    def _wait(self, seconds: float) -> None:
        with self._lock:
            if not self._is_over:
                self._lock.wait(seconds)

    # --- events; with the lock ----------------------------------------------------------------------------------------

    def _note(self, pod: Mapping[str, Any]) -> None:
        uid, ticket = pod["metadata"]["uid"], ticket_of(pod)
        if ticket is None or uid in self._leaving or uid in self._deleted_uids:
            return
        seen = self._pods.get(uid)
        if seen is None:
            seen = self._pods[uid] = _Seen(pod, ticket)
        if states.is_over(pod):
            self._is_ended(pod, seen)
            return
        if states.is_running(pod) and not seen.is_started:
            seen.is_started = True
            self._hints.append(Hint(instance=ticket.instance, token=ticket.token, kind="started"))
        reason = states.stuck(pod)
        if reason is None:
            seen.stuck_since = None
        else:
            seen.stuck_by = reason
            if seen.stuck_since is None:
                seen.stuck_since = time.monotonic()
                self._lock.notify_all()

    def _is_ended(self, pod: Mapping[str, Any], seen: _Seen) -> None:
        uid = pod["metadata"]["uid"]
        del self._pods[uid]
        self._leaving[uid] = ""
        hint = states.of_end(pod, seen.ticket)
        self._hints.append(hint)
        is_unwanted = self._options.delete_on_success if hint.exit_code == 0 else self._options.delete_on_failure
        if is_unwanted or states.has_others(pod):
            self._leaving[uid] = seen.name
            self._lock.notify_all()

    def _is_deleted(self, pod: Mapping[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        is_known = self._leaving.pop(uid, None) is not None
        seen = self._pods.pop(uid, None)
        if seen is None:
            if not is_known:
                self._deleted_uids.add(uid)  # the answer to its creation may still come
            return
        hint = states.of_end(pod, seen.ticket) if states.is_over(pod) else None
        if hint is None or seen.given_up:
            hint = states.gone(seen.ticket, seen.given_up or "its pod was deleted")
        self._hints.append(hint)

    # --- tidying ------------------------------------------------------------------------------------------------------

    def _tidy(self) -> None:
        """Delete the pods that are over, and those that cannot begin."""
        while True:
            with self._lock:
                if self._is_over:
                    return
                due = [(uid, name) for uid, name in self._leaving.items() if name]
                late, seconds = self._late()
                if not due and not late:
                    self._lock.wait(seconds)
                    continue
            for uid, name in [*due, *late]:
                if not self._deleted(uid, name):
                    self._wait(_LONGEST_PAUSE)
                    break

    def _late(self) -> tuple[list[tuple[str, str]], float]:
        """Return the pods that have been stuck for too long, and in how many seconds the next one will."""
        late, now, limit = [], time.monotonic(), self._options.start_seconds
        soonest = _LONGEST_PAUSE * 4
        for uid, seen in self._pods.items():
            if seen.stuck_since is None or seen.given_up:
                continue
            left = seen.stuck_since + limit - now
            if left <= 0:
                late.append((uid, seen.name))
            else:
                soonest = min(soonest, left)
        return late, soonest

    def _deleted(self, uid: str, name: str) -> bool:
        """Delete a pod; tell whether the API server could be asked."""
        with self._lock:
            seen = self._pods.get(uid)
            if seen is not None:  # before the watch tells that it is deleted, which may be sooner than the answer
                seen.given_up = (
                    f"it could not be started within {self._options.start_seconds:g} seconds: {seen.stuck_by}"
                )
        try:
            self._cluster.delete(name, uid=uid)
        except ApiAway as error:
            log.warning("pod %s cannot be deleted yet: %s", name, error)
            if seen is not None:
                seen.given_up = ""
            return False
        except ApiRefused as error:
            log.error("pod %s cannot be deleted: %s", name, error)  # noqa: TRY400 - the sentence says it
        with self._lock:
            if uid in self._leaving:
                self._leaving[uid] = ""
        return True
