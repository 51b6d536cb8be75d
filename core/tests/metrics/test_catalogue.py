"""The names, types and labels of metrics are an interface: dashboards and alerts hang on them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tradewind.metrics import catalogue
from tradewind.metrics.catalogue import CATALOGUE
from tradewind_plugins.contracts.metrics import Metric

GOLDEN = Path(__file__).parent / "golden" / "metrics.json"
SOURCES = Path(catalogue.__file__).parents[1]
CONSTANTS = {name: value for name, value in vars(catalogue).items() if isinstance(value, Metric)}
BOUNDED = {"dag_id", "task_id", "state", "pool", "executor", "kind", "level", "exporter", "file"}


def test_names_types_labels_and_aliases_are_those_of_the_golden_file():
    found = {
        name: {
            "kind": each.metric.kind,
            "unit": each.metric.unit,
            "labels": list(each.metric.labels),
            "airflow": [alias.name for alias in each.aliases],
        }
        for name, each in CATALOGUE.items()
    }
    assert found == json.loads(GOLDEN.read_text()), (
        "a metric is renamed over a release: announce it, then change this file"
    )


def test_every_metric_is_declared_once_and_has_only_labels_that_are_bounded():
    assert len(CONSTANTS) == len(CATALOGUE)
    assert {label for metric in CONSTANTS.values() for label in metric.labels} <= BOUNDED
    for each in CATALOGUE.values():
        labels = dict.fromkeys(each.metric.labels, "x")
        assert all(alias.name.format_map(labels) for alias in each.aliases)


def calls():
    """Every place that counts: file, line, function, the metric's constant, the labels given."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                for name in names(node.args[0]):
                    place = f"{path.relative_to(SOURCES)}:{node.lineno}"
                    yield place, node.func.id, name, {each.arg for each in node.keywords}


def names(argument):
    """The constants that an argument may be: `A`, `catalogue.A`, or both of `A if … else B`."""
    if isinstance(argument, ast.IfExp):
        return names(argument.body) + names(argument.orelse)
    name = getattr(argument, "id", getattr(argument, "attr", ""))
    return [name] if name in CONSTANTS else []


KINDS = {"count": "counter", "observe": "timer", "gauge": "gauge", "gauges": "gauge"}


def test_every_place_that_counts_gives_the_labels_of_its_metric():
    found = [each for each in calls() if each[1] in KINDS]
    kinds = [(place, function) for place, function, name, _ in found if KINDS[function] != CONSTANTS[name].kind]
    labels = [
        (place, given)
        for place, function, name, given in found
        if function != "gauges" and given != set(CONSTANTS[name].labels)
    ]
    assert found
    assert (kinds, labels) == ([], [])


def test_every_metric_is_counted_somewhere():
    texts = [path.read_text() for path in SOURCES.rglob("*.py") if path.name != "catalogue.py"]
    assert [name for name in CONSTANTS if not any(name in text for text in texts)] == []
