"""Write the reference pages that the code itself knows: settings, commands, trigger rules, template variables, names.

    python scripts/generate_reference.py

A test holds the committed pages to what this writes.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import tradewind
from tradewind import timetables
from tradewind.api.document import make_document
from tradewind.api.execution.document import REFUSALS, document
from tradewind.api.routes import ROUTES
from tradewind.authoring import dag_arguments, macros
from tradewind.authoring.context import build_context
from tradewind.cli.groups import GROUPS, module_of
from tradewind.cli.help import explaining
from tradewind.cli.help.tree import group_parser, verbs_of
from tradewind.cli.parser import Parser
from tradewind.config.sections import SECTIONS
from tradewind.execution.http import tokens, wire
from tradewind.metrics.catalogue import CATALOGUE, Alias, Declaration
from tradewind.metrics.prometheus import prometheus_name
from tradewind.operators.empty import EmptyOperator
from tradewind.plugins import builtin
from tradewind.plugins.kinds import KINDS
from tradewind_plugins import arguments, exceptions
from tradewind_plugins.trigger_rule import TriggerRule

PAGES = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by scripts/generate_reference.py from the code: change it there. -->\n"

RULES = {
    TriggerRule.ALL_SUCCESS: "all of them succeeded; the usual rule",
    TriggerRule.ALL_FAILED: "all of them failed",
    TriggerRule.ALL_DONE: "all of them ended, in whatever way",
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: "all of them ended, and at least one succeeded",
    TriggerRule.ALL_SKIPPED: "all of them were skipped",
    TriggerRule.ONE_SUCCESS: "one succeeded; it does not wait for the others",
    TriggerRule.ONE_FAILED: "one failed; it does not wait for the others",
    TriggerRule.ONE_DONE: "one succeeded or failed itself; it does not wait for the others",
    TriggerRule.NONE_FAILED: "all of them succeeded or were skipped",
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: "all of them succeeded or were skipped, and at least one succeeded: "
    "what joins the ways of a branch",
    TriggerRule.NONE_SKIPPED: "all of them succeeded or failed",
    TriggerRule.ALWAYS: "at once, whatever they do",
    TriggerRule.ALL_DONE_SETUP_SUCCESS: "all of them ended, and one of the setups among them succeeded: the rule of teardowns",
}

VARIABLES = {
    "conn": "connections: `conn.shop_db.host`, `conn.get('shop_db', default)`",
    "dag": "the DAG",
    "dag_run": "the run: `dag_run.run_id`, `dag_run.conf`, `dag_run.start_date` …",
    "data_interval_end": "the end of the time that the run is about",
    "data_interval_start": "the beginning of the time that the run is about",
    "ds": "the logical date's day, as `2026-01-31`",
    "ds_nodash": "the same as `20260131`",
    "execution_date": "an older name of `logical_date`",
    "expanded_ti_count": "how many instances a mapped task has in its run; None for one that is not mapped",
    "inlet_events": "all events of the task's inlets: `inlet_events[asset][-1].extra`",
    "inlets": "the assets that the task reads",
    "logical_date": "what the run is about; for a scheduled run, the beginning of its interval",
    "macros": f"functions: {', '.join(f'`{name}`' for name in macros.__all__)}",
    "outlet_events": "what the task says of its outlets: `outlet_events[asset].extra['rows'] = 7`",
    "outlets": "the assets that the task makes",
    "map_index_template": "the template of that name of the task, None without one",
    "next_ds": "the day of the schedule's next logical date; of a run by hand, its own",
    "next_ds_nodash": "the same without dashes",
    "next_execution_date": "the schedule's next logical date",
    "params": "the run's params: the DAG's defaults, the task's, and what the run's conf says",
    "prev_data_interval_end_success": "the end of the data interval of the last successful run before this one, or None",
    "prev_data_interval_start_success": "the beginning of it",
    "prev_ds": "the day of the schedule's logical date before; of a run by hand, its own",
    "prev_ds_nodash": "the same without dashes",
    "prev_end_date_success": "when that last successful run ended",
    "prev_execution_date": "the schedule's logical date before",
    "prev_execution_date_success": "the logical date of the last successful run before this one, or None",
    "prev_start_date_success": "when that last successful run started",
    "run_id": "the run's name",
    "run_type": "`scheduled`, `manual`, `asset_triggered` …",
    "task": "the task",
    "task_instance": "an older name of `ti`",
    "task_instance_key_str": "DAG id, task id and day as one text",
    "templates_dict": "in the function of a Python operator: its argument of that name",
    "test_mode": "always false",
    "ti": "the task instance: `ti.try_number`, `ti.map_index`, `ti.xcom_pull(…)`, `ti.xcom_push(…)` …",
    "tomorrow_ds": "the day after `ds`",
    "tomorrow_ds_nodash": "the same without dashes",
    "triggering_asset_events": "the events that made the run, by asset",
    "triggering_dataset_events": "the same by URI",
    "try_number": "which try this is, from 1",
    "ts": "the logical date in ISO 8601",
    "ts_nodash": "the same as `20260131T000000`",
    "ts_nodash_with_tz": "the same with its offset",
    "var": "variables: `var.value.name`, `var.json.name`, `var.value.get('name', default)`",
    "yesterday_ds": "the day before `ds`",
    "yesterday_ds_nodash": "the same without dashes",
}

MEAN_NOTHING_ALONE = {"ignore_first_depends_on_past", "max_retry_delay"}
LOOKS = {"default_view", "orientation"}


def pages() -> dict[str, str]:
    """Return every page: file name -> text."""
    return {
        "configuration.md": _page("Configuration", configuration()),
        "cli.md": _page("Commands", commands()),
        "errors.md": _page("Errors", errors()),
        "rest-api.md": _page("REST API", rest_api()),
        "trigger-rules.md": _page("Trigger rules", trigger_rules()),
        "template-variables.md": _page("Template variables", template_variables()),
        "names.md": _page("Public names", names()),
        "metrics.md": _page("Metrics", metrics()),
        "execution-api.md": _page("Execution API", execution_api()),
        "refused-arguments.md": _page("Arguments of Airflow that are refused", refused_arguments()),
    }


def _page(title: str, parts: Iterator[str]) -> str:
    return f"# {title}\n\n{NOTE}\n" + "\n\n".join(parts) + "\n"


def configuration() -> Iterator[str]:
    """Every key with type, default and what it does."""
    yield (
        "Keys of `tradewind.toml` in `TRADEWIND_HOME`. Each can also be set by the environment: `web.port` is "
        "`TRADEWIND__WEB__PORT`. [Configure](../how-to/configure.md) says how; `tradewind config list` shows the "
        "values in use and where each comes from. `{home}` is `TRADEWIND_HOME`."
    )
    for section, cls in SECTIONS.items():
        hints = get_type_hints(cls)
        yield f"## {section}"
        yield inspect.getdoc(cls) or ""
        rows = (
            (f"`{section}.{field.name}`", _type(hints[field.name]), _default(field), _doc(field))
            for field in dataclasses.fields(cls)
        )
        yield _table(("key", "type", "default", "what it does"), rows)


def _type(hint: Any) -> str:
    return "list of texts" if hint == tuple[str, ...] else {str: "text", Path: "path"}.get(hint, hint.__name__)


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if isinstance(value, tuple):
        return "<br>".join(f"`{each}`" for each in value) or "none"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`" if shown else "empty"


def _doc(field: dataclasses.Field[Any]) -> str:
    return field.metadata["doc"] + (" Never shown." if field.metadata["secret"] else "")


def commands() -> Iterator[str]:
    """Every command with its verbs, arguments and options, as its parser declares them."""
    yield (
        "`tradewind COMMAND --help` says the same. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. "
        "Lists take `-o table|json|yaml|plain`; every command takes `-v`: daemons then log at DEBUG, others say each statement "
        "that reaches the database. What works with `--server` can be done "
        "[from another machine](../how-to/use-the-rest-api.md#from-the-command-line-of-another-machine)."
    )
    yield _table(("command", "what it does"), ((f"[`{name}`](#{name})", text) for name, text in GROUPS.items()))
    for group in GROUPS:
        yield f"## {group}"
        yield (importlib.import_module(module_of(group)).__doc__ or "").strip()
        parser = group_parser(group)
        yield from _command(parser)


def _command(parser: Parser) -> Iterator[str]:
    verbs = verbs_of(parser)
    if not verbs:
        yield from _where(parser, parser)
        yield from _options(parser)
    for name, verb in verbs.items():
        yield f"### {parser.prog.removeprefix('tradewind ')} {name}"
        yield verb.description or ""
        yield from _where(parser, verb)
        yield from _options(verb)


def _where(group: Parser, verb: argparse.ArgumentParser) -> Iterator[str]:
    """Say so where a server can do it as well."""
    if verb.get_default("run") in group.remote:
        yield "Works with `--server`."


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = (
        re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage: "))
        .replace("[-h] ", "")
        .replace(" [-h]", "")
        .replace(" [-v]", "")
    )
    yield f"```\n{usage.strip()}\n```"
    actions = [
        each
        for each in parser._actions  # noqa: SLF001
        if each.help and not {"-h", "-v"} & set(each.option_strings)
    ]
    rows = [(_spelling(each), each.help or "") for each in actions]
    if rows:
        yield _table(("argument", "meaning"), rows)


def _spelling(action: argparse.Action) -> str:
    return ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"


def rest_api() -> Iterator[str]:
    """Each route by its noun, and the fields of what goes in and comes out."""
    document = make_document(ROUTES)
    yield (
        "What `/api/v1` answers: the paths, shapes and rules of Airflow 2's stable API, and beyond them our own. The same, for "
        "programs, is the OpenAPI document at `/api/v1/openapi.json`. How to use it: "
        "[the cookbook](../how-to/use-the-rest-api.md).\n\n"
        "Lists take `limit` (at most 100), `offset` and mostly `order_by`; `~` in the place of a DAG's or run's id means all "
        "that one may see. Errors are `application/problem+json`.\n"
    )
    for tag in document["tags"]:
        yield f"## {tag['name']}\n"
        yield _table(("Request", "What it does", "Needs"), _requests(document, tag["name"]))
    yield "## Fields\n"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"### {name}\n"
        yield _table(("Field", "Type", ""), _fields_of_answers(schema))


def _requests(document: dict[str, Any], tag: str) -> Iterator[tuple[str, str, str]]:
    for path, operations in document["paths"].items():
        for method, each in operations.items():
            if tag not in each["tags"]:
                continue
            query = ", ".join(f"`{one['name']}`" for one in each["parameters"] if one["in"] == "query")
            takes = f" Takes {query}." if query else ""
            needs = ", ".join(each["x-permissions"]) or "nothing"
            yield f"`{method.upper()} {path}`", f"{each['summary']}{takes}", needs


def _fields_of_answers(schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, each in schema.get("properties", {}).items():
        kind = each.get("type") or each.get("$ref", "any").rpartition("/")[2]
        if kind == "array":
            kind = f"array of {each['items'].get('type') or each['items'].get('$ref', 'any').rpartition('/')[2]}"
        is_needed = name in schema.get("required", ())
        text = str(each.get("description", "")).replace("\n", " ")
        yield f"`{name}`", kind, " ".join(filter(None, (text, "Needed." if is_needed else "")))


def errors() -> Iterator[str]:
    """Every error id with the title of its page."""
    yield (
        "A message of `tradewind` ends with the id of its kind in brackets, and so do import errors and the causes of tries "
        "that ended without a word of their own. `tradewind explain ID` prints the page on it: what it means, how it comes "
        "about, what to do. An id keeps its meaning whatever becomes of the sentence before it, so scripts may look for it."
    )
    folder = "../../core/src/tradewind/explanations"
    rows = ((f"[`{each}`]({folder}/{each}.md)", explaining.title(each)) for each in explaining.explained_ids())
    yield _table(("id", "what it means"), rows)


def trigger_rules() -> Iterator[str]:
    """Every trigger rule."""
    yield (
        "`trigger_rule=` says how the tasks directly before a task must have ended for it to run: "
        '`@task(trigger_rule="all_done")` or `trigger_rule=TriggerRule.ALL_DONE`. A task whose rule cannot be met any '
        "more ends as `skipped` or `upstream_failed` without running."
    )
    yield _table(
        ("rule", "the task runs when, of those directly before it,"),
        ((f"`{rule}`", RULES[rule]) for rule in TriggerRule),
    )
    yield (
        "A task that a failed task kept from running (`upstream_failed`) counts as failed, except for `one_done`. The "
        "names of Airflow 1.10, `dummy` and `none_failed_or_skipped`, are understood."
    )


def template_variables() -> Iterator[str]:
    """Every key of a task's context."""
    yield (
        'In templated arguments (`bash_command`, `sql` …) as `{{ ds }}`; in Python as `get_current_context()["ds"]`, or '
        "as an argument of that name of an operator's callable. Moments are pendulum's."
    )
    with tradewind.DAG("page", schedule=None):
        task = EmptyOperator(task_id="page")
    known = build_context(task, dag_run={"run_id": "page", "logical_date": "2026-01-01T00:00:00+00:00"})
    yield _table(("name", "value"), ((f"`{name}`", VARIABLES[name]) for name in sorted(known.names())))
    yield (
        "Those about other runs (`prev_…`, `next_…`) are found out when they are asked for; a function with `**kwargs` gets "
        "them but for `prev_…_success`, which needs a parameter of its name. A template that names something unknown fails "
        "the task, naming it. The context of a callback has `exception`, what the try raised, and that of a DAG's callback "
        "`reason`, why the run ended so."
    )


