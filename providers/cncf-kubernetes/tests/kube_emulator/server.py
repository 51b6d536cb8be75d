"""The API server: HTTP in front of the store."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from kube_emulator.store import Refused, Store, selector

PATH = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/pods(/(?P<name>[^/]+))?(/(?P<part>status))?")


TOKEN = "kube+token/secret"


class ApiServer:
    """Serves a store on a port of this machine. Used as a context manager."""

    def __init__(self):
        self.store = Store()
        self.token = TOKEN
        self.requests = []  # method and path of each
        self.failures = []  # of the next requests: (code, reason, message)
        self._http = None

    def __enter__(self):
        self._http = _Threads(("127.0.0.1", 0), _Handler)
        self._http.api = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.is_over = True
        with self.store.changed:
            self.store.changed.notify_all()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def port(self):
        return self._http.server_port

    def kube_config(self, path, port=None):
        """Write a file as kubectl has it, with a user that logs in by token, and return its path."""
        url = f"http://127.0.0.1:{port or self.port}"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "kit",
                    "clusters": [{"name": "kit", "cluster": {"server": url}}],
                    "users": [{"name": "kit", "user": {"token": self.token}}],
                    "contexts": [{"name": "kit", "context": {"cluster": "kit", "user": "kit", "namespace": "jobs"}}],
                }
            )
        )
        return str(path)


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    is_over = False

    def handle_error(self, *_):
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.answered(self.read)

    def do_POST(self):
        self.answered(self.create)

    def do_PATCH(self):
        self.answered(self.patch)

    def do_DELETE(self):
        self.answered(self.delete)

    def answered(self, verb):
        api = self.server.api
        size = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(size)) if size else {}
        url = urlsplit(self.path)
        self.query = dict(parse_qsl(url.query))
        api.requests.append((self.command, self.path))
        try:
            verb(api.store, **self.admitted(api, url.path))
        except Refused as refused:
            self.say(refused.code, refused.body)

    def admitted(self, api, path):
        """Return the parts of the path, if the request may pass."""
        if api.failures:
            raise Refused(*api.failures.pop(0))
        if self.headers.get("Authorization") != f"Bearer {api.token}":
            raise Refused(401, "Unauthorized", "Unauthorized")
        found = PATH.fullmatch(path)
        if not found:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        return found.groupdict()

    def say(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def read(self, store, namespace, name, part):
        if name is not None:
            self.say(200, store.get(namespace, name))
            return
        chosen = selector(self.query.get("labelSelector", ""), self.query.get("fieldSelector", ""))
        if self.query.get("watch") in {"true", "True", "1"}:
            self.watch(store, namespace, chosen)
            return
        pods, version = store.list(namespace, chosen)
        metadata = {"resourceVersion": str(version)}
        limit, start = int(self.query.get("limit") or 0), int(self.query.get("continue") or 0)
        if limit and len(pods) > start + limit:
            metadata["continue"] = str(start + limit)
        items = pods[start : start + limit] if limit else pods
        self.say(200, {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})

    def watch(self, store, namespace, chosen):
        since = self.query.get("resourceVersion")
        seconds = float(self.query.get("timeoutSeconds") or 1800)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        bookmarks = self.query.get("allowWatchBookmarks") in {"true", "True"}
        with contextlib.suppress(OSError):
            for event in store.watch(namespace, chosen, int(since) if since else None, seconds, bookmarks):
                if self.server.is_over:
                    break
                if event is not None:
                    data = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    def create(self, store, namespace, name, part):
        self.say(201, store.create(namespace, self.body))

    def patch(self, store, namespace, name, part):
        def change(pod):
            for place in ("status",) if part == "status" else ("metadata", "spec"):
                merge(pod.setdefault(place, {}), self.body.get(place, {}))

        self.say(200, store.update(namespace, name, change))

    def delete(self, store, namespace, name, part):
        grace = self.body.get("gracePeriodSeconds", self.query.get("gracePeriodSeconds"))
        uid = (self.body.get("preconditions") or {}).get("uid")
        self.say(200, store.delete(namespace, name, None if grace is None else int(grace), uid))


def merge(target, patch):
    """Merge as RFC 7386 says."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            merge(target.setdefault(key, {}), value)
        else:
            target[key] = value
