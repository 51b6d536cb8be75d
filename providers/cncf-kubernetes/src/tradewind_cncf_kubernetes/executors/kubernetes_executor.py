"""The executor whose tries run in pods, one each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Hint, Submission, Ticket

from tradewind_cncf_kubernetes.api import AT_ONCE, ApiAway, ApiRefused, Cluster
from tradewind_cncf_kubernetes.options import Options, read_options
from tradewind_cncf_kubernetes.pods import Impossible, Pods, ticket_of
from tradewind_cncf_kubernetes.states import has_others, is_over
from tradewind_cncf_kubernetes.watching import Watching

__all__ = ["KubernetesExecutor"]

Made = TypeVar("Made")

_NOT_OVER = "status.phase!=Succeeded,status.phase!=Failed"


class KubernetesExecutor(Executor):
    """Runs each try in a pod of its own. The pods are all that it keeps, so it may be started again at any time.

    A pod's name is made of its ticket, so that a ticket that comes twice meets the pod of the first time.

    Args:
        setup: What it is told; its options are those of `tradewind_cncf_kubernetes.options.Options`.

    Raises:
        TradewindConfigException: An option, the pod template or the login for Kubernetes cannot be used.
    """

    lists_all = True

    def __init__(self, setup: ExecutorSetup) -> None:
        self._name = setup.name
        self._options: Options = read_options(setup)
        self._pods = Pods(setup.name, self._options)
        self._cluster = Cluster(self._options, setup.environ)
        self._watching = Watching(self._cluster, self._pods.selector, self._options)

    def __repr__(self) -> str:
        return f"<{self._name}: {self._cluster!r}>"

    @classmethod
    def open(cls, setup: ExecutorSetup) -> KubernetesExecutor:
        """See `Executor.open`."""
        return cls(setup)

    def start(self) -> None:
        """See `Executor.start`. Pods of an earlier process are adopted."""
        self._watching.start()

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Stop watching. Pods go on without this process, so there is nothing to drain: the next one adopts them."""
        self._watching.close()

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Create a pod for each ticket.

        Raises:
            ApiAway: The API server cannot be reached, or says that it is too busy or that a quota is used up just now.
        """
        return self._each(tickets, self._take)

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Delete the pods. Their processes have as long to end as the pods say (`terminationGracePeriodSeconds`)."""
        self._each(tickets, lambda each: self._cluster.delete(self._pods.name(each)))

    def observe(self) -> Sequence[Hint]:
        """See `Executor.observe`."""
        return self._watching.hints()

    def list_alive(self) -> Sequence[Ticket]:
        """Return the tickets of all pods that are not over, asked of the API server."""
        pods, _ = self._cluster.pods(self._pods.selector, _NOT_OVER)
        tickets = [ticket_of(each) for each in pods if not is_over(each)]
        return [each for each in tickets if each is not None]

    def capacity(self) -> Capacity:
        """Return no limit, or what the option `slots` leaves."""
        slots = self._options.slots
        if slots is None:
            return Capacity(free=None)
        alive = self._watching.alive()
        return Capacity(free=0 if alive is None else max(0, slots - alive), total=slots)

    def _each(self, tickets: Sequence[Ticket], work: Callable[[Ticket], Made]) -> list[Made]:
        """Do something for each ticket, several at once: whoever waits for the answer has a lease to renew.

        Where the API server is away for one of them, it is not asked for those that have not been begun.
        """
        away = threading.Event()

        def one(ticket: Ticket) -> Made:
            if away.is_set():
                raise ApiAway("the Kubernetes API server was away for another ticket")
            try:
                return work(ticket)
            except ApiAway:
                away.set()
                raise

        if len(tickets) < 2:
            return [one(each) for each in tickets]
        with ThreadPoolExecutor(min(len(tickets), AT_ONCE), thread_name_prefix="tradewind-kubernetes") as pool:
            return list(pool.map(one, tickets))

    def _take(self, ticket: Ticket) -> Submission:
        try:
            self._create(self._pods.make(ticket), ticket)
        except (Impossible, ApiRefused) as refused:
            return Submission(ticket=ticket, accepted=False, reason=str(refused))
        return Submission(ticket=ticket, accepted=True)

    def _create(self, pod: Mapping[str, Any], ticket: Ticket) -> None:
        name = self._pods.name(ticket)
        if self._tried(pod):
            return
        found = self._cluster.get(name)
        if found is not None:
            self._meet(found, name)
            if not is_over(found):
                return
        # The earlier one has ended without a claim, or the ticket would not come again
        if not self._tried(pod):
            raise ApiAway(f"pod {name} is about to be deleted: it can be made again when it is gone")

    def _tried(self, pod: Mapping[str, Any]) -> bool:
        """Create a pod; tell whether its name was free."""
        try:
            self._watching.made(self._cluster.create(pod))
        except ApiRefused as refused:
            if refused.reason == "AlreadyExists":
                return False
            raise
        return True

    def _meet(self, found: Mapping[str, Any], name: str) -> None:
        """Look at a pod that has a ticket's name already: one that is over makes room, one that leaves is waited for."""
        if not self._pods.is_mine(found):
            raise Impossible(f"there is a pod {name} already that is not of this executor")
        if is_over(found):
            # What runs on beside the try has its time to end
            self._cluster.delete(name, uid=found["metadata"]["uid"], grace=None if has_others(found) else 0)
        elif "deletionTimestamp" in found["metadata"]:
            raise ApiAway(f"pod {name} is about to be deleted: it can be made again when it is gone")