def metrics() -> Iterator[str]:
    """Every metric with its type, unit, labels, and its names in Prometheus and in Airflow 2."""
    yield (
        "What the daemons measure, where `metrics.exporters` names somebody who is told: [monitor](../how-to/monitor.md) "
        "says how. StatsD and OpenTelemetry have the names below behind `tradewind.`; StatsD without tags has the labels' "
        "values, in their order, behind the name. Timers are seconds (milliseconds in StatsD), histograms in Prometheus "
        "and OpenTelemetry. The names in the last column are Airflow 2's: StatsD gets the same values under them, behind "
        "`airflow.`."
    )
    by_source: dict[str, list[Declaration]] = {}
    for each in CATALOGUE.values():
        by_source.setdefault(each.source, []).append(each)
    for source, found in by_source.items():
        yield f"## Measured by: {source.replace('all', 'every daemon')}"
        rows = [
            (
                f"`{each.metric.name}`",
                each.metric.kind,
                each.metric.unit,
                ", ".join(f"`{label}`" for label in each.metric.labels),
                each.metric.summary,
                f"`{prometheus_name(each.metric)}`",
                ", ".join(f"`{alias.name}`{_when(alias)}" for alias in each.aliases),
            )
            for each in found
        ]
        yield _table(("name", "type", "unit", "labels", "what", "in Prometheus", "in Airflow 2"), rows)
    yield (
        "Each label has few values, or is left out by `metrics.drop_labels`; no metric has more series than "
        "`metrics.max_series`. No metric has a run's name. Metrics of Airflow 2 that are not in the table have no "
        "counterpart here, such as those of its executor's queue in memory, its triggerer, and tasks' own `Stats`."
    )


