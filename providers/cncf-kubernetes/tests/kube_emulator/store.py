"""What the API server keeps: pods of namespaces, and the events of their changes, from which watches read."""

from __future__ import annotations

import copy
import re
import threading
import time
import uuid
from datetime import datetime, timezone

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
QUANTITY = re.compile(r"[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?")


class Refused(Exception):  # noqa: N818 - an answer like others
    """An answer that is no success: a Status object."""

    def __init__(self, code, reason, message, **details):
        super().__init__(message)
        self.code = code
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": code,
        }


def now():
    """The present as the API writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Pods and their history; safe for threads."""

    def __init__(self):
        self.changed = threading.Condition(threading.RLock())
        self.version = 100
        self.namespaces = {"default", "jobs"}
        self.quota = None
        self.pods = {}
        self.events = []
        self.forgotten = 0  # up to this version the events are gone

    # --- verbs --------------------------------------------------------------------------------------------------------

    def create(self, namespace, pod):
        with self.changed:
            self._namespace(namespace)
            pod = copy.deepcopy(pod)
            check(pod)
            metadata = pod["metadata"]
            if metadata.get("namespace", namespace) != namespace:
                raise Refused(
                    400, "BadRequest", "the namespace of the provided object does not match the namespace sent"
                )
            name = metadata["name"]
            if (namespace, name) in self.pods:
                raise Refused(409, "AlreadyExists", f'pods "{name}" already exists', name=name, kind="pods")
            alive = [each for each in self.pods.values() if each["metadata"]["namespace"] == namespace]
            if self.quota is not None and len(alive) >= self.quota:
                message = (
                    f'pods "{name}" is forbidden: exceeded quota: few, requested: pods=1, limited: pods={self.quota}'
                )
                raise Refused(403, "Forbidden", message, name=name, kind="pods")
            metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
            pod.update(apiVersion="v1", kind="Pod", status={"phase": "Pending", "qosClass": "BestEffort"})
            pod["spec"].setdefault("restartPolicy", "Always")
            pod["spec"].setdefault("terminationGracePeriodSeconds", 30)
            return self._record("ADDED", pod, None)

    def get(self, namespace, name):
        with self.changed:
            try:
                return copy.deepcopy(self.pods[namespace, name])
            except KeyError:
                raise Refused(404, "NotFound", f'pods "{name}" not found', name=name, kind="pods") from None

    def list(self, namespace, chosen):
        with self.changed:
            pods = [each for (where, _), each in sorted(self.pods.items()) if where == namespace and chosen(each)]
            return copy.deepcopy(pods), self.version

    def update(self, namespace, name, change):
        """Have a function change a pod in place, with a new version."""
        with self.changed:
            before = self.get(namespace, name)
            pod = copy.deepcopy(before)
            change(pod)
            return self._record("MODIFIED", pod, before)

    def delete(self, namespace, name, grace=None, uid=None):
        with self.changed:
            pod = self.get(namespace, name)
            if uid is not None and pod["metadata"]["uid"] != uid:
                message = (
                    f"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod['metadata']['uid']}"
                )
                raise Refused(409, "Conflict", f'Operation cannot be fulfilled on Pod "{name}": {message}', name=name)
            grace = pod["spec"]["terminationGracePeriodSeconds"] if grace is None else grace
            is_over = pod["status"]["phase"] in {"Succeeded", "Failed"}
            if grace == 0 or is_over or "nodeName" not in pod["spec"]:
                return self._record("DELETED", pod, copy.deepcopy(pod))

            def mark(each):
                each["metadata"].setdefault("deletionTimestamp", now())
                each["metadata"]["deletionGracePeriodSeconds"] = grace

            return self.update(namespace, name, mark)

    # --- watches ------------------------------------------------------------------------------------------------------

    def watch(self, namespace, chosen, since, seconds, bookmarks=False):
        """Yield events after a version, until the time is over; None where nothing has happened for a while."""
        limit = time.monotonic() + seconds
        if since is not None and since < self.forgotten:
            message = f"too old resource version: {since} ({self.forgotten})"
            yield {"type": "ERROR", "object": Refused(410, "Expired", message).body}
            return
        seen = self.version if since is None else since
        while True:
            with self.changed:
                new = [each for each in self.events if each[0] > seen]
                left = limit - time.monotonic()
                if not new and left > 0:
                    self.changed.wait(min(left, 0.5))
                    new = [each for each in self.events if each[0] > seen]
            for version, kind, pod, before in new:
                seen = version
                event = shown(kind, pod, before, namespace, chosen)
                if event is not None:
                    yield event
            if left <= 0:
                if bookmarks:
                    yield {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": str(seen)}}}
                return
            if not new:
                yield None

    def forget(self):
        """Drop the history, as etcd does after some minutes: who watches from before has to list again."""
        with self.changed:
            self.events.clear()
            self.forgotten = self.version + 1
            self.version += 2

    # --- within -------------------------------------------------------------------------------------------------------

    def _namespace(self, namespace):
        if namespace not in self.namespaces:
            raise Refused(404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")

    def _record(self, kind, pod, before):
        self.version += 1
        metadata = pod["metadata"]
        metadata["resourceVersion"] = str(self.version)
        key = metadata["namespace"], metadata["name"]
        if kind == "DELETED":
            self.pods.pop(key)
        else:
            self.pods[key] = pod
        self.events.append((self.version, kind, copy.deepcopy(pod), before))
        self.changed.notify_all()
        return copy.deepcopy(pod)


def shown(kind, pod, before, namespace, chosen):
    """Return an event as a watcher with selectors sees it: what fits no more is deleted for it."""
    if pod["metadata"]["namespace"] != namespace:
        return None
    fits, fitted = chosen(pod), before is not None and chosen(before)
    if kind == "MODIFIED" and fits != fitted:
        kind = "ADDED" if fits else "DELETED"
    return {"type": kind, "object": pod} if fits or fitted else None


def selector(labels="", fields=""):
    """Return what tells whether a pod fits selectors: `a=b,c!=d` of labels, and of the phase and the name."""
    wanted = [(each, "labels") for each in filter(None, labels.split(","))]
    wanted += [(each, "fields") for each in filter(None, fields.split(","))]

    def chosen(pod):
        return all(_fits(pod, each, where) for each, where in wanted)

    return chosen


def _fits(pod, term, where):
    is_not = "!=" in term
    name, _, value = term.replace("!=", "=").replace("==", "=").partition("=")
    if where == "labels":
        found = pod["metadata"].get("labels", {}).get(name)
    elif name in {"status.phase", "metadata.name", "spec.nodeName"}:
        part, _, leaf = name.partition(".")
        found = pod[part].get(leaf, "")
    else:
        raise Refused(400, "BadRequest", f'field label not supported: "{name}"')
    return (found == value) != is_not


def check(pod):
    """Refuse a pod that a real server would: a message for each field."""
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    name = metadata.get("name", "")
    wrong = []
    if not NAME.fullmatch(name) or len(name) > 253:
        wrong.append(
            f'metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case'
        )
    for value in (metadata.get("labels") or {}).values():
        if not LABEL.fullmatch(value) or len(value) > 63:
            wrong.append(
                f'metadata.labels: Invalid value: "{value}": a valid label must be an empty string or consist of'
            )
    if not spec.get("containers"):
        wrong.append("spec.containers: Required value")
    if spec.get("restartPolicy", "Always") not in {"Always", "OnFailure", "Never"}:
        wrong.append(f'spec.restartPolicy: Unsupported value: "{spec["restartPolicy"]}"')
    wrong += wrong_containers(spec.get("containers") or ())
    if wrong:
        message = f'Pod "{name}" is invalid: {wrong[0] if len(wrong) == 1 else "[" + ", ".join(wrong) + "]"}'
        raise Refused(422, "Invalid", message, name=name, kind="Pod")


def wrong_containers(containers):
    """Yield what is wrong with containers; an amount that is none is no pod at all."""
    names = set()
    for number, each in enumerate(containers):
        place = f"spec.containers[{number}]"
        if not each.get("name"):
            yield f"{place}.name: Required value"
        if each.get("name") in names:
            yield f'{place}.name: Duplicate value: "{each["name"]}"'
        names.add(each.get("name"))
        if not each.get("image"):
            yield f"{place}.image: Required value"
        for amount in [value for values in (each.get("resources") or {}).values() for value in values.values()]:
            if not QUANTITY.fullmatch(str(amount)):
                message = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                raise Refused(400, "BadRequest", f'Pod in version "v1" cannot be handled as a Pod: {message}')
