"""Show the configuration and where each value comes from."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib import import_module

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.config import load
from tradewind.config.load import PREFIX, Setting

THERE = "tradewind.cli.installation.there"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_settings, remote=True)
    listed.add_argument("--section", help="this section only, such as web")
    listed.add_argument("-a", "--defaults", action="store_true", help="the defaults, whatever is set")
    listed.add_argument("-V", "--include-env-vars", action="store_true", help="also the variable that sets each")
    listed.add_argument(
        "-c",
        "--comment-out-everything",
        action="store_true",
        help="as a tradewind.toml in which everything is a comment",
    )
    add_output_option(listed)
    get = verbs.add("get-value", get_value, remote=True)
    get.add_argument("section", help="such as web")
    get.add_argument("key", help="such as port")


def list_settings(options: argparse.Namespace) -> None:
    """List every key with its value, its source and what it does; secrets are stars. A server says whether a value was set."""
    found = [each for each in _settings(options) if options.section in {None, each.section}]
    if not found:
        raise CommandError(
            f"There is no section {options.section!r}: `tradewind config list` shows every key.",
            error_id="config-unknown-key",
        )
    if options.comment_out_everything:
        print("\n".join(_as_comments(found)))
        return
    rows = [
        {"key": f"{each.section}.{each.key}", "value": each.shown, "source": each.source, "what it does": each.doc}
        | ({"variable": _variable(each)} if options.include_env_vars else {})
        for each in found
    ]
    print_rows(rows, options.output)


def _settings(options: argparse.Namespace) -> Sequence[Setting]:
    if options.server:
        found: Sequence[Setting] = import_module(THERE).settings(options)
        return found
    loaded = load()
    if not options.defaults:
        return loaded.settings
    return load(loaded.config.home, environ={}, file=False).settings


def _variable(setting: Setting) -> str:
    return f"{PREFIX}{setting.section.upper()}__{setting.key.upper()}"


def _as_comments(settings: Sequence[Setting]) -> Iterator[str]:
    section = None
    for each in settings:
        if each.section != section:
            section = each.section
            yield f"\n# [{section}]"
        yield f"# {each.doc}"
        yield f"# {each.key} = {_toml(each)}"


def _toml(setting: Setting) -> str:
    if setting.secret and setting.value:
        return '"***"'
    value = setting.value
    if isinstance(value, tuple):
        return f"[{', '.join(map(json.dumps, value))}]"
    return json.dumps(value if isinstance(value, (bool, int, float)) else str(value), ensure_ascii=False)


def get_value(options: argparse.Namespace) -> None:
    """Print one value; secrets are stars."""
    unknown = f"There is no key {options.section}.{options.key}: `tradewind config list` shows every key."
    if options.server:
        print(import_module(THERE).value(options, unknown))
        return
    for each in load().settings:
        if (each.section, each.key) == (options.section, options.key):
            print(each.shown)
            return
    raise CommandError(unknown, error_id="config-unknown-key")
