"""Print, as JSON, what Apache Airflow offers to authors and at the command line. Runs inside Airflow's own environment.

    python airflow_surface.py > airflow-2.11.json

Read by introspection alone: the signatures of `DAG`, `BaseOperator` and `@task`, the declared keys of a template's context, and
the tree of the command line's parsers.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import typing

import airflow
from airflow.cli.cli_parser import get_parser
from airflow.decorators import task
from airflow.decorators.python import python_task
from airflow.models.baseoperator import BaseOperator
from airflow.models.dag import DAG
from airflow.utils.context import KNOWN_CONTEXT_KEYS

PLUMBING = {"self", "args", "kwargs"}


def parameters(function: typing.Callable[..., typing.Any]) -> list[str]:
    """Return the names of the parameters that a caller may give."""
    return [name for name in inspect.signature(function).parameters if name not in PLUMBING]


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> dict[str, list[list[str]]]:
    """Return every command of a parser's tree: its words -> the spellings of each of its arguments."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found = {}
            for name, below in sorted(action.choices.items()):
                found.update(commands(below, (*words, name)))
            return found
    arguments = [each for each in parser._actions if each.dest != "help"]
    return {" ".join(words): [list(each.option_strings) or [each.dest.upper()] for each in arguments]}


def decorators() -> list[str]:
    """Return the variants of `@task`, such as `branch` in `@task.branch`, that come with core."""
    return sorted(name for name in dir(type(task)) if not name.startswith("_"))


def main() -> None:
    """Print the surface."""
    surface = {
        "airflow": airflow.__version__,
        "dag": parameters(DAG.__init__),
        "operator": parameters(BaseOperator.__init__),
        "task": parameters(python_task),
        "decorator": decorators(),
        "context": sorted(KNOWN_CONTEXT_KEYS),
        "cli": commands(get_parser()),
    }
    json.dump(surface, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
