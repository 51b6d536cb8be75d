"""Bad DAG files, newcomers' and hostile ones, all in one folder with a good neighbour: each is its own error, and no more.

One processor reads the whole folder once; each case then looks at its own row.
"""

from __future__ import annotations

import ctypes
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import dag_file

TIMEOUT = 1.5
MEBIBYTES = 400
HEAD = "from tradewind import DAG, task\nfrom tradewind.operators.bash import BashOperator\n"


ROOT = Path(__file__).parents[3]
KINDS = {
    "64_gib": "import-memory",
    "endless_loop": "import-timeout",
    "exits": "import-exits",
    "kills_itself": "import-killed",
    "missing_module": "module-missing",
    "native_hang": "import-timeout",
    "unreadable": "file-unreadable",
    "utf16": "syntax-error",
}
"""The ids of some of the errors, one of each kind."""


def sentence_and_kind(error: str | None) -> tuple[str, str]:
    """Take the id off the end of an import error."""
    sentence, _, kind = str(error).rpartition(" [")
    return (sentence, kind.rstrip("]")) if sentence else (kind, "")


@dataclass(frozen=True)
class Bad:
    """A file, the sentence that its error is to be, and the line it is to name.

    Arguments:
        error: a regular expression for the whole sentence; None for a file that is no error.
        line: of the file; None where there is none, or any if 0.
        warning: a regular expression for its warning.
    """

    name: str
    source: str | bytes | Callable[[Path], None]
    error: str | None
    line: int | None = 0
    warning: str = ""

    @property
    def path(self) -> str:
        return self.name if "." in self.name else f"{self.name}.py"


def python(name: str, code: str, error: str | None, line: int | None = 0, warning: str = "") -> Bad:
    """A file whose code begins at line 3, with a DAG after it."""
    dag = f"DAG({name!r}, schedule=None).__enter__().__exit__(None)\n"
    return Bad(name, HEAD + dedent(code).strip("\n") + "\n" + dag, error, line, warning)


def put_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.py", HEAD + "\nraise ValueError('packed')\n")


def put_unreadable(path: Path) -> None:
    path.write_text(HEAD)
    path.chmod(0)


def put_unreadable_folder(path: Path) -> None:
    path.mkdir()
    path.chmod(0)


TIME = r"The import took longer than 1\.5 s, the limit of parsing.file_timeout\."
KILLED = r"The import took longer than 1\.5 s and could not be interrupted\."
PROCESS = "The process that imported the file"