def _when(alias: Alias) -> str:
    return "".join(f" ({label}={value})" for label, value in alias.when)


def execution_api() -> Iterator[str]:
    """Every call of the execution API, with what it brings and what it is answered with."""
    told = document()
    yield (
        "What workers [without the database](../how-to/run-workers-without-the-database.md) say to a web server. Every path is "
        f"below `{wire.PREFIX}`, which names the version: another one is refused with 426. The same as an OpenAPI 3.0 document "
        f"is at `{wire.PREFIX}/openapi.json`. Instants are integers, microseconds since 1970 in UTC. Every answer has the "
        "header `Tradewind-Execution`; refusals are `application/problem+json` with a `code`, a sentence in `detail`, and "
        "`errors` by field. What is not named here is refused in what a call brings, and is to be passed over in its answer."
    )
    yield "## Who calls"
    yield (
        "`Authorization: Bearer …` carries a **credential** or a **pass**, both JSON Web Tokens (HS256). A worker makes its "
        "credential itself, from `execution_api.secret` and for its own name; it lives for at most "
        f"{tokens.CREDENTIAL_SECONDS // 60} minutes, and clocks may differ by {tokens.SKEW_SECONDS} seconds. A pass is given "
        "out by the server with each claimed try and callback: with it one may ask what that try may ask. It ends with the "
        "try, with a newer dispatch of it, and with its time, which the worker's renewals prolong."
    )
    yield (
        'The key of each kind is `HMAC-SHA256(secret, "tradewind execution credential")` (or `pass`), the audience '
        "`tradewind-credential` (or `tradewind-pass`), and the subject of a credential the worker's id."
    )
    yield "## Calls"
    yield _table(("call", "what it does", "brings", "is answered with", "token"), _calls(told))
    yield (
        "All may be repeated: the same `nonce`, outcome or worker is answered as it was before. An answer that got lost is "
        "asked for again with `is_repeated`; a try that a late call has claimed shows in `renew`, and is named in `missing`."
    )
    yield "## Refusals"
    rows = [*REFUSALS.items(), ("404", "There is no such value, no such sources, or no such call.")]
    yield _table(("status", "when"), sorted(rows))
    yield "## Shapes"
    for name, shape in sorted(told["components"]["schemas"].items()):
        yield f"### {name}"
        yield from _fields(shape)
    yield "## What a task may ask"
    yield "`Ask` names one of these, and its arguments by name; those with a default may be left out."
    asked = ((f"`{name}`", _arguments(cls), _first_paragraph(cls)) for name, cls in wire.ASKABLE.items())
    yield _table(("request", "arguments", "what it asks"), asked)


