"""Input that changes while the processor runs, as people deploy it: seen within two seconds, the neighbour untouched.

The safety net is a minute away in most of these, so that only a notification can have told of the change.
"""

from __future__ import annotations

import os
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from textwrap import dedent

import pytest
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import connections, variables
from tradewind.metadata.tables import dag_file
from tradewind.parsing.processor import Round
from tradewind_plugins.connection import Connection

pytestmark = pytest.mark.long_module

SOON = 2.0
FACTORY = """
    import pathlib
    import yaml
    from tradewind import DAG

    for path in sorted(pathlib.Path(__file__).parent.glob("flows/*.yaml")):
        with DAG(yaml.safe_load(path.read_text())["name"], schedule=None):
            pass
"""
ASKS = """
    from tradewind import DAG, Connection, Variable

    made = DAG(Variable.get("name"), description=Connection.get("store").host, schedule=None)
"""


@pytest.fixture
def told(lite, source):
    """A processor that has a neighbour to look after, and looks by itself once a minute only."""
    lite.restart(safety_interval=60.0)
    lite.write("neighbour.py", source("neighbour"))
    return lite


def has(parsing, *dag_ids: str) -> Callable[[], bool]:
    wanted = sorted(["neighbour", *dag_ids])
    return lambda: parsing.active() == wanted


def test_a_factory_gains_a_file(told):
    told.write("flows/one.yaml", "name: one")
    told.write("factory.py", FACTORY)

    def gain() -> Callable[[], bool]:
        told.write("flows/two.yaml", "name: two")
        return has(told, "one", "two")

    def change() -> Callable[[], bool]:
        told.write("flows/two.yaml", "name: other")
        return has(told, "one", "other")

    def lose() -> Callable[[], bool]:
        told.remove("flows/one.yaml")
        return has(told, "other")

    _, *seconds = told.follow(lambda: has(told, "one"), gain, change, lose)
    assert median(seconds) < SOON  # one hiccup of a loaded machine is no failure
    assert len(told.versions("neighbour")) == 1


def test_a_variable_and_a_connection_change(told):
    cipher = open_cipher("", told.home)

    def variable(value: str) -> None:
        told.database.write(lambda c: variables.set_variable(c, "name", value, description=None, cipher=cipher))

    def store(host: str) -> None:
        made = Connection(conn_id="store", host=host)
        told.database.write(lambda c: connections.delete_connection(c, "store"))
        told.database.write(lambda c: connections.add_connection(c, made, cipher=cipher))

    variable("first")
    store("old.example")
    told.write("asks.py", ASKS)

    def another_name() -> Callable[[], bool]:
        variable("second")
        return has(told, "second")

    def another_host() -> Callable[[], bool]:
        store("new.example")
        return lambda: '"description":"new.example"' in told.versions("second")[-1].serialized

    _, *seconds = told.follow(lambda: has(told, "first"), another_name, another_host)
    assert min(seconds) < SOON  # asked for every 1.6 s; one hiccup of a loaded machine is no failure


def test_a_variable_is_asked_for_in_one_statement_for_all(lite, statements):
    cipher = open_cipher("", lite.home)
    for number in range(5):
        lite.database.write(
            lambda c, n=number: variables.set_variable(c, f"v{n}", "x", description=None, cipher=cipher)
        )
        lite.write(
            f"f{number}.py", f"from tradewind import DAG, Variable\nd = DAG('d{number}' + Variable.get('v{number}'))\n"
        )
    lite.settle()
    lite.seconds += 2
    lite.processor.round()
    lite.seconds += 2
    with statements.recorded(lite.database):
        assert lite.processor.round() == Round()
    statements.assert_at_most(1)


def test_a_config_map_is_swapped(told, source):
    """As the kubelet does it: files are links through `..data`, itself a link to a folder that is replaced whole."""

    def publish(name: str, dag_id: str) -> None:
        (told.folder / name).mkdir()
        (told.folder / name / "flow.py").write_text(dedent(source(dag_id)))
        fresh = told.folder / "..data_tmp"
        fresh.symlink_to(name)
        fresh.rename(told.folder / "..data")

    publish("..2026_01", "before")
    (told.folder / "flow.py").symlink_to("..data/flow.py")

    def swap() -> Callable[[], bool]:
        publish("..2026_02", "after")
        return has(told, "after")

    _, seconds = told.follow(lambda: has(told, "before"), swap)
    assert seconds < SOON
    assert told.file("flow.py").error is None


