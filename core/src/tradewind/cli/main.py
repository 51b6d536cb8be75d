"""From the words of the command line to the function that does it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from tradewind.cli.errors import WRONG_USAGE, CommandError, marked
from tradewind.cli.groups import GROUPS, module_of
from tradewind.cli.parser import Parser
from tradewind.version import VERSION

SERVER = "TRADEWIND_SERVER"
ON_THIS_MACHINE = f"works on this machine only, and cannot be done by a server: leave out --server, or unset {SERVER}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Arguments:
        arguments: the words after `tradewind`; the process's own by default.
    Returns:
        the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    if sys.platform == "win32":
        print(
            "tradewind: Tradewind needs Linux or macOS; on Windows, run it in WSL 2 (`wsl --install`).", file=sys.stderr
        )
        return 1
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "_ARGCOMPLETE" in os.environ:
        # Only where the shell asks, as it loads what reads the database
        from tradewind.cli.help.completing import complete  # noqa: PLC0415

        complete()
    try:
        return _run(words)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`tradewind … | head`): that is no failure, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CommandError as error:
        print(f"tradewind: {marked(str(error), error.error_id)}", file=sys.stderr)
        return error.exit_code


def _run(given: list[str]) -> int:
    server, words = _taken_server(given)
    group = next((word for word in words if not word.startswith("-")), None)
    if group not in GROUPS or words[0] != group:
        if server and words:
            raise CommandError(f"`{words[0]}` {ON_THIS_MACHINE}", exit_code=2, error_id=WRONG_USAGE)
        return _not_our_own(words)
    module = importlib.import_module(module_of(group))
    parser = Parser(prog=f"tradewind {group}", description=_sentence(module.__doc__))
    parser.wanted = next((word for word in words[1:] if not word.startswith("-")), "")
    module.configure(parser)
    options = parser.parse_args(words[1:], argparse.Namespace(given=words, server=server))
    if server and options.run not in parser.remote:
        raise CommandError(f"`{' '.join(words[:2])}` {ON_THIS_MACHINE}", exit_code=2, error_id=WRONG_USAGE)
    if getattr(options, "verbose", False):
        # Only where it is asked for: no other command waits for logging
        from tradewind.cli.verbosity import speak  # noqa: PLC0415

        speak(group)
    return _guarded(lambda: options.run(options))


def _taken_server(words: list[str]) -> tuple[str, list[str]]:
    """Return the URL that `--server` before the command names, or TRADEWIND_SERVER, and the words without it."""
    server = os.environ.get(SERVER, "")
    if words and words[0].startswith("--server="):
        return words[0].partition("=")[2], words[1:]
    if words and words[0] == "--server":
        if len(words) < 2:
            raise CommandError("--server takes the URL of a server.", exit_code=2, error_id=WRONG_USAGE)
        return words[1], words[2:]
    return server, words


def _not_our_own(words: list[str]) -> int:
    """Run a plugin's command, print the help, or say that there is no such command."""
    # Only now, as no command of our own waits for the plugins
    from tradewind.cli.plugins import plugin_commands, provider_of_command, run_plugin_command  # noqa: PLC0415

    added = plugin_commands()
    if words and words[0] in added:
        return _guarded(lambda: run_plugin_command(words))
    if words and (told := provider_of_command(words[0])):
        raise CommandError(told, exit_code=2, error_id=WRONG_USAGE)
    _top_parser({**GROUPS, **added}).parse_args(words or ["--help"])
    return 2


def _guarded(command: Callable[[], int | None]) -> int:
    try:
        code = command()
    except (CommandError, BrokenPipeError):
        raise
    except Exception as error:
        # Only now, as it imports SQLAlchemy, which `tradewind version` need not wait for
        from tradewind.cli.expected import describe  # noqa: PLC0415

        told = describe(error)
        if told is None:
            raise
        raise CommandError(told.sentence, error_id=told.error_id) from error
    return code or 0


def _top_parser(groups: Mapping[str, str]) -> argparse.ArgumentParser:
    width = max(map(len, groups))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in groups.items())
    parser = Parser(
        prog="tradewind",
        description="Tradewind runs workflows: DAGs of Python tasks, on a schedule or on request.",
        epilog=f"commands:\n{commands}\n\nEach command explains itself: tradewind COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="tradewind [--server URL] COMMAND [options]",
    )
    parser.add_argument("--version", action="version", version=VERSION, help="print the version")
    parser.add_argument("--server", metavar="URL", help=f"have this server do it, by its REST API (or set {SERVER})")
    parser.add_argument("command", choices=list(groups), metavar="COMMAND", help="one of the commands below")
    return parser


def _sentence(doc: str | None) -> str:
    return (doc or "").strip().replace("`", "'")