BAD = [
    # What newcomers do
    python("twice_in_one", "DAG('twin').__enter__().__exit__(None)\nDAG('twin').__enter__().__exit__(None)",
           r".*The file twice_in_one.py defines two DAGs with the id 'twin'\.", None),
    python("tasks_twice", "with DAG('t'):\n    BashOperator(task_id='a', bash_command='true')\n    BashOperator(task_id='a', bash_command='true')",
           r".*'a'.*", 5),
    python("cycle", "with DAG('c'):\n    a = BashOperator(task_id='a', bash_command='true')\n    b = BashOperator(task_id='b', bash_command='true')\n    a >> b >> a",
           r".*(circle|cycle).*", 0),
    python("bad_cron", "DAG('cron', schedule='every day')", r".*'every day'.*", 3),
    python("unserializable_param", "with DAG('p', params={'x': object()}): pass", r".*'x'.*JSON.*", 0),
    python("unserializable_expand", "with DAG('e', schedule=None):\n    @task\n    def work(n): ...\n    work.expand(n=[object()])", None, None),
    python("description_nul", "with DAG('nul', schedule=None, description='a\\x00b'): pass", None, None),
    python("description_surrogate", "with DAG('sur', schedule=None, description='a\\ud800b'): pass", None, None),
    python("id_too_long", "with DAG('x' * 300): pass", r".*", 3),
    Bad("syntax", HEAD + "with DAG('s'\n", r"SyntaxError: '\(' was never closed.*", 3),
    Bad("latin", HEAD.encode() + b"name = 'caf\xe9'\nDAG('l')\n", r"The byte 0xe9 is not UTF-8: save the file as UTF-8.*", 3),
    Bad("utf16", (HEAD + "DAG('u')\n").encode("utf-16"), r"The file is saved as UTF-16: save it as UTF-8\.", 1),
    Bad("unknown_encoding", b"# coding: klingon\n" + HEAD.encode(), r"SyntaxError: .*klingon.*", 0),
    Bad("nul_byte", HEAD.encode() + b"x = 1\n\x00\n", r"The file has a NUL byte, so it is no text.*", 4),
    Bad("half_written", HEAD + "def work():\n    return [1,\n", r"SyntaxError: .*never closed.*", 4),
    python("missing_module", "import no_such_module", r"ModuleNotFoundError: No module named 'no_such_module'; .+", 3),
    Bad("big", HEAD + "#" * (50 * 1024 * 1024), r"The file has 50\.0 MiB, and a DAG file may have 5 MiB: .*", None),
    Bad("link_to_itself", lambda path: path.symlink_to(path.name), r"The symbolic link leads back to itself: .*", None),
    Bad("link_to_nothing", lambda path: path.symlink_to("gone_away.py"), r"The symbolic link leads to nothing: gone_away\.py\.", None),
    Bad("unreadable", put_unreadable, r"The file cannot be read: Permission denied\.", None),
    Bad("locked.folder", put_unreadable_folder, r"The folder cannot be listed: Permission denied\.", None),
    Bad("cut.zip", b"PK\x03\x04 dag tradewind", r".*cut\.zip is no zip file.*", None),
    Bad("packed.zip", put_zip, r"inner\.py: ValueError: packed", 4),
    Bad("caf\udce9.py", HEAD, r"The file's name is not UTF-8: give it another one\.", None),
    # What ends, or never ends
    python("endless_loop", "while True:\n    pass", TIME, 0),
    python("swallows", "from time import sleep\ntry:\n    sleep(1000)\nexcept BaseException:\n    pass", TIME, None),
    python("swallows_for_ever", "from time import sleep\nwhile True:\n    try:\n        sleep(1000)\n    except BaseException:\n        pass", KILLED, 6),
    python("native_hang", "import signal, re\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nre.match(r'(a+)+$', 'a' * 60 + 'b')", KILLED, 5),
    python("blocks_signals", "import signal\nfrom time import sleep\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nsleep(1000)", KILLED, None),
    python("stops_itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", KILLED, None),
    python("exits", "import sys\nsys.exit('bye')", r"The file ends the interpreter while it is imported: sys\.exit\(bye\)\. Leave that out\.", 4),
    python("exits_at_once", "import os\nos._exit(3)", PROCESS + r" ended with exit code 3 before it had a result.*", None),
    python("kills_itself", "import os\nos.kill(os.getpid(), 9)", PROCESS + r" was killed by SIGKILL: it did so itself, or .* memory\.", None),
    python("kills_its_group", "import os\nos.killpg(0, 9)", PROCESS + r" was killed by SIGKILL.*", None),
    python("crashes", "import faulthandler\nfaulthandler._sigsegv()", PROCESS + r" was killed by SIGSEGV: native code failed\.", 4),
    python("64_gib", "x = bytearray(64 << 30)", r"The import needed more than 400 MiB, the limit of parsing\.file_memory\.", 3),
    python("recursion", "def f(): return f()\nf()", r"RecursionError: .*", 3),
    # What gets in the way
    python("prints_a_flood", "for _ in range(20_000): print('x' * 100)", None, None),
    python("closes_descriptors", "import os\nos.closerange(0, 4096)", r"The file closes descriptors that are not its own.*", None),
    python("closes_stdout", "import sys\nsys.stdout.close()\nsys.stderr = None", None, None),
    python("forks", "import os\nfrom time import sleep\nif os.fork() == 0:\n    sleep(1000)", None, None),
    python("forks_and_goes_on", "import os\nos.fork()", None, None),
    python("changes_folder", "import os\nos.chdir('/')", None, None),
    python("changes_handlers", "import signal\nfor n in (15, 2, 14): signal.signal(n, signal.SIG_IGN)", None, None),
    python("replaces_exit", "import os, json\nos._exit = lambda code: None\nos.kill = os.killpg = None", None, None),
    python("replaces_json", "import json\njson.dumps = None", PROCESS + r" ended with exit code 1 before it had a result.*", None),
    python("low_recursion", "import sys\nsys.setrecursionlimit(120)", None, None),
    python("leaves_a_thread", "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()", None, None,
           warning=r"The import leaves the thread .*, so each task imports the file anew .*"),
    python("leaves_a_socket", "import socket\ns = socket.socket()", None, None, warning=r"The import leaves an open socket, .*"),
    python("base_exception", "class Odd(BaseException): pass\nraise Odd('odd')", r"Odd: odd", 4),
    python("str_fails", "class Odd(Exception):\n    def __str__(self): raise OSError\nraise Odd()", r"Odd: \(its text cannot be told: str\(\) raises OSError\)", 5),
    python("str_never_ends", "class Odd(Exception):\n    def __str__(self):\n        while True: pass\nraise Odd()", TIME, None),
    python("huge_text", "raise ValueError('x' * 10_000_000)", r"ValueError: x{900,}", 3),
    python("nul_in_text", "raise ValueError('a\\x00b\\ud800')", r"ValueError: a\\x00b\\ud800", 3),
    ]  # fmt: skip
