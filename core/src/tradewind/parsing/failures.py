"""An import's error for people: one sentence, the line of the file that is to blame, and a trace that can be stored.

Whatever the file raised may be hostile: its text may fail, or be huge.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from pathlib import Path, PurePath
from types import TracebackType

from tradewind_plugins import exceptions

from tradewind.authoring.loading import author_frames
from tradewind.parsing.description import FileProblem
from tradewind.parsing.ignoring import AIRFLOWS, OURS
from tradewind.parsing.limits import ImportTimeout
from tradewind.parsing.results import ImportFailure
from tradewind.parsing.tree import Tree
from tradewind.plugins.known import hint_for_error

_LONGEST_SENTENCE = 1_000
_LONGEST_TRACE = 60_000
# Of an error's classes the most special one that is listed gives the id
_KINDS: dict[type, str] = {
    exceptions.DuplicateTaskIdFound: "duplicate-task-id",
    exceptions.HostNotBound: "host-not-bound",
    exceptions.ParamValidationError: "param-invalid",
    exceptions.SerializationError: "not-serializable",
    exceptions.TradewindConfigException: "provider-missing",
    exceptions.TradewindDagCycleException: "dag-cycle",
    exceptions.TradewindException: "dag-invalid",
    exceptions.TradewindNotFoundException: "not-found",
    exceptions.TradewindTimetableInvalid: "schedule-invalid",
    FileProblem: "file-unreadable",
    ImportTimeout: "import-timeout",
    MemoryError: "import-memory",
    ModuleNotFoundError: "module-missing",
    SyntaxError: "syntax-error",
    SystemExit: "import-exits",
}
_NATIVE_FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)


def failure_of(error: BaseException, file: Path, *, caller: str, timeout: float, memory: int) -> ImportFailure:
    """Return what is stored of an error.

    Args:
        error: what the file raised, or what its limits did.
        file: the DAG file.
        caller: the source file that imported it, whose frames are nobody's business.
        timeout: seconds that the import was allowed.
        memory: MiB that it was allowed.
    """
    if isinstance(error, FileProblem):
        return ImportFailure(one_line(str(error)), error_id=kind_of(error))
    frames = author_frames(error, caller)
    line, inner = _place(error, frames, str(file))
    if isinstance(error, ImportTimeout):
        sentence = timeout_sentence(timeout)
    elif isinstance(error, MemoryError):
        sentence = f"The import needed more than {memory} MiB, the limit of parsing.file_memory."
    elif isinstance(error, SystemExit):
        sentence = f"The file ends the interpreter while it is imported: sys.exit({_told(error)}). Leave that out."
    elif isinstance(error, SyntaxError):
        sentence, line = _syntax_sentence(error, line, file)
    else:
        sentence = _plain_sentence(error)
    if inner:
        sentence = f"{inner}: {sentence}"
    return ImportFailure(one_line(sentence), line, _trace(error, frames), kind_of(error))


def failure_of_tree(tree: Tree, path: str) -> ImportFailure:
    """Return what is stored of a file that cannot be read, or of an ignore file that cannot be understood."""
    kind = "file-invalid" if PurePath(path).name in (OURS, AIRFLOWS) else "file-unreadable"
    return ImportFailure(tree.problems[path], error_id=kind)


def kind_of(error: BaseException) -> str:
    """Return the id of the kind of error that importing a DAG file raised."""
    return next((_KINDS[each] for each in type(error).__mro__ if each in _KINDS), "import-failed")


def timeout_sentence(seconds: float) -> str:
    """Return the sentence for an import that was interrupted."""
    return f"The import took longer than {seconds:g} s, the limit of parsing.file_timeout."


def one_line(text: str) -> str:
    """Return a text as one line that any database takes, cut where it is longer than people read."""
    return storable(" ".join(text[: 4 * _LONGEST_SENTENCE].split()))[:_LONGEST_SENTENCE]


def storable(text: str) -> str:
    """Return a text without what databases refuse: NUL characters and lone surrogates become escapes."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def line_of_stack(frames: Iterable[traceback.FrameSummary], file: str) -> int | None:
    """Return the innermost line of the file in a stack, the outermost frame first."""
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return lines[-1] if lines else None


def line_of_crash(output: str, file: str) -> int | None:
    """Return the line of the file in what ``faulthandler`` printed, the innermost frame first."""
    return next((int(line) for name, line in _NATIVE_FRAME.findall(output) if name == file), None)


def _plain_sentence(error: BaseException) -> str:
    told = _told(error)
    sentence = f"{type(error).__name__}: {told}" if told else type(error).__name__
    return sentence + hint_for_error(error)


def _told(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as worse:  # noqa: BLE001 - an author's __str__ may do anything
        return f"(its text cannot be told: str() raises {type(worse).__name__})"


def _place(error: BaseException, frames: TracebackType | None, file: str) -> tuple[int | None, str]:
    """Return the line to blame, and for a packaged DAG file the module in it that has the line."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        found = [(error.filename, error.lineno)]
    else:
        found = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(frames)]
    own = [(number, name[len(file) + 1 :]) for name, number in found if name == file or name.startswith(f"{file}/")]
    return own[-1] if own else (None, "")


def _syntax_sentence(error: SyntaxError, line: int | None, file: Path) -> tuple[str, int | None]:
    """Say what Python says, or for bytes that are no text at all what they are and where."""
    if error.filename == str(file) or error.filename is None or error.lineno is None:
        data = _bytes_of(file)
        wrong = _undecodable(data)
        if wrong is not None:
            return wrong
    said = _plain_sentence(error)
    if error.filename is not None and line is None and error.lineno is not None:
        said = f"{said} in {Path(error.filename).name}" if str(error.filename) not in said else said
    return said, line


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _undecodable(data: bytes) -> tuple[str, int] | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "The file is saved as UTF-16: save it as UTF-8.", 1
    at = data.find(b"\x00")
    if at >= 0:
        return "The file has a NUL byte, so it is no text: was it cut off, or is it no Python file?", _line_at(data, at)
    if re.search(rb"^[ \t\f]*#.*?coding[:=]", b"\n".join(data.split(b"\n", 2)[:2]), re.MULTILINE):
        return None  # it names its encoding: Python says what is wrong with that
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        text = f"The byte 0x{byte:02x} is not UTF-8: save the file as UTF-8, or name its encoding in the first line."
        return text, _line_at(data, error.start)
    return None


def _line_at(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _trace(error: BaseException, frames: TracebackType | None) -> str:
    text = "".join(traceback.format_exception(type(error), error, frames))
    if len(text) > _LONGEST_TRACE:
        half = _LONGEST_TRACE // 2
        text = f"{text[:half]}\n… {len(text) - _LONGEST_TRACE} characters left out …\n{text[-half:]}"
    return storable(text)
