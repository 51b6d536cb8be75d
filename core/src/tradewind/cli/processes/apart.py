"""Work in a forked process, whose memory goes with it: for what a daemon that lives for weeks does once, and imports much for."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from tradewind.cli.errors import CommandError

FAILED = 1


def do_apart(work: Callable[[], object]) -> None:
    """Do something in a forked process, and wait for it. Call it while there are no threads.

    Raises:
        CommandError: what `work` raised there, if it is an error that people read as a sentence.
        SystemExit: it failed otherwise, and has printed how.
    """
    answer, mouth = os.pipe()
    # A signal that came between the fork and the `try` would leave the child behind
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    pid = os.fork()
    if not pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(answer)
        _work_and_leave(work, mouth)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(mouth)
        with open(answer, encoding="utf-8") as told:  # noqa: PTH123  (a descriptor)
            text = told.read()
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # this process was told to stop
        os.waitpid(pid, 0)
        raise
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if text:
        sentence, error_id, exit_code = json.loads(text)
        raise CommandError(sentence, error_id=error_id, exit_code=exit_code)
    if code:
        raise SystemExit(FAILED)


def _work_and_leave(work: Callable[[], object], mouth: int) -> None:
    """Work, tell what went wrong, and end at once: the clean-up of what was forked is its parent's."""
    code = FAILED
    try:
        work()
        code = 0
    except Exception as error:  # noqa: BLE001  (told to the parent, or printed)
        known = _as_command_error(error)
        if known is None:
            traceback.print_exc()
        else:
            os.write(mouth, json.dumps([str(known), known.error_id, known.exit_code]).encode())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _as_command_error(error: Exception) -> CommandError | None:
    if isinstance(error, CommandError):
        return error
    # Only here, as it imports SQLAlchemy, which the process that was forked is there to do without
    from tradewind.cli.expected import describe  # noqa: PLC0415

    told = describe(error)
    return None if told is None else CommandError(told.sentence, error_id=told.error_id)
