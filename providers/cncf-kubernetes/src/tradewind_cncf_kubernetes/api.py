"""The API server, as far as the executor asks it: pods as plain JSON, and errors of three kinds."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindConfigException, TradewindException

from tradewind_cncf_kubernetes.options import Options

__all__ = ["AT_ONCE", "ApiAway", "ApiGone", "ApiRefused", "Cluster", "Watched"]

client = lazy_client("kubernetes.client", extra="cncf-kubernetes")
config = lazy_client("kubernetes.config", extra="cncf-kubernetes")
urllib3 = lazy_client("urllib3", extra="cncf-kubernetes")

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
AT_ONCE = 16
"""Requests that are made at once."""
_PAGE = 500
_LINE = 1 << 16


class ApiAway(TradewindException):
    """The API server cannot be reached, or cannot answer just now; the same request may succeed later."""


class ApiGone(TradewindException):
    """What a watch or a list was to go on from is not kept any more: it begins anew."""


class ApiRefused(TradewindException):
    """The API server will not do it.

    Args:
        message: What it says.
        code: The HTTP status.
        reason: Its word for it, such as `AlreadyExists`.
    """

    def __init__(self, message: str, code: int, reason: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class Watched:
    """The events of one watch; it can be closed from another thread."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        rest = b""
        try:
            for data in self._response.stream(_LINE, decode_content=True):
                *lines, rest = (rest + data).split(b"\n")
                for line in filter(None, lines):
                    yield _event(json.loads(line))
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
            # A line that is cut off is no JSON; AttributeError is what urllib3 runs into where another thread closes it
            raise ApiAway(f"the watch broke off: {type(error).__name__}") from error
        finally:
            self._response.close()

    def close(self) -> None:
        """End it: who reads gets an error."""
        with contextlib.suppress(ValueError, RuntimeError):  # it has ended by itself
            self._response.shutdown()  # close would wait for the thread that reads


