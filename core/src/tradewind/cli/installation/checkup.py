"""The checks of `tradewind doctor`: each finds out one thing and says what mends it. Nothing is changed."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, distribution

import sqlalchemy as sa
from packaging.requirements import Requirement
from packaging.version import Version
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.cli.expected import describe
from tradewind.cli.shared.session import Session, open_session
from tradewind.config import Config, ConfigError, load
from tradewind.config.load import AIRFLOWS
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.statements import connections, listings, variables
from tradewind.operations.installation import provider_distributions
from tradewind.plugins.current import registry
from tradewind.plugins.discovery import CONTRACT
from tradewind.plugins.named_xcoms import open_xcom_storages

FINE, WARNING, PROBLEM = "fine", "warning", "problem"
LITTLE_SPACE = 1024**3  # bytes
MOST_SKEW = 1.0  # seconds
FEW_DESCRIPTORS = 1024
AIRFLOWS_OWN = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "AIRFLOW_HOME")
_REFUSED = f" is left out: it needs {CONTRACT}"
DAEMONS = {"scheduler": "tradewind scheduler", "processor": "tradewind dag-processor"}


@dataclass(frozen=True)
class Finding:
    """What one check found: `verdict` is fine, warning or problem; `way_out` is what to do, empty where all is well."""

    check: str
    verdict: str
    what: str
    way_out: str = ""


def checkup() -> Iterator[Finding]:
    """Yield what each check finds; what cannot be checked, as something before it is broken, is left out."""
    yield _platform()
    try:
        config = load().config  # first, as it says which plugins there are
    except ConfigError as error:
        yield Finding("configuration", PROBLEM, str(error), "correct the file or the variable that it names")
        return
    yield from _environment()
    yield from _providers()
    yield Finding("configuration", FINE, f"read; TRADEWIND_HOME is {config.home}")
    yield _home(config)
    yield _dags_folder(config)
    yield _descriptors(config)
    yield _xcom_storages(config)
    yield from _database(config)


def _platform() -> Finding:
    system = platform.system()
    what = f"{system}, Python {platform.python_version()}"
    if system == "Linux":
        return Finding("platform", FINE, what)
    if system == "Darwin":
        way = "nothing: each task imports its DAG file itself, which takes longer to start than on Linux"
        return Finding("platform", WARNING, what, way)
    return Finding("platform", PROBLEM, what, "run Tradewind on Linux; on Windows that is inside WSL 2")


def _environment() -> Iterator[Finding]:
    names = sorted(name for name in os.environ if name.startswith(AIRFLOWS_OWN))
    if "environment.airflow" in registry().names("secrets backend"):  # then only what is a key of ours is not read
        ours = {f"AIRFLOW__{key.upper().replace('.', '__')}" for key in AIRFLOWS}
        names = [name for name in names if name in ours]
    if names:
        way = (
            "write TRADEWIND_CONN_…, TRADEWIND_VAR_… and TRADEWIND__SECTION__KEY, or install tradewind-airflow-names; "
            "unset them if they are of another program"
        )
        yield Finding("environment", WARNING, f"set for Airflow and not read here: {', '.join(names)}", way)


def _providers() -> Iterator[Finding]:
    for problem in registry().problems:
        if _REFUSED not in problem:  # told below, with what else is missing
            yield Finding("plugins", PROBLEM, problem, "mend or uninstall that distribution")
    for name, version, _summary in provider_distributions():
        missing = ", ".join(_unmet(name))
        if missing:
            yield Finding("provider", PROBLEM, f"{name} {version} needs {missing}", f"pip install --upgrade {name}")
        else:
            yield Finding("provider", FINE, f"{name} {version}")


def _unmet(name: str) -> Iterator[str]:
    """Yield the requirements of a distribution that what is installed does not meet."""
    for text in distribution(name).requires or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = Version(distribution(wanted.name).version)
        except PackageNotFoundError:
            yield f"{wanted} (not installed)"
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield f"{wanted} (installed: {found})"


def _home(config: Config) -> Finding:
    try:
        config.home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=config.home):
            free = shutil.disk_usage(config.home).free
    except OSError as error:
        way = "set TRADEWIND_HOME to a folder that can be written to"
        return Finding("home", PROBLEM, f"{config.home} cannot be written to: {error.strerror}", way)
    text = f"{config.home} has {free // 1024**2} MiB free"
    if free < LITTLE_SPACE:
        return Finding("home", WARNING, text, "make room: logs and the versions' files are kept there")
    return Finding("home", FINE, text)


def _dags_folder(config: Config) -> Finding:
    folder = config.dags.folder
    if not folder.is_dir():
        way = f"mkdir -p {folder}, or set dags.folder"
        return Finding("dags folder", WARNING, f"{folder} is not there", way)
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding("dags folder", PROBLEM, f"{folder} cannot be read", "give this user the right to read it")
    count = sum(1 for _ in folder.rglob("*.py"))
    return Finding("dags folder", FINE, f"{folder} has {count} Python files")


def _descriptors(config: Config) -> Finding:
    # Not on Windows, where no other check is worth anything either
    import resource  # noqa: PLC0415

    most, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 256 + 4 * config.executor.slots
    text = f"{most} open files are allowed, {config.executor.slots} slots need about {needed}"
    if most != resource.RLIM_INFINITY and most < needed:
        return Finding("limits", PROBLEM, text, f"ulimit -n {max(needed, FEW_DESCRIPTORS)}, or lower executor.slots")
    return Finding("limits", FINE, text)


def _xcom_storages(config: Config) -> Finding:
    try:
        storages = open_xcom_storages(config).open_all()
    except TradewindConfigException as error:
        way = "correct plugins.xcom_storage, xcom_location, xcom_storages or xcom_rules: `tradewind config list` shows them"
        return Finding("xcom storages", PROBLEM, str(error), way)
    return Finding("xcom storages", FINE, ", ".join(storages.names))


def _database(config: Config) -> Iterator[Finding]:
    try:
        with open_session() as session:
            for check in _IN_DATABASE:
                yield check(session)
    except Exception as error:
        told = describe(error)
        what = told.sentence if told is not None else str(error)
        if not what:
            raise
        yield Finding("database", PROBLEM, what, "the sentence says it; database.url leads there")


def _reachable(session: Session) -> Finding:
    begun = datetime.now(timezone.utc)
    with session.database.read() as connection:
        connection.execute(sa.select(sa.literal(1)))
    took = (datetime.now(timezone.utc) - begun).total_seconds()
    where = session.database.url.render_as_string(hide_password=True)
    text = f"{where} answers in {took * 1000:.0f} ms, its schema is this release's"
    if session.database.dialect == "sqlite":
        way = "fine on one machine; several machines share PostgreSQL or MariaDB"
        return Finding("database", FINE, text, way)
    return Finding("database", FINE, text)


def _clocks(session: Session) -> Finding:
    with session.database.read() as connection:
        theirs = connection.execute(sa.select(SystemClock().sql_now().label("now"))).scalar_one()
    skew = abs((datetime.now(timezone.utc) - theirs).total_seconds())
    text = f"this machine's clock and the database's differ by {skew:.3f} s"
    if skew > MOST_SKEW:
        return Finding("clocks", WARNING, text, "run NTP on both: dates in lists and logs would not fit together")
    return Finding("clocks", FINE, text)


def _keys(session: Session) -> Finding:
    try:
        with session.database.read() as connection:
            names = [key for key, _ in variables.list_variables(connection)]
            for key in names:
                variables.get_variable(connection, key, cipher=session.cipher)
            count = len(connections.list_connections(connection, cipher=session.cipher)) + len(names)
    except Exception as error:
        told = describe(error)
        if told is None:
            raise
        return Finding("fernet key", PROBLEM, told.sentence, "bring the old key back")
    return Finding("fernet key", FINE, f"{count} connections and variables can be decrypted")


def _dag_files(session: Session) -> Finding:
    with session.database.read() as connection:
        files = listings.list_files(connection)
        aside = [each.dag_id for each in listings.list_dags(connection) if each.quarantine]
    broken = [each.path for each in files if each.error]
    warned = [each.path for each in files if each.warnings]
    if broken:
        text = f"{len(broken)} of {len(files)} files could not be imported: {', '.join(broken)}"
        return Finding("dag files", PROBLEM, text, "tradewind dags list-import-errors")
    if aside:
        return Finding(
            "dag files", PROBLEM, f"set aside by the scheduler: {', '.join(aside)}", "tradewind dags details"
        )
    if warned:
        return Finding("dag files", WARNING, f"warnings on {', '.join(warned)}", "tradewind dags report")
    return Finding("dag files", FINE, f"{len(files)} files were imported")


def _daemons(session: Session) -> Finding:
    now = datetime.now(timezone.utc)
    with session.database.read() as connection:
        latest = listings.latest_daemons(connection)
    lacking = [kind for kind in DAEMONS if kind not in latest or not latest[kind].is_live(now)]
    if lacking:
        ways = " and ".join(DAEMONS[kind] for kind in lacking)
        return Finding("daemons", WARNING, f"not running: {', '.join(lacking)}", f"{ways}, or tradewind standalone")
    return Finding("daemons", FINE, f"running: {', '.join(sorted(latest))}")


_IN_DATABASE: tuple[Callable[[Session], Finding], ...] = (_reachable, _clocks, _keys, _dag_files, _daemons)
