"""Lists on the terminal: a table for people, JSON and YAML for programs, plain for pipes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

FORMATS = ("table", "json", "yaml", "plain")


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add `-o table|json|yaml|plain`."""
    parser.add_argument("-o", "--output", choices=FORMATS, default="table", help="how to print (default: table)")


def print_rows(rows: Sequence[Mapping[str, Any]], style: str, *, empty: str = "Nothing to show.") -> None:
    """Print rows that all have the same keys.

    Arguments:
        style: one of `FORMATS`.
        empty: the sentence for people when there are no rows, if any; programs get an empty list.
    """
    if style == "json":
        print(json.dumps([_plain(row) for row in rows], indent=2, ensure_ascii=False))
    elif style == "yaml":
        _print_yaml([_plain(row) for row in rows])
    elif style == "plain":
        for row in rows:
            print("\t".join(_text(value) for value in row.values()))
    elif rows:
        _print_table(rows)
    elif empty:
        print(empty, file=sys.stderr)


def print_sections(sections: Mapping[str, Sequence[Mapping[str, Any]]], style: str) -> None:
    """Print several lists: tables under their names; for programs one object with the lists, or lines that begin with the name.

    Arguments:
        style: one of `FORMATS`.
    """
    if style == "json":
        whole = {name: [_plain(row) for row in rows] for name, rows in sections.items()}
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    elif style == "yaml":
        _print_yaml({name: [_plain(row) for row in rows] for name, rows in sections.items()})
    elif style == "plain":
        for name, rows in sections.items():
            for row in rows:
                print("\t".join([name, *map(_text, row.values())]))
    else:
        for name, rows in sections.items():
            title = name.replace("_", " ").capitalize()
            print(f"{title}: nothing." if not rows else f"{title}:")
            print_rows(rows, style, empty="")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _print_yaml(rows: Any) -> None:
    # Only for `-o yaml`: 30 ms that the other formats need not spend
    import yaml  # noqa: PLC0415

    print(yaml.safe_dump(rows, sort_keys=False, allow_unicode=True).rstrip())


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    # Only for tables on a terminal: 60 ms that programs reading JSON need not wait
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for key in rows[0]:
        table.add_column(key.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*[_text(value) for value in row.values()])
    # Into a pipe, lines are as long as they need to be: cutting them would lose what a `grep` looks for
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 240, soft_wrap=False)
    console.print(table)
