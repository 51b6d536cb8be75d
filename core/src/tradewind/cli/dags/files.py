"""What can be asked about DAG files: a check without a database, and the warnings of the processor."""

from __future__ import annotations

import argparse
from pathlib import Path

from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import print_rows
from tradewind.operations.dag_warnings import list_file_warnings


def configure_check(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `dags check`."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FOLDER_OR_FILE", help="DAG files, or folders of them")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.add_argument("--strict", action="store_true", help="exit code 1 for warnings, too")
    parser.add_argument("--details", action="store_true", help="show the traces of errors, and what files read")


def check_dags(options: argparse.Namespace) -> int:
    """Import DAG files without a database and say what they define, and what is wrong, slow or unsafe in them.

    Each file is imported twice, in processes of its own. Variables and connections come from the environment. The exit
    code is 1 if there is an error.
    """
    # Needs all that DAG files are written with: the other verbs need not wait for that
    from tradewind.cli.dags.checking import run_check  # noqa: PLC0415

    return run_check(options)


def list_warnings(options: argparse.Namespace) -> None:
    """List what the processor found questionable in DAG files, such as arguments that differ at each import."""
    with open_operations(options) as operations:
        found = operations.ask_all(list_file_warnings)
    rows = [{"file": each.path, "warning": each.message, "seen": each.timestamp} for each in found]
    print_rows(rows, options.output, empty="No file has a warning.")
