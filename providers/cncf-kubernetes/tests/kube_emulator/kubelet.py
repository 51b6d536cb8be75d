"""A kubelet that runs the first container of each pod as a process of this machine, and does to pods what a test asks for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path

from kube_emulator.store import Refused, now

MARK = "TRADEWIND_KIT_POD"


class Kubelet:
    """Binds the pods of a store to its node and runs them. Used as a context manager.

    Arguments:
        store: of the API server.
        environ: what the image sets.
    """

    def __init__(self, store, environ):
        self.store = store
        self.environ = environ
        self.is_holding = False  # pods stay pending, as where no node has room
        self.is_deaf = False  # pods that are to be deleted go on, as on a node that is cut off
        self.broken_images = {}  # image: why it cannot be pulled or its container made
        self.processes = {}  # uid: process
        self._verdicts = {}  # uid: what to write of a pod whose process is killed
        self._seen = set()
        self._stopping = threading.Event()
        self._threads = []

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        with self.store.changed:
            self.store.changed.notify_all()
        self._thread.join()
        for uid in list(self.processes):
            _kill_all(uid)
        for each in self._threads:
            each.join()

    # --- what tests ask for -------------------------------------------------------------------------------------------

    def release(self):
        """Have what waits begin."""
        self.is_holding = False
        with self.store.changed:
            self.store.changed.notify_all()

    def evict(self, pod, message="The node was low on resource: memory."):
        """End a pod as a kubelet does that runs out of something."""
        self._kill(pod, {"reason": "Evicted", "message": message})

    def out_of_memory(self, pod):
        """Have the kernel kill a pod's container."""
        self._kill(pod, {"oom": True})

    def vanish(self, pod):
        """Remove a pod with its node: the object goes without a last word."""
        self._kill(pod, {"vanish": True})

    def _kill(self, pod, verdict):
        uid = pod["metadata"]["uid"]
        self._verdicts[uid] = verdict
        _kill_all(uid)

    # --- its work -----------------------------------------------------------------------------------------------------

    def _run(self):
        while not self._stopping.is_set():
            with self.store.changed:
                pods = [each for each in self.store.pods.values() if self._wants(each)]
                if not pods:
                    self.store.changed.wait(0.5)
                    continue
            for pod in pods:
                self._begin(pod)

    def _wants(self, pod):
        uid = pod["metadata"]["uid"]
        if "deletionTimestamp" in pod["metadata"]:
            return (uid, "deleting") not in self._seen and not self.is_deaf
        return uid not in self._seen and not self.is_holding

    def _begin(self, pod):
        uid = pod["metadata"]["uid"]
        if "deletionTimestamp" in pod["metadata"]:
            self._seen.add((uid, "deleting"))
            self._end(pod)
            return
        self._seen.add(uid)
        with contextlib.suppress(Refused):  # deleted meanwhile
            self._write(pod, lambda each: each["spec"].update(nodeName="kit"))
            image = pod["spec"]["containers"][0]["image"]
            if image in self.broken_images:
                waiting = {"reason": self.broken_images[image], "message": f'cannot have image "{image}"'}
                self._status(pod, "Pending", {"waiting": waiting})
                return
            self._start(pod)

    def _start(self, pod):
        container = pod["spec"]["containers"][0]
        words = [*container.get("command", ["tradewind"]), *container.get("args", [])]
        given = {each["name"]: each.get("value", "") for each in container.get("env", ())}
        environ = {**self.environ, **given, MARK: pod["metadata"]["uid"]}
        try:
            process = subprocess.Popen(words, env=environ, start_new_session=True)
        except OSError as error:
            self._status(
                pod, "Failed", {"terminated": {"exitCode": 128, "reason": "StartError", "message": str(error)}}
            )
            return
        self.processes[pod["metadata"]["uid"]] = process
        self._status(pod, "Running", {"running": {"startedAt": now()}})
        thread = threading.Thread(target=self._wait, args=(pod, process), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _wait(self, pod, process):
        code = process.wait()
        uid = pod["metadata"]["uid"]
        _kill_all(uid)  # what it left running ends with its container
        self.processes.pop(uid, None)
        if self._stopping.is_set():
            return
        code = 128 - code if code < 0 else code
        verdict = self._verdicts.pop(uid, {})
        reason = "OOMKilled" if "oom" in verdict else "Error" if code else "Completed"
        more = {name: verdict[name] for name in ("reason", "message") if name in verdict}
        with contextlib.suppress(Refused):
            if "vanish" not in verdict:
                terminated = {"terminated": {"exitCode": code, "reason": reason, "finishedAt": now()}}
                self._status(pod, "Failed" if code else "Succeeded", terminated, **more)
            current = self.store.get(pod["metadata"]["namespace"], pod["metadata"]["name"])
            if "vanish" in verdict or "deletionTimestamp" in current["metadata"]:
                self._remove(pod)

    def _end(self, pod):
        process = self.processes.get(pod["metadata"]["uid"])
        if process is None:
            with contextlib.suppress(Refused):
                self._remove(pod)
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        grace = pod["metadata"]["deletionGracePeriodSeconds"]
        killing = threading.Timer(grace, _kill_all, (pod["metadata"]["uid"],))
        killing.daemon = True
        killing.start()

    def _remove(self, pod):
        metadata = pod["metadata"]
        self.store.delete(metadata["namespace"], metadata["name"], grace=0, uid=metadata["uid"])

    def _status(self, pod, phase, state, **more):
        container = pod["spec"]["containers"][0]
        status = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "" if "waiting" in state else f"emulated://{container['image']}",
            "ready": "running" in state,
            "restartCount": 0,
            "state": state,
        }
        self._write(pod, lambda each: each["status"].update({"phase": phase, "containerStatuses": [status], **more}))

    def _write(self, pod, change):
        metadata = pod["metadata"]

        def checked(each):
            if each["metadata"]["uid"] != metadata["uid"]:
                raise Refused(404, "NotFound", "another pod has its name now")
            change(each)

        self.store.update(metadata["namespace"], metadata["name"], checked)


def _kill_all(uid):
    """Kill the processes of a pod, in whichever session they are: they are known by a variable that all inherit."""
    mark = f"{MARK}={uid}".encode()
    while True:
        found = [path.parent for path in Path("/proc").glob("[0-9]*/environ") if mark in _read(path).split(b"\0")]
        if not found:
            return
        for each in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each.name), signal.SIGKILL)


def _read(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""