def git(folder: Path, *words: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **who}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_git_sync_swaps_a_checkout(told, source, tmp_path):
    """A worktree of a real repository for each commit, and a link that leads to the newest one."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    link = tmp_path / "root" / "current"
    link.parent.mkdir()

    def deploy(dag_id: str) -> None:
        (repository / "dags").mkdir(exist_ok=True)
        (repository / "dags" / "flow.py").write_text(dedent(source(dag_id)))
        (repository / "dags" / "neighbour.py").write_text(dedent(source("neighbour")))
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", dag_id)
        commit = git(repository, "rev-parse", "HEAD")
        git(repository, "worktree", "add", "-q", str(link.parent / commit), commit)
        fresh = link.with_name("fresh")
        fresh.symlink_to(commit)
        fresh.rename(link)

    deploy("before")
    told.folder = link / "dags"

    def push() -> Callable[[], bool]:
        deploy("after")
        return has(told, "after")

    _, seconds = told.follow(lambda: has(told, "before"), push)
    assert seconds < SOON
    assert len(told.versions("neighbour")) == 1


def test_without_notifications_the_folder_is_polled(lite, source):
    """As on NFS, where the system tells nothing of what other machines write."""
    lite.restart(notifications=False, safety_interval=60.0)
    lite.write("neighbour.py", source("neighbour"))

    def drop() -> Callable[[], bool]:
        lite.write("dropped.py", source("dropped"))
        return has(lite, "dropped")

    _, seconds = lite.follow(lambda: has(lite), drop)
    assert seconds < SOON


def test_ignore_files_come_and_go(told, source):
    told.write("drafts/flow.py", source("draft"))
    told.write("drafts/kept.py", source("kept"))

    def ignore() -> Callable[[], bool]:
        told.write("drafts/.tradewindignore", "*\n!kept.py\n")
        return has(told, "kept")

    def ignore_as_airflow() -> Callable[[], bool]:
        told.write(".airflowignore", "draf.s/\n")
        return has(told)

    def mistake() -> Callable[[], bool]:
        told.write(".airflowignore", "# ours\ndrafts[\n")
        return has(told, "kept")

    _, *seconds = told.follow(lambda: has(told, "draft", "kept"), ignore, ignore_as_airflow, mistake)
    assert median(seconds) < SOON  # one hiccup of a loaded machine is no failure
    assert told.file(".airflowignore").error == (
        "Line 2: 'drafts[' is no regular expression: unterminated character set at position 6. "
        "The file leaves nothing out until that is mended. [file-invalid]"
    )


def put_package(path: Path, dag_id: str, helper: str) -> None:
    """As a deployment should: beside its place, then renamed."""
    with zipfile.ZipFile(path.with_suffix(".part"), "w") as archive:
        archive.writestr(
            "flow.py", f"from tradewind import DAG\nfrom helper import NAME\nd = DAG('{dag_id}_' + NAME)\n"
        )
        archive.writestr("helper.py", f"NAME = '{helper}'\n")
        archive.writestr("deep/other.py", "raise ValueError('dag tradewind')\n")
    path.with_suffix(".part").rename(path)


def test_a_package_is_replaced(told):
    put_package(told.folder / "pack.zip", "packed", "one")

    def replace() -> Callable[[], bool]:
        put_package(told.folder / "pack.zip", "packed", "two")
        return has(told, "packed_two")

    _, seconds = told.follow(lambda: has(told, "packed_one"), replace)
    assert seconds < SOON
    assert told.versions("packed_two")[0].path == "pack.zip"


def test_a_file_that_hangs_does_not_hold_up_its_neighbour(told, source):
    def hang() -> Callable[[], bool]:
        told.write("hangs.py", "# dag tradewind\nwhile True: pass\n")
        told.write("quick.py", source("quick"))
        return has(told, "quick")

    def change() -> Callable[[], bool]:
        told.write("quick.py", source("quicker"))
        return has(told, "quicker")

    _, *seconds = told.follow(lambda: has(told), hang, change)
    assert median(seconds) < SOON  # one hiccup of a loaded machine is no failure
    assert all(row.path != "hangs.py" for row in told.rows(dag_file))


def test_an_idle_processor_costs_nearly_nothing(told, statements):
    """Two seconds without a change: no statement of its own, and no noticeable CPU."""
    spent: list[float] = []

    def idle() -> Callable[[], bool]:
        began, used = time.monotonic(), time.process_time()

        def is_over() -> bool:
            if time.monotonic() - began < 2.0:
                return False
            spent.append(time.process_time() - used)
            return True

        return is_over

    def begin() -> Callable[[], bool]:
        quiet = time.monotonic() + 0.5  # the second look at the neighbour comes first
        return lambda: has(told)() and time.monotonic() > quiet

    with statements.recorded(told.database):
        told.follow(begin, idle)
    own = [text for text in statements.texts if "FROM dag \n" not in text and "is_active" not in text]
    assert spent[0] < 0.1
    assert len([text for text in own if "variable" in text]) == 0
