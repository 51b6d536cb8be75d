"""The Flask application: the probes for everybody, everything else for who logs in."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Flask, Request, Response, g, redirect, request
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response as AnyResponse

from tradewind.access.actors import Actor
from tradewind.access.authentication import AuthenticationError, Authenticator
from tradewind.access.authorization import DeniedError
from tradewind.access.fab.install import install_access
from tradewind.api import blueprint as api
from tradewind.api import problems
from tradewind.api.execution.blueprint import NAME as EXECUTION
from tradewind.api.execution.blueprint import make_execution_api
from tradewind.api.late_rules import LateRule
from tradewind.api.problems import ProblemError
from tradewind.config import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Tools
from tradewind.web.forwarding import believing
from tradewind.web.health import health_report, readiness_report
from tradewind.web.pages import FEEDS, PAGES
from tradewind.web.pages.blueprint import make_pages

OPEN_ENDPOINTS = frozenset({"health", "livez", "readyz", "static"})
GUARDED_BY_THEMSELVES = frozenset({"api", EXECUTION})
"""Blueprints that find out by themselves who sends a request, and answer in their own words."""
WHO = "Log in with a name and a password, or with an API token."
CHALLENGE = 'Basic realm="Tradewind", charset="UTF-8"'
CHALLENGE_OF_SCRIPTS = 'Bearer realm="Tradewind"'
"""What scripts of pages are told: at the other one a browser would put a box of its own over the page."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(config: Config, database: Database) -> Flask:
    """Return the WSGI application.

    Arguments:
        config: where the administrator's password hash and the logs are.
        database: the metadata database; only read.
    """
    app = Flask(__name__)
    app.url_rule_class = LateRule
    clock = SystemClock()
    authenticator = install_access(app, config, database, clock=clock)
    _guard(app, authenticator)
    tools = Tools(
        config, database, clock, open_wakeups(database, config.home), password_rule=authenticator.ways.password_rule
    )
    app.register_blueprint(api.make_blueprint(tools, partial(_who_asks, authenticator)))
    app.extensions[EXECUTION] = execution = make_execution_api(config, database)
    app.register_blueprint(execution.blueprint)
    app.register_blueprint(make_pages(tools, authenticator.csrf_token, PAGES, FEEDS))
    problems.install(app)
    app.wsgi_app = believing(app.wsgi_app, authenticator.proxies)  # type: ignore[method-assign, assignment]  # Flask's way

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.get("/health")
    def health() -> tuple[dict[str, object], int]:
        report = health_report(database, clock=SystemClock())
        return report, 200 if report["metadatabase"] == {"status": "healthy"} else 503

    @app.get("/livez")
    def livez() -> dict[str, object]:
        return {"status": "healthy"}  # that it answers is what it says: no database is asked

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, object], int]:
        is_ready, report = readiness_report(database, clock=SystemClock())
        return report, 200 if is_ready else 503

    @app.errorhandler(DBAPIError)
    def database_error(_error: DBAPIError) -> tuple[str, int]:
        return "The metadata database does not answer at this moment; see /health.\n", 503

    return app


def _who_asks(authenticator: Authenticator, asked: Request) -> Actor:
    """Return who sends a request to the API; raises a problem where nobody does."""
    try:
        actor = authenticator.authenticate(asked)
    except AuthenticationError as error:
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        raise ProblemError(HTTPStatus(error.status), str(error), headers=headers | _challenge(error.status)) from error
    if actor is None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, WHO, headers=_challenge(HTTPStatus.UNAUTHORIZED))
    return actor


def _challenge(status: int) -> dict[str, str]:
    if status != HTTPStatus.UNAUTHORIZED:
        return {}
    return {"WWW-Authenticate": CHALLENGE_OF_SCRIPTS if "X-Requested-With" in request.headers else CHALLENGE}


def _guard(app: Flask, authenticator: Authenticator) -> None:
    """Have every request be somebody's, but for those that everybody may send."""
    login_pages = f"{app.extensions['appbuilder'].sm.auth_view.endpoint}."

    @app.before_request
    def authenticate() -> AnyResponse | None:
        endpoint = request.endpoint or ""
        if endpoint in OPEN_ENDPOINTS or request.blueprint in GUARDED_BY_THEMSELVES or endpoint.startswith(login_pages):
            return None
        try:
            actor = authenticator.authenticate(request)
        except AuthenticationError as error:
            return _refusal(str(error), error)
        if actor is not None:
            g.actor = actor
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            wanted = request.script_root + request.full_path.rstrip("?")
            return redirect(f"{request.script_root}/login/?{urlencode({'next': wanted})}")
        return _refusal(WHO)

    @app.errorhandler(DeniedError)
    def denied(error: DeniedError) -> AnyResponse:
        return Response(f"{error}\n", 403, mimetype="text/plain")


def _refusal(text: str, error: AuthenticationError | None = None) -> Response:
    response = Response(f"{text}\n", error.status if error else 401, mimetype="text/plain")
    response.headers.update(_challenge(response.status_code))
    if error is not None and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
