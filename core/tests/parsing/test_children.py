"""Imports in forked children: limits, deaths, what they may ask, what they leave behind."""

from __future__ import annotations

import os
import select
import sys

import pytest
from tradewind.metadata import tables
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import connections, variables
from tradewind.parsing.children import parse_all
from tradewind.parsing.description import Job
from tradewind.parsing.inputs import Inputs
from tradewind.parsing.results import ParsedFile, decode, encode
from tradewind.parsing.tree import look
from tradewind_plugins.connection import Connection

PROCESS = "The process that imported the file"
DAG = "\n    from tradewind import DAG\n    made = DAG('a', schedule=None)\n"


@pytest.fixture
def parse(lite):
    """Import one source; returns the result and what was asked."""

    def parse(source: str, answers=None, timeout: float = 20.0, memory: int = 1024, stopped=lambda: False):
        lite.write("a.py", source)
        job = Job(look(lite.folder), "a.py", ("*.sql",), timeout, memory, 300.0)
        results = list(
            parse_all(
                [job], at_once=1, answer=lambda kind, name: (answers or {}).get(f"{kind}:{name}"), stopped=stopped
            )
        )
        return results[0] if results else None

    return parse


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "from time import sleep; sleep(1000)",
            "The import took longer than 0.2 s, the limit of parsing.file_timeout.",
        ),
        ("while True: pass", "The import took longer than 0.2 s, the limit of parsing.file_timeout."),
        ("x = bytearray(1 << 30)", "The import needed more than 256 MiB, the limit of parsing.file_memory."),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)",
            "The process that imported the file was killed by SIGUSR1.",
        ),
        (
            "import os; os._exit(3)",
            PROCESS + " ended with exit code 3 before it had a result: does the file call os._exit()?",
        ),
        (
            "import sys; sys.exit(2)",
            "The file ends the interpreter while it is imported: sys.exit(2). Leave that out.",
        ),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_whatever_a_file_does_is_its_own_error(parse, statement, sentence):
    parsed, _ = parse(f"{statement}\n", timeout=0.2 if "0.2 s" in sentence else 20.0, memory=256)
    assert parsed.failure.sentence == sentence
    assert parsed.dags == ()
    assert parsed.inputs.files == ("a.py",)


def test_an_import_that_cannot_be_interrupted_is_killed(parse, monkeypatch):
    monkeypatch.setattr("tradewind.parsing.children._GRACE_SECONDS", 0.3)
    source = """
        import signal
        from time import sleep
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        sleep(1000)
    """
    parsed, _ = parse(source, timeout=0.2)
    assert parsed.failure.sentence == "The import took longer than 0.2 s and could not be interrupted."


def test_the_trace_begins_at_the_author_s_code(parse):
    parsed, _ = parse("def fail():\n    raise ValueError('x')\n\nfail()\n")
    assert parsed.failure.line == 2
    lines = parsed.failure.trace.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "a.py" in lines[1]


def test_stopping_kills_the_children_at_once(parse, lite):
    noted = lite.home / "pid"
    source = f"""
        import os
        from pathlib import Path
        from time import sleep
        Path({str(noted)!r}).write_text(str(os.getpid()))
        sleep(1000)
    """
    assert parse(source, stopped=lambda: noted.exists() and noted.read_text() != "") is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_what_an_import_has_started_ends_with_it(parse, lite):
    fifo = lite.home / "held-open"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    parsed, _ = parse(f"import subprocess\nsubprocess.Popen(['sleep', '1000'], stdout=open({str(fifo)!r}, 'w'))\n")
    assert parsed.failure is None
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    assert poller.poll(10_000) == [(reader, select.POLLHUP)]  # nobody holds the other end
    os.close(reader)


def test_nothing_of_an_import_stays_in_this_process(parse):
    path, modules = list(sys.path), set(sys.modules)
    parse("import os\nos.environ['LEFT_BEHIND'] = '1'\n" + "from tradewind import DAG\n")
    assert (sys.path, "LEFT_BEHIND" in os.environ) == (path, False)
    assert "a" not in set(sys.modules) - modules


def test_variables_and_connections_are_asked_for_and_noted(parse):
    source = """
        from tradewind import DAG, Connection, Variable
        host = Connection.get("store").host
        made = DAG(Variable.get("name"), description=host + Variable.get("none", default_var="!"), schedule=None)
    """
    answers = {"variable:name": "asked", "connection:store": Connection(conn_id="store", host="db").to_dict()}
    parsed, asked = parse(source, answers)
    assert parsed.failure is None
    assert '"description":"db!"' in parsed.dags[0].serialized
    assert asked == {**answers, "variable:none": None}


TABLES = """
    from tradewind import DAG
    from tradewind_plugins import host
    try:
        rows = host.current().read_table({table!r}, {equal!r}, {{}})["rows"]
    except Exception as error:
        rows = str(error)
    made = DAG("a", schedule=None, description=str(rows))
"""


