"""`tradewind celery`: workers that run what the executor sends, and Flower."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

__all__ = ["celery"]

VERBS = {
    "worker": "Run a worker until SIGTERM or Ctrl+C, which let the tries that run end.",
    "stop": "Ask a worker to take nothing new and to end when the tries that it runs have.",
    "flower": "Serve Flower, Celery's page about workers and their messages.",
}


def celery(words: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Args:
        words: Those after `tradewind celery`.
    """
    name = words[0] if words else "--help"
    if name in VERBS:
        # Only the one that is asked for, as each needs much that the others do not
        verb = import_module(f"tradewind_celery.cli.{name}")
        parser = argparse.ArgumentParser(prog=f"tradewind celery {name}", description=VERBS[name])
        verb.configure(parser)
        code: int = verb.run(parser.parse_args(words[1:], argparse.Namespace(given=list(words))))
        return code
    commands = "\n".join(f"  {each:<8}{text}" for each, text in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="tradewind celery",
        description="Celery's workers, which run what `tradewind worker --executor CeleryExecutor` sends them.",
        epilog=f"commands:\n{commands}\n\nEach command explains itself: tradewind celery COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=list(VERBS), metavar="COMMAND", help="one of the commands below")
    parser.parse_args(words or ["--help"])
    return 2
