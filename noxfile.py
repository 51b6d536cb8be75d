"""The front door of development: `nox -l` says what there is, `nox` runs what CI runs.

Sessions install this repository's distributions editable. uv makes that faster where it is installed; pip does it as well.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox
from nox.command import CommandFailed

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
from distributions.found import distributions, groups_of, kit_folders, lowered_folders, provider_folders, required_name

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "tests", "simulation", "backport", "contract", "build"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
TOOLING = {"PYTHONPATH": str(ROOT / "scripts")}
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# python-ldap is compiled, which needs what scripts/install_services brings; without it, what logs in by LDAP is not tested
EXTRAS = "postgres,mysql,orjson,oauth" + (",ldap" if Path("/usr/include/ldap.h").exists() else "")
PROVIDERS, KIT = provider_folders(), kit_folders()
OURS = distributions()
DISTRIBUTIONS = ("plugins-api", *KIT, *PROVIDERS, f"core[{EXTRAS}]", "backport/builder")
BUILT = (
    "plugins-api",
    *KIT,
    "core",
    *PROVIDERS,
    "backport/airflow-names",
    "backport/airflow-stubs",
    "backport/builder",
)
TYPED = ("plugins-api", *KIT, "core", *PROVIDERS, "backport/builder", "backport/airflow-names")


def wanted_of(*groups: str) -> list[str]:
    """Return what dependency groups need: those of the root pyproject, and the providers' own of the same name.

    Our own distributions are left out: they are installed editable, and pip would ask an index for them besides.
    """
    own = [package for group in groups if group in PYPROJECT["dependency-groups"] for package in _of_root(group)]
    providers = [package for group in groups for package in groups_of(PROVIDERS, group)]
    return own + [package for package in providers if required_name(package) not in OURS]


def _of_root(group: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, group)


def install(session: nox.Session, *groups: str) -> None:
    """Install the distributions editable, and dependency groups of the root pyproject and the providers."""
    packages = [word for name in DISTRIBUTIONS for word in ("-e", f"./{name}")]
    session.install(*packages, *wanted_of(*groups))


def airflow_environment(session: nox.Session, folder: Path, *groups: str, version: str = "2.11") -> str:
    """Make an environment with Apache Airflow, a clock that can be set and dependency groups; return its interpreter."""
    python = str(folder / "bin" / "python")
    session.run("python", "-m", "venv", "--clear", str(folder))
    pip = ("uv", "pip", "install", "-q", "-p", python) if shutil.which("uv") else (python, "-m", "pip", "install", "-q")
    wanted = [package for group in groups for package in nox.project.dependency_groups(PYPROJECT, group)]
    session.run(*pip, f"apache-airflow=={version}.*", "time-machine", *wanted, external=True)
    return python


def build_wheels(session: nox.Session, out: Path | str, *folders: str) -> None:
    """Build wheels, all with the session's hatchling: with sixty, an environment for each would take minutes."""
    session.install("build", "hatchling>=1.25")
    for folder in folders:
        session.run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), folder, silent=True)