class Cluster:
    """Asks the API server of one namespace. It may be used by several threads.

    Args:
        options: Of the executor.
        environ: Of the executor, which says whether this process runs in a pod.

    Raises:
        TradewindConfigException: There is no kube config and no service account, or they cannot be used.
    """

    def __init__(self, options: Options, environ: Mapping[str, str]) -> None:
        made = client.Configuration()
        namespace = self._log_in(options, environ, made)
        made.retries = urllib3.Retry(0)  # who asks decides whether and when to ask again
        made.connection_pool_maxsize = AT_ONCE + 4  # beside them the watch, and the threads that tidy
        self.namespace: str = options.namespace or namespace or "default"
        self._seconds = options.request_seconds
        self._core = client.CoreV1Api(client.ApiClient(made))

    def __repr__(self) -> str:
        return f"<namespace {self.namespace} of a Kubernetes cluster>"

    @staticmethod
    def _log_in(options: Options, environ: Mapping[str, str], made: Any) -> str | None:
        in_cluster = options.in_cluster
        if in_cluster is None:
            in_cluster = options.kube_config is None and "KUBERNETES_SERVICE_HOST" in environ
        try:
            if in_cluster:
                config.load_incluster_config(client_configuration=made)
                return _NAMESPACE.read_text(encoding="utf-8").strip() if _NAMESPACE.exists() else None
            path = options.kube_config or os.path.expanduser(environ.get("KUBECONFIG", "~/.kube/config"))  # noqa: PTH111
            config.load_kube_config(
                path, context=options.context, client_configuration=made, persist_config=options.kube_config is None
            )
            contexts, active = config.list_kube_config_contexts(path)
            chosen = next((each for each in contexts if each["name"] == options.context), active)
            namespace: str | None = chosen["context"].get("namespace")
        except (config.ConfigException, OSError) as error:
            raise TradewindConfigException(
                f"there is no login for Kubernetes ({error}): name a file by the option kube_config, "
                "or run this in a pod with a service account"
            ) from error
        return namespace

    # --- requests -----------------------------------------------------------------------------------------------------

    def create(self, pod: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create a pod and return it."""
        return self._ask("create_namespaced_pod", self.namespace, dict(pod))

    def get(self, name: str) -> Mapping[str, Any] | None:
        """Return a pod; None where there is none of that name."""
        try:
            return self._ask("read_namespaced_pod", name, self.namespace)
        except ApiRefused as refused:
            if refused.code == 404:
                return None
            raise

    def delete(self, name: str, *, uid: str | None = None, grace: int | None = None) -> None:
        """Delete a pod; none of that name is no error, nor is another one that has its name now.

        Args:
            name: The pod's.
            uid: Of the pod that is meant, where that is known.
            grace: Seconds that its processes have to end; None for what the pod says.
        """
        wanted: dict[str, Any] = {} if uid is None else {"preconditions": {"uid": uid}}
        if grace is not None:
            wanted["gracePeriodSeconds"] = grace
        try:
            self._ask("delete_namespaced_pod", name, self.namespace, body=wanted)
        except ApiRefused as refused:
            if refused.code not in (404, 409):
                raise

    def pods(self, labels: str, fields: str = "") -> tuple[list[Mapping[str, Any]], str]:
        """Return the pods that fit selectors, and the version of the list, from which a watch can go on."""
        found: list[Mapping[str, Any]] = []
        more: dict[str, Any] = {"field_selector": fields} if fields else {}
        while True:
            page = self._ask("list_namespaced_pod", self.namespace, label_selector=labels, limit=_PAGE, **more)
            found += page["items"]
            following = page["metadata"].get("continue")
            if not following:
                return found, page["metadata"]["resourceVersion"]
            more["_continue"] = following

    def watch(self, labels: str, since: str, seconds: float) -> Watched:
        """Return the events after a version, for some time."""
        return Watched(
            self._response(
                "list_namespaced_pod",
                self.namespace,
                seconds=seconds + self._seconds,
                label_selector=labels,
                watch=True,
                resource_version=since,
                allow_watch_bookmarks=True,
                timeout_seconds=max(1, int(seconds)),
            )
        )

    def _ask(self, verb: str, *arguments: Any, **named: Any) -> Mapping[str, Any]:
        response = self._response(verb, *arguments, seconds=self._seconds, **named)
        try:
            found: Mapping[str, Any] = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiAway(f"the Kubernetes API server broke off its answer: {type(error).__name__}") from error
        except ValueError as error:
            raise ApiAway("the Kubernetes API server answered something that is not JSON") from error
        return found

    def _response(self, verb: str, *arguments: Any, seconds: float, **named: Any) -> Any:
        call = getattr(self._core, verb)
        timeouts = (self._seconds, seconds)
        try:
            return call(*arguments, _preload_content=False, _request_timeout=timeouts, **named)
        except client.ApiException as error:
            raise _told(error) from None  # its text has all headers
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiAway(f"the Kubernetes API server cannot be reached: {_short(error)}") from error
        except ValueError as error:
            raise ApiRefused(_unfit(error), 422, "Invalid") from None


def _event(event: Mapping[str, Any]) -> Mapping[str, Any]:
    if event["type"] != "ERROR":
        return event
    status = event["object"]
    raise _of_status(status.get("code") or 0, status.get("reason") or "", status.get("message") or "")


def _told(error: Any) -> TradewindException:
    try:
        status = json.loads(error.body)
        reason, message = status.get("reason") or "", status.get("message") or ""
    except (TypeError, ValueError, AttributeError):
        reason, message = "", ""
    return _of_status(error.status or 0, reason, message or str(error.reason or ""))


def _of_status(code: int, reason: str, message: str) -> TradewindException:
    if code == 410:
        return ApiGone(message or "too old")
    if code in {0, 429} or code >= 500:
        return ApiAway(f"the Kubernetes API server cannot do it just now ({code}): {message}")
    if code == 401:
        # The login of the whole installation, which has to be mended, and no fault of one pod
        return ApiAway(
            "the Kubernetes API server refuses the login (401): look at the kube config or the service account"
        )
    if code == 403 and "exceeded quota" in message:
        return ApiAway(f"there is no room for the pod just now: {message}")
    return ApiRefused(message or f"HTTP {code}", code, reason)


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2] or type(error).__name__


def _unfit(error: Exception) -> str:
    """Say where the client's own model does not fit, without the values."""
    found = getattr(error, "errors", None)
    if found is None:
        return f"the Kubernetes client refuses the pod: {error}"
    places = [f"{'.'.join(str(word) for word in each['loc'][1:])}: {each['msg']}" for each in found()]
    return f"the Kubernetes client refuses the pod: {'; '.join(places)}"
