"""The execution API as a Flask blueprint: who calls is checked first, then what is brought; every refusal is a problem+json.

Its calls bypass the web server's login: they carry tokens of their own.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from tradewind.api.execution import schemas
from tradewind.api.execution.calls import Calls
from tradewind.api.execution.document import document
from tradewind.api.execution.hosts import Hosts
from tradewind.api.execution.problems import Problem
from tradewind.api.execution.routes import ROUTES, Route
from tradewind.api.execution.waiting import LONGEST_WAIT, WaitingRoom
from tradewind.api.schemas.common import shared
from tradewind.config import Config
from tradewind.execution.direct_lifecycle import reaching
from tradewind.execution.http.tokens import Keys, Pass, TokenError
from tradewind.execution.http.wire import BYTES, JSON, PREFIX, VERSION
from tradewind.execution.lifecycle import Unreachable
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import sources
from tradewind.metadata.wakeups import Wakeups, open_wakeups
from tradewind.plugins.named_xcoms import UnknownStorageError

log = logging.getLogger(__name__)

NAME = "execution"
ROOT = "/execution"
V = PREFIX.removeprefix(ROOT)
MIB = 1 << 20
CHUNK = 1 << 20
LONGEST_SAID = 200


class ExecutionApi:
    """The execution API of one web server.

    Arguments:
        config: of the installation.
        database: the metadata database.
    """

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database
        self._clock = SystemClock()
        self._keys: Keys | None = None
        self._waiting: WaitingRoom | None = None
        if config.execution_api.secret:
            self._keys = Keys(config.execution_api.secret)
            self._waiting = WaitingRoom(config.execution_api.waiting, self._listen)
            self._hosts = Hosts(
                config, database, self._keys, clock=self._clock, wakeups=open_wakeups(database, config.home)
            )
            self._calls = Calls(self._hosts, self._keys)
        self.blueprint = self._blueprint()

    def _listen(self, channel: str) -> Wakeups:
        url = self._config.database.listen_url
        return open_wakeups(self._database, self._config.home, listen=[channel], listen_url=url)

    def close(self) -> None:
        """Let waiting workers go, so that the server can end."""
        if self._waiting is not None:
            self._waiting.close()
            self._hosts.close()

    # --- routing ------------------------------------------------------------------------------------------------------

    def _blueprint(self) -> Blueprint:
        made = Blueprint(NAME, __name__, url_prefix=ROOT)
        for route in ROUTES:
            name = route.path.replace("/", "_")
            made.add_url_rule(f"{V}/workers/<worker>/{route.path}", name, self._view(route), methods=["POST"])
        put = f"{V}/workers/<worker>/tries/<int:instance>/<int:token>/values"
        for path, name, view, method in (
            (f"{V}/workers/<worker>/wait", "wait", self._wait, "GET"),
            (f"{V}/workers/<worker>/sources/<source_hash>", "source", self._source, "GET"),
            (f"{V}/workers/<worker>/values", "value", self._value, "GET"),
            (put, "store", self._store, "PUT"),
            (f"{V}/tries/<int:instance>/<int:token>/answer", "answer", self._answer, "POST"),
            (f"{V}/callbacks/<int:callback>/<int:token>/answer", "answer_callback", self._answer_callback, "POST"),
            (f"{V}/openapi.json", "document", self._document, "GET"),
        ):
            made.add_url_rule(path, name, view, methods=[method])
        made.add_url_rule("/<path:path>", "unknown", unknown_call, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        made.register_error_handler(Exception, refused)
        made.after_request(_signed)
        return made

    def _view(self, route: Route) -> Callable[[str], Response]:
        def view(worker: str) -> Response:
            self._authenticate(worker)
            data = loaded(route.body, self._body())
            return answered(route.work(self._calls, worker, data))

        return view

    def _document(self) -> Response:
        return answered(document())

    # --- who calls ----------------------------------------------------------------------------------------------------

    def _key_ring(self) -> Keys:
        if self._keys is None:
            raise Problem(
                403,
                "off",
                "This web server serves no workers: set execution_api.secret, to the same on web servers and workers.",
            )
        return self._keys

    def _authenticate(self, worker: str) -> None:
        """Refuse who is not this worker."""
        keys = self._key_ring()
        try:
            caller = keys.worker_of(_bearer(), self._now())
        except TokenError as error:
            raise Problem(401, error.code, str(error)) from error
        if caller != worker:
            raise Problem(403, "other-worker", "The credential is another worker's.")

    def _pass(self) -> Pass:
        keys = self._key_ring()
        try:
            return keys.read_pass(_bearer(), self._now())
        except TokenError as error:
            raise Problem(401, error.code, str(error)) from error

    def _now(self) -> float:
        return self._clock.now().timestamp()

    # --- what is brought ----------------------------------------------------------------------------------------------

    def _body(self) -> Any:
        most = self._config.execution_api.max_body * MIB
        if (request.content_length or 0) > most:
            raise Problem(413, "too-large", f"The body has more than {most} bytes ([execution_api] max_body).")
        if request.mimetype != JSON:
            raise Problem(400, "invalid", f"The body must be {JSON}.")
        try:
            return json.loads(request.get_data(cache=False), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Problem(400, "invalid", "The body is not JSON.") from error

    # --- what a task asks ---------------------------------------------------------------------------------------------

    def _answer(self, instance: int, token: int) -> Response:
        who = self._pass()
        if who.callback is not None or (who.instance, who.token) != (instance, token):
            raise Problem(403, "other-try", "The pass is another try's.")
        return self._answered(who)

    def _answer_callback(self, callback: int, token: int) -> Response:
        who = self._pass()
        if who.callback != (callback, token):
            raise Problem(403, "other-try", "The pass is another callback's, or a try's.")
        return self._answered(who)

    def _answered(self, who: Pass) -> Response:
        return answered(self._calls.answer(who, loaded(schemas.AskSchema, self._body())))

    # --- bytes --------------------------------------------------------------------------------------------------------

    def _source(self, worker: str, source_hash: str) -> Response:
        self._authenticate(worker)
        with reaching(), self._database.read() as conn:
            found = sources.read_blobs(conn, [source_hash[:64]]).get(source_hash)
        if found is None:
            raise Problem(404, "no-such-source", "There are no sources of this hash; parse the DAG file again.")
        return Response(found, mimetype=BYTES)

    def _store(self, worker: str, instance: int, token: int) -> Response:
        self._authenticate(worker)
        key = request.args.get("key", "")
        most = self._config.execution_api.max_value * MIB
        if (request.content_length or 0) > most:
            raise Problem(413, "too-large", f"The value has more than {most} bytes ([execution_api] max_value).")
        if max(instance, token) > schemas.LARGEST_ID or len(key) > 512:
            raise Problem(400, "invalid", "There can be no such try, or no such key.")
        self._calls.require_running(worker, instance, token)
        with tempfile.TemporaryDirectory(prefix="tradewind-value-") as folder:
            path = Path(folder) / "value"
            with path.open("wb") as file:
                while chunk := request.stream.read(CHUNK):
                    file.write(chunk)
            if request.content_length is not None and path.stat().st_size != request.content_length:
                raise Problem(400, "invalid", "The value broke off.")
            wanted = request.args.get("storage")
            return answered({"handle": self._hosts.shelf.keep(key, path, instance, token, wanted)})

    def _value(self, worker: str) -> Response:
        self._authenticate(worker)
        folder = tempfile.TemporaryDirectory(prefix="tradewind-value-")
        path = Path(folder.name) / "value"
        try:
            self._hosts.shelf.read(request.args.get("handle", ""), path)
            file = path.open("rb")
        except TokenError as error:
            folder.cleanup()
            raise Problem(403, error.code, str(error)) from error
        except KeyError as error:
            folder.cleanup()
            raise Problem(404, "no-such-value", "The XCom is no more in the storage.") from error
        except UnknownStorageError as error:
            folder.cleanup()
            raise Problem(422, "no-such-storage", f"The XCom cannot be read: {error}.") from error
        size = path.stat().st_size
        folder.cleanup()  # the open file stays until it is closed
        response = Response(iter(lambda: file.read(CHUNK), b""), mimetype=BYTES)
        response.headers["Content-Length"] = str(size)
        response.call_on_close(file.close)
        return response

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _wait(self, worker: str) -> Response:
        self._authenticate(worker)
        if self._waiting is None:
            raise Problem(403, "off", "This web server serves no workers.")
        executor = request.args.get("executor", "")
        try:
            seconds = min(LONGEST_WAIT, max(0.0, float(request.args.get("seconds", ""))))
        except ValueError as error:
            raise Problem(
                400, "invalid", "seconds: Not a valid number.", {"seconds": ["Not a valid number."]}
            ) from error
        found = self._waiting.wait(executor[:200], request.args.get("mark", ""), seconds)
        return answered({"mark": found.mark, "is_woken": found.is_woken, "has_room": found.has_room})


def _bearer() -> str:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise Problem(401, "unauthorized", "The call needs a token: Authorization: Bearer ….")
    return str(given.token)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def loaded(schema: type[Schema], found: Any) -> Mapping[str, Any]:
    """Return what a schema makes of a body.

    Raises:
        Problem: 400, naming the fields.
    """
    try:
        data: Mapping[str, Any] = shared(schema).load(found)
    except (ValidationError, RecursionError) as error:
        errors = flat(error.messages) if isinstance(error, ValidationError) else {"": ["Too deep."]}
        name, sentences = next(iter(errors.items()))
        where = f"{name}: " if name and name != "_schema" else ""
        raise Problem(400, "invalid", f"{where}{sentences[0]}", errors) from error
    return data


def flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Return sentences by path, such as `outcomes.0.state`."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for name, below in messages.items():
            found.update(flat(below, f"{path}.{name}" if path else str(name)))
        return found
    sentences = [str(each) for each in messages] if isinstance(messages, list) else [str(messages)]
    return {path: sentences}


def answered(found: Mapping[str, Any]) -> Response:
    """Return an answer."""
    return Response(json.dumps(found, separators=(",", ":")), mimetype=JSON)


def _signed(response: Response) -> Response:
    """Say that it is the execution API that answers, and not a proxy before it."""
    response.headers["Tradewind-Execution"] = str(VERSION)
    return response


def refused(error: Exception) -> Response:
    """Return the answer to a call that was not done: never a 500, and nothing of what was brought."""
    match error:
        case Problem():
            problem = error
        case HTTPException():
            problem = Problem(error.code or 400, "invalid", str(error.description or error.name))
        case Unreachable():
            log.warning("a worker's call could not be done: %s", error)
            problem = Problem(503, "unreachable", "The metadata database cannot be reached at this moment.")
        case DBAPIError():
            log.warning("the database refuses a worker's call: %s", _said(error))
            problem = Problem(422, "refused", f"The database refuses it: {type(error.orig).__name__}.")
        case _:
            log.error("a worker's call failed", exc_info=error)
            problem = Problem(
                422, "refused", f"It could not be done: {type(error).__name__}; the server's log says more."
            )
    return problem.response()


def _said(error: DBAPIError) -> str:
    """Return the first line of what the database said, without the statement: its parameters may be secrets."""
    return str(error.orig).partition("\n")[0][:LONGEST_SAID]


def unknown_call(path: str) -> Response:
    """Refuse a path that is none of this version's."""
    asked = path.partition("/")[0]
    if f"{ROOT}/{asked}" == PREFIX:
        raise Problem(404, "no-such-call", "The execution API has no such call.")
    raise Problem(
        426,
        "unknown-version",
        f"This server speaks version {VERSION} of the execution API ({PREFIX}), and {asked[:20]!r} was asked for: upgrade "
        "whichever of worker and server is older.",
    )


def make_execution_api(config: Config, database: Database) -> ExecutionApi:
    """Return the execution API, whose `blueprint` is to be mounted.

    Raises:
        ConfigError: the secret is too short to be one; the message is a sentence.
    """
    return ExecutionApi(config, database)