@nox.session(allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Style (ruff), import layers and the dependency rule (import-linter), and the dialect of what is lowered to 3.6."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    lowered = [f"{folder}/src" for folder in ("plugins-api", *lowered_folders())]
    session.run("python", "-m", "tradewind_backport_builder", "check", *lowered)


@nox.session(allow_parallel=True)
def types(session: nox.Session) -> None:
    """mypy, strict; and on a DAG file that imports airflow, against the stubs."""
    install(session, "types")
    environment = {"MYPY_NUM_WORKERS": str(os.cpu_count() or 1)}
    session.run("mypy", *(f"{folder}/src" for folder in TYPED), env=environment)
    session.run("python", "backport/airflow-stubs/check.py", env=environment)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests on SQLite, a real PostgreSQL and a real MariaDB, in random order. Arguments go to pytest.

    Where TRADEWIND_GREEN names the last commit that was green, only providers that changed since then are tested on their
    services; conftest.py has the plugin that leaves out the others. Up to three that fail are run once more, alone, and named.
    """
    install(session, "tests", "fork-safety")
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    try:
        session.run("pytest", "-n", "4", "-m", "not quarantined")
    except CommandFailed:
        session.run("python", "scripts/once_more.py")


@nox.session(default=False)
def quarantine(session: nox.Session) -> None:
    """The tests that are known to be unreliable; none is a success."""
    install(session, "tests")
    session.run("pytest", "-m", "quarantined", *session.posargs, success_codes=[0, 5])


@nox.session
def simulation(session: nox.Session) -> None:
    """Seeded simulation of schedulers, workers and crashes: `nox -s simulation -- --seeds 10000`. Half is on PostgreSQL."""
    install(session, "tests")
    session.run("python", "tests/simulation/run.py", *(session.posargs or ("--seeds", "160", "--require-faults")))


@nox.session(default=False)
def model(session: nox.Session) -> None:
    """Drawn runs against the model in plain Python: 20,000, where the tests draw 1,000."""
    install(session, "tests")
    cases = [f"core/tests/transitions/{name}.py" for name in ("test_model", "test_model_of_runs")]
    session.run("pytest", "-q", "-n", "0", *cases, *session.posargs, env={"TRADEWIND_MODEL_CASES": "20000"})


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Kill, freeze and cut off real daemons: `nox -s chaos -- --minutes 30 --database mariadb --seed 7`, or `--takeover`."""
    install(session, "tests")
    session.run("python", "tests/chaos/run.py", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Ten minutes of random bytes, huge and slow bodies and broken JSON for a web server, where the tests take 20 seconds."""
    install(session, "tests")
    flat_out = {"TRADEWIND_TEST_FUZZ_SECONDS": "600", "TRADEWIND_TEST_FUZZ_PAUSE": "0"}
    session.run("pytest", "-q", "-s", "-n", "0", "tests/fuzz", *session.posargs, env=flat_out)


@nox.session(default=False)
def triggers(session: nox.Session) -> None:
    """A minute of a hundred triggers a second by the REST API, and lists beside a million task instances, on PostgreSQL."""
    install(session, "tests")
    session.install("-e", "scripts/perf")
    session.run("tradewind-perf", "run", "api-triggers", "api-lists", "--database", "postgresql", *session.posargs)


@nox.session(default=False)
def schemathesis(session: nox.Session) -> None:
    """Schemathesis on the whole document of the REST API, with 100 examples of each operation, where the tests take a few."""
    install(session, "tests")
    where = "core/tests/api/test_schemathesis.py"
    phases = "examples,coverage,fuzzing,stateful"
    thorough = {"TRADEWIND_TEST_SCHEMATHESIS": "100", "TRADEWIND_TEST_SCHEMATHESIS_PHASES": phases}
    session.run("pytest", "-q", "-s", "-n", "0", where, *session.posargs, env=thorough)


@nox.session(default=False)
def outage(session: nox.Session) -> None:
    """Kill the web server of workers that know no database: `nox -s outage -- --minutes 5`, with the leases of production."""
    install(session, "tests")
    session.run("python", "tests/chaos/run.py", "--outage", *(session.posargs or ("--minutes", "5")))


@nox.session(allow_parallel=True)
def backport(session: nox.Session) -> None:
    """The unchanged sqlite provider on a real Apache Airflow 1.10.15 under Python 3.6."""
    install(session, "tests")
    session.run("pytest", "backport", *session.posargs)


@nox.session(allow_parallel=True)
def contract(session: nox.Session) -> None:
    """Released wheels of two providers with the contract and core as they are here, and with core's oldest contract.

    Nothing is done where TRADEWIND_GREEN names a commit since which the contract did not change.
    """
    session.install("uv>=0.5", "tomli", "packaging")
    session.run("python", "-m", "distributions", "contract", *session.posargs, env=TOOLING)


@nox.session(default=False)
def broken_contracts(session: nox.Session) -> None:
    """Break a contract in copies of the repository: exactly the check that is there for it must fail. Four minutes."""
    install(session, "tests")
    session.run("python", "scripts/break_contracts.py", *session.posargs)


@nox.session(default=False)
def backports(session: nox.Session) -> None:
    """Every provider that is lowered on a real Airflow 1.10.15 under Python 3.6 and 3.8, beside its real service. Five minutes."""
    install(session, "tests")
    session.run("pytest", "backport/tests", *session.posargs, env={"TRADEWIND_TEST_BACKPORTS": "all"})


@nox.session(allow_parallel=True)
def build(session: nox.Session) -> None:
    """Build the wheels of core, the contract and the providers, and run them in an environment with nothing else."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    build_wheels(session, "dist", *BUILT)
    session.install(*sorted(map(str, (ROOT / "dist").glob("*.whl"))))
    session.run("tradewind", "version", env={"TRADEWIND_HOME": session.create_tmp()})
    session.run("python", "-c", "import tradewind_airflow_names as names; names.install(); from airflow import DAG")


@nox.session(default=False)
def provider(session: nox.Session) -> None:
    """Test a provider alone, from its wheel: `nox -s provider -- postgres`, `-- postgres --oldest`, `-- all`."""
    session.install("uv>=0.5", "tomli", "packaging")
    session.run("python", "-m", "distributions", "alone", *session.posargs, env=TOOLING)


@nox.session(default=False)
def providers(session: nox.Session) -> None:
    """All providers' full suites, each wheel alone, with the newest and the oldest client library: at most 20 minutes.

    `nox -s providers -- --record docs/providers-tested.md` writes how it went down; names of providers test these only.
    """
    session.install("uv>=0.5", "tomli", "packaging")
    session.run("python", "-m", "distributions", "suites", *session.posargs, env=TOOLING)


@nox.session(default=False)
def constraints(session: nox.Session) -> None:
    """Write which versions of core, providers and all they need fit together, for each Python: `nox -s constraints -- OUT`."""
    session.install("uv>=0.5", "tomli", "packaging")
    session.run(
        "python", "-m", "distributions", "constraints", *(session.posargs or ("dist/constraints",)), env=TOOLING
    )


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Tell what would be released, and with `-- --write NAME…` release it: two commits, without tags."""
    install(session, "tests")
    words = [word for word in session.posargs if word != "--write"]
    mode = () if "--write" in session.posargs else ("--dry-run",)
    session.run("python", "-m", "distributions", "release", *mode, *words, env=TOOLING)


@nox.session(default=False)
def beside_airflow(session: nox.Session) -> None:
    """Real Airflows 2.11 and 3.1 and Tradewind in one environment, in both orders, either removed. Four minutes; needs uv."""
    wheels, folder = Path(session.create_tmp()) / "wheels", Path(session.create_tmp()) / "environments"
    shutil.rmtree(wheels, ignore_errors=True)
    build_wheels(session, wheels, "plugins-api", "core", "backport/airflow-names")
    session.run("python", "backport/airflow-names/tests/beside_airflow.py", str(wheels), str(folder), *session.posargs)


@nox.session(default=False)
def many_parses(session: nox.Session) -> None:
    """Import a file with datetime.now() 1,000 times: one version, one warning. Half a minute."""
    install(session, "tests")
    session.run("pytest", "core/tests/parsing/test_volatile.py", env={"TRADEWIND_TEST_PARSES": "1000"})


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Check the documentation: links, the commands it shows, and generated pages."""
    install(session, "tests")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session(default=False)
def parity(session: nox.Session) -> None:
    """Record what Apache Airflow 2.11 offers, from an environment of its own, and compare: prints the share that is built."""
    install(session, "tests")
    folder = Path(session.create_tmp()).absolute() / "airflow"
    python = airflow_environment(session, folder)
    script, recorded = ROOT / "tests/parity/airflow_surface.py", ROOT / "tests/parity/airflow-2.11.json"
    home = {"AIRFLOW_HOME": str(folder / "home")}
    surface = session.run(python, "-W", "ignore", str(script), env=home, external=True, silent=True, stderr=None)
    recorded.write_text(str(surface))
    session.run("git", "diff", "--stat", "--exit-code", str(recorded), external=True)
    session.run("pytest", "-q", "tests/parity")
    session.run("python", "tests/parity/page.py")


@nox.session(default=False)
def oracle(session: nox.Session) -> None:
    """Record anew what a real Apache Airflow 2.11 makes of generated and example DAGs, and tell what changed. Half an hour."""
    install(session, "tests")
    folder = Path(session.create_tmp()).absolute()
    python = airflow_environment(session, folder / "airflow")
    wheels = folder / "wheels"
    session.run("python", "tests/oracle/wheels.py", str(wheels))
    session.run("python", "tests/oracle/record.py", "--airflow", python, "--wheels", str(wheels), *session.posargs)
    session.run("python", "tests/oracle/page.py")
    session.run("git", "diff", "--stat", "--exit-code", "tests/oracle/recordings", external=True)
    session.run("pytest", "-q", "tests/oracle", env={"TRADEWIND_TEST_WHEELS": str(wheels)})


@nox.session(default=False)
def compat(session: nox.Session) -> None:
    """Read public DAG files here and on real Apache Airflows, and write docs/airflow-compatibility.md. A quarter of an hour.

    TRADEWIND_SNAPSHOTS names a folder of Git snapshots, <owner>+<name>/repo; without it public repositories are left out.
    """
    install(session, "tests", "compat")
    session.install("-e", "backport/airflow-names")
    folder = Path(session.create_tmp()).absolute()
    two = airflow_environment(session, folder / "airflow-2.11", "compat")
    three = airflow_environment(session, folder / "airflow-3.1", "compat", version="3.1")
    options = ["--folder", str(folder), "--airflow-2", two, "--airflow-3", three]
    if "TRADEWIND_SNAPSHOTS" in os.environ:
        options += ["--snapshots", os.environ["TRADEWIND_SNAPSHOTS"]]
    session.run("python", "tests/compat/run.py", *options)


@nox.session(default=False)
def statsd(session: nox.Session) -> None:
    """Send metrics to the original StatsD server (npm statsd 0.9), and read back what it understood."""
    install(session)
    folder = session.create_tmp()
    session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, "statsd@0.9", external=True)
    session.run("python", "scripts/check_statsd.py", folder)


@nox.session(default=False)
def perf(session: nox.Session) -> None:
    """The perf kit: `nox -s perf -- list`, `-- run chain fan --database sqlite`, `-- compare airflow`; all scenarios by default."""
    install(session, "tests")
    session.install("-e", "scripts/perf[mariadb,plot]")
    session.run("tradewind-perf", *(session.posargs or ("run",)))


@nox.session(default=False)
def rehearsal(session: nox.Session) -> None:
    """Migrate 1,000,000 rows while a writer runs; the last result is in docs/how-to/upgrade-the-database.md."""
    install(session, "tests")
    session.run("python", "scripts/migration_rehearsal.py", *session.posargs)


@nox.session(default=False)
def services(session: nox.Session) -> None:
    """Run a service until Ctrl+C and print its URL: `nox -s services -- postgres`."""
    install(session, "tests")
    session.run("python", "-m", "services", *session.posargs, env={"PYTHONPATH": str(ROOT / "scripts")})


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Make .venv with everything editable, for an editor and for daily work."""
    python = os.fsdecode(ROOT / ".venv" / "bin" / "python")
    if not Path(python).exists():
        session.run(sys.executable, "-m", "venv", str(ROOT / ".venv"), external=True)
    packages = [word for name in DISTRIBUTIONS for word in ("-e", f"./{name}")]
    wanted = wanted_of("lint", "types", "tests")
    session.run(python, "-m", "pip", "install", "-q", *packages, *wanted, "nox", external=True)