def _calls(told: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for path, item in told["paths"].items():
        for method in ("get", "post", "put"):
            if method in item:
                operation = item[method]
                [scheme] = operation["security"][0]
                brings, answer = _content(operation.get("requestBody", {})), _content(operation["responses"]["200"])
                yield f"`{method.upper()} {path}`", operation["summary"], brings, answer, scheme


def _fields(shape: Mapping[str, Any]) -> Iterator[str]:
    needed, found = set(shape.get("required", ())), shape.get("properties", {})
    if not found:
        yield "An empty object."
        return
    rows = (
        (f"`{name}`", _shape(each), "" if name in needed else "may be left out", each.get("description", ""))
        for name, each in found.items()
    )
    yield _table(("field", "type", "", "what it is"), rows)


def _first_paragraph(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")


def _arguments(cls: Any) -> str:
    return ", ".join(f"`{each.name}: {each.type}`".replace("|", "or") for each in dataclasses.fields(cls)) or "none"


def _content(found: Mapping[str, Any]) -> str:
    for kind, content in found.get("content", {}).items():
        return _shape(content["schema"]) if kind == wire.JSON else "bytes"
    return ""


def _shape(shape: Mapping[str, Any]) -> str:
    """Return the type of a field in words."""
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    several = next((shape[key] for key in ("allOf", "anyOf", "oneOf") if key in shape), None)
    kind = shape.get("type", "any JSON")
    words = f"list of {_shape(shape['items'])}" if kind == "array" else kind
    if several is not None:
        words = " or ".join(_shape(each) for each in several)
    elif "enum" in shape:
        words = " or ".join(f"`{each}`" for each in shape["enum"])
    return f"{words} or null" if shape.get("nullable") else words


def names() -> Iterator[str]:
    """What may be imported, and what the installed distributions of this repository declare."""
    yield "What DAG files may rely on. Everything else inside the packages may change without notice."
    yield "## `from tradewind import …`"
    rows = ((f"`{name}`", _summary(getattr(tradewind, name))) for name in sorted(tradewind._HOMES))  # noqa: SLF001
    yield _table(("name", "what it is"), rows)
    for kind, title in (("operator", "Operators"), ("sensor", "Sensors")):
        yield f"## {title}"
        yield _table(("import", "what it is"), _declared(kind))
    yield "## Timetables: `from tradewind.timetables import …`"
    made = [name for name in timetables.__all__ if name.endswith("Timetable") and name != "Timetable"]
    yield _table(("name", "what it is"), ((f"`{name}`", _summary(getattr(timetables, name))) for name in made))
    yield "## `from tradewind.exceptions import …`"
    errors = ((f"`{name}`", _summary(getattr(exceptions, name))) for name in exceptions.__all__)
    yield _table(("name", "when"), errors)
    yield f"Providers add more; `tradewind plugins catalogue` lists what is installed, by kind: {', '.join(KINDS)}."


def refused_arguments() -> Iterator[str]:
    """Arguments of Airflow 2 that are not built yet."""
    yield (
        "Tradewind takes an argument, or refuses it by name when the file is read; it never takes one and ignores it. Those "
        "below are Airflow 2's and not built yet. A value that asks for nothing, such as `depends_on_past=False`, `None` or an "
        "empty list, is taken, as files in the wild spell such values out."
    )
    yield "## Of tasks"
    yield _words(set(arguments.NOT_BUILT) - MEAN_NOTHING_ALONE)
    yield ("`max_retry_delay` and `ignore_first_depends_on_past` where what they belong to is not asked for.")
    yield "## Of DAGs"
    yield _words(set(dag_arguments.NOT_BUILT) - LOOKS)
    yield _table(
        ("old name, taken", "write"),
        ((f"`{old}`", f"`{new}`") for old, new in dag_arguments.INSTEAD.items()),
    )
    yield "`default_view` and `orientation` are taken and mean nothing: they choose among Airflow's pages."


def _words(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found))


def _declared(kind: str) -> Iterator[tuple[str, str]]:
    """What core declares of a kind; what else is installed here does not count."""
    for declared in getattr(builtin, f"tradewind_{kind}s")():
        yield f"`{declared.path.replace(':', '.')}`", declared.summary


def _summary(value: Any) -> str:
    text = inspect.getdoc(value) or ""
    line = " ".join(text.partition("\n\n")[0].split())
    return re.sub(r":(?:class|func|meth):`~?([^`]+)`", r"`\1`", line).replace("``", "`").replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in row)} |" for row in rows)])


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
        print(PAGES / name)


if __name__ == "__main__":
    main()
