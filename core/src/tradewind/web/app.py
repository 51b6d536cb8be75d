"""The Flask application: the probes for everybody, everything else for who logs in."""

from __future__ import annotations

from flask import Flask, Response, abort, render_template, request
from sqlalchemy.exc import DBAPIError

from tradewind.access.passwords import Administrator
from tradewind.config import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings
from tradewind.web.health import health_report, readiness_report

OPEN_ENDPOINTS = frozenset({"health", "livez", "readyz"})
RUNS_SHOWN = 50
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
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
    administrator = Administrator(config.home)

    @app.before_request
    def authenticate() -> Response | None:
        if request.endpoint in OPEN_ENDPOINTS:
            return None
        given = request.authorization
        if given is not None and given.type == "basic" and administrator.accepts(given.username, given.password):
            return None
        text = "Log in as admin, with the password that the web server printed when it first started.\n"
        return Response(
            text, 401, {"WWW-Authenticate": 'Basic realm="Tradewind", charset="UTF-8"'}, mimetype="text/plain"
        )

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

    @app.get("/")
    def front_page() -> str:
        with database.read() as connection:
            return render_template(
                "front.html",
                dags=listings.list_dags(connection),
                counts=listings.run_counts(connection),
                runs=listings.list_runs(connection, limit=RUNS_SHOWN),
                errors=listings.list_import_errors(connection),
            )

    @app.get("/dags/<dag_id>/runs/<path:run_id>")
    def run_page(dag_id: str, run_id: str) -> str:
        with database.read() as connection:
            runs = listings.list_runs(connection, dag_id=dag_id, run_id=run_id)
            if not runs:
                abort(404, f"There is no run {run_id!r} of a DAG {dag_id!r}.")
            return render_template("run.html", run=runs[0], tasks=listings.list_tasks(connection, runs[0].id))

    @app.errorhandler(DBAPIError)
    def database_error(_error: DBAPIError) -> tuple[str, int]:
        return "The metadata database does not answer at this moment; see /health.\n", 503

    app.jinja_env.filters["seconds"] = lambda instant: instant.isoformat(" ", "seconds") if instant else ""
    return app