GOOD = HEAD + "with DAG('neighbour', schedule=None):\n    BashOperator(task_id='a', bash_command={command!r})\n"


@contextmanager
def without_override() -> Iterator[None]:
    """As root, be refused what others would be: give up the capabilities to read and search everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(head, data) == 0
    before = data[0]
    data[0] = before & ~0b110
    assert libc.capset(head, data) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(head, data) == 0


@pytest.fixture(scope="module")
def read_folder(tmp_path_factory, sqlite_template, parsing_over):
    """The folder of all bad files, read once, and then once more after the neighbour has changed."""
    home = tmp_path_factory.mktemp("bad")
    database = Database(f"sqlite:///{home / 'tradewind.db'}")
    (home / "tradewind.db").write_bytes(sqlite_template.read_bytes())
    folder = home / "dags"
    folder.mkdir()
    for bad in BAD:
        target = folder / bad.path
        if callable(bad.source):
            bad.source(target)
        elif isinstance(bad.source, bytes):
            target.write_bytes(bad.source)
        else:
            target.write_text(bad.source)
    for name in ("in_two_files_a.py", "in_two_files_b.py"):
        (folder / name).write_text(HEAD + "DAG('elsewhere').__enter__().__exit__(None)\n")
    (folder / "deletes_itself.py").write_text(HEAD + "made = DAG('deleted')\nimport os\nos.unlink(__file__)\n")
    (folder / "neighbour.py").write_text(GOOD.format(command="true"))
    parsing = parsing_over(folder, home, database)
    with pytest.MonkeyPatch.context() as patch, without_override():
        patch.setattr("tradewind.parsing.children._GRACE_SECONDS", 0.3)
        patch.setattr("tradewind.parsing.children._ABORT_SECONDS", 0.3)
        patch.setattr("tradewind.parsing.watching._SLOW_SECONDS", 0.7)
        parsing.restart(file_timeout=TIMEOUT, file_memory=MEBIBYTES)
        parsing.processor.round()
        parsing.first_errors = {row.path: row.error for row in parsing.rows(dag_file)}
        (folder / "neighbour.py").write_text(GOOD.format(command="false"))
        parsing.settle()
    yield parsing
    database.dispose()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name.encode("ascii", "backslashreplace").decode())
def test_a_bad_file_is_its_own_error(read_folder, bad):
    shown = bad.path.encode("utf-8", "backslashreplace").decode()
    row = read_folder.file(shown)
    sentence, kind = sentence_and_kind(row.error)
    assert re.fullmatch(bad.error or "None", sentence, re.DOTALL), row.error
    assert bad.error is None or (ROOT / f"core/src/tradewind/explanations/{kind}.md").exists()
    assert KINDS.get(bad.name, kind) == kind
    if bad.line != 0:
        assert row.error_line == bad.line
    assert re.search(bad.warning or r"^\[\]$", row.warnings)
    if bad.error is None:
        assert row.error_trace is None
        assert bad.name in read_folder.active()


def test_the_good_neighbour_is_read_and_read_again(read_folder):
    assert "neighbour" in read_folder.active()
    assert read_folder.file("neighbour.py").error is None
    (version,) = read_folder.versions("neighbour")
    assert '"bash_command":"false"' in version.serialized


def test_one_dag_id_in_two_files_is_the_error_of_one_of_them(read_folder):
    errors = [read_folder.file(f"in_two_files_{each}.py").error for each in "ab"]
    (error,) = [each for each in errors if each is not None]
    assert "in_two_files_a.py" in error
    assert "in_two_files_b.py" in error


def test_a_file_that_is_deleted_while_it_is_read_is_gone_at_the_next_look(read_folder):
    assert read_folder.first_errors["deletes_itself.py"] == (
        "The file was deleted while it was imported. [file-unreadable]"
    )
    row = read_folder.file("deletes_itself.py")
    assert (row.is_present, row.error) == (False, None)
    assert "deleted" not in read_folder.active()