@pytest.mark.parametrize(
    ("table", "equal", "told"),
    [
        ("dag_run", {"dag_id": ["seen"]}, "'run_id': 'r1'"),
        ("dag_run", {"dag_id": ["other"]}, "[]"),
        ("xcom", {"key": ["small"]}, "'value': '7'"),
        ("xcom", {"key": ["large"]}, "too large to be read while the DAG file is imported"),
        ("daemon", {}, "The table 'daemon' cannot be read: ValueError: there is no table 'daemon' to look at"),
    ],
)
def test_a_file_that_looks_at_a_table_is_read_again_after_a_while(lite, table, equal, told):
    times = {"queued_at": lite.clock.now(), "logical_date": lite.clock.now()}
    run = {"id": 1, "dag_id": "seen", "run_id": "r1", "run_type": "manual", "version_id": 1, "state": "running"}
    pushed = {"run": 1, "task_id": "t", "map_index": -1, "type": "int", "size": 1, "pushed_at": lite.clock.now()}

    def put(conn):
        conn.execute(tables.dag_run.insert().values(run | times | {"conf": "{}", "triggered_by": "test"}))
        conn.execute(tables.xcom.insert().values(pushed | {"key": "small", "value": "7"}))
        conn.execute(tables.xcom.insert().values(pushed | {"key": "large", "storage": "elsewhere"}))

    lite.database.write(put)
    lite.write("a.py", TABLES.format(table=table, equal=equal))
    lite.write("beside.py", "from tradewind import DAG\nmade = DAG('beside', schedule=None)\n")
    lite.processor.round()
    assert lite.active() == ["a", "beside"]
    (row,) = lite.rows(tables.dag, dag_id="a")
    assert told in row.description
    inputs = Inputs.from_json(lite.file("a.py").inputs)
    assert (inputs.reparse, inputs.lookups) == (300.0, {})
    assert Inputs.from_json(lite.file("beside.py").inputs).reparse is None


def test_setting_a_variable_while_importing_is_refused(parse):
    parsed, _ = parse("from tradewind import Variable\nVariable.set('a', 'b')\n")
    assert "set it inside a task" in parsed.failure.sentence


def test_a_connection_that_is_not_there_is_named(parse):
    parsed, _ = parse("from tradewind import Connection\nConnection.get('store')\n")
    assert parsed.failure.sentence == "TradewindNotFoundException: Connection 'store' is not defined."


def test_the_task_s_module_name_is_the_parse_s(parse):
    parsed, _ = parse("from tradewind import DAG\nmade = DAG('a', schedule=None, description=__name__)\n")
    assert '"description":"a"' in parsed.dags[0].serialized


@pytest.mark.parametrize(
    ("source", "seconds"),
    [
        (DAG, None),
        ("# tradewind: reparse=5m" + DAG, 300.0),
        ("#tradewind: reparse = 20" + DAG, 20.0),
        ("import subprocess; subprocess.run(['true'], check=True)" + DAG, 300.0),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))" + DAG, 300.0),
    ],
)
def test_files_that_reach_outside_are_read_again(parse, source, seconds):
    parsed, _ = parse("\n".join(line.strip() for line in source.splitlines()))
    assert (parsed.failure, parsed.inputs.reparse) == (None, seconds)


def test_results_survive_the_pipe(parse):
    parsed, _ = parse("from tradewind import DAG\nmade = DAG('a', schedule=None)\n")
    assert decode(encode(parsed)) == parsed
    with pytest.raises(ValueError, match="incomplete"):
        decode(encode(parsed)[:-1])
    assert decode(encode(ParsedFile("x.py"))) == ParsedFile("x.py")


def test_a_large_source_is_left_out_with_a_warning(parse, lite):
    lite.write("big.sql", "-" * (5 * 1024 * 1024 + 1))
    parsed, _ = parse("from tradewind import DAG\nmade = DAG('a', schedule=None)\n")
    assert parsed.warnings == ("big.sql is larger than 5 MiB and is left out of the version's sources.",)
    assert "big.sql" in parsed.digests


def test_the_processor_answers_from_the_database_and_notices_changes(lite):
    cipher = open_cipher("", lite.home)
    lite.database.write(
        lambda c: connections.add_connection(
            c, Connection(conn_id="store", host="store.example", password="p"), cipher=cipher
        )
    )
    lite.database.write(lambda c: variables.set_variable(c, "name", "first", description=None, cipher=cipher))
    lite.write(
        "a.py",
        """
        from tradewind import DAG, Connection, Variable
        made = DAG(Variable.get("name"), description=Connection.get("store").host, schedule=None)
        """,
    )
    lite.processor.round()
    assert lite.active() == ["first"]
    assert "example" not in lite.file("a.py").inputs
    lite.database.write(lambda c: variables.set_variable(c, "name", "second", description=None, cipher=cipher))
    assert lite.processor.round().parsed == ()
    lite.seconds += 6
    assert lite.processor.round().written == ("a.py",)
    assert lite.active() == ["second"]
