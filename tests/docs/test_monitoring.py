"""The dashboard and the alerts ask for what is measured: every metric and every label in them exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from tradewind.config import load
from tradewind.metrics.catalogue import CATALOGUE
from tradewind.metrics.prometheus import OFFSETS, prometheus_name
from tradewind.metrics.reporting import check_exporters

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "monitoring" / "grafana-dashboard.json").read_text())
ALERTS = yaml.safe_load((DOCS / "monitoring" / "alerts.yaml").read_text())
OF_PROMETHEUS = {"instance", "job", "le"}


def known() -> dict[str, set[str]]:
    """The series that exist, with their labels."""
    found: dict[str, set[str]] = {}
    for each in CATALOGUE.values():
        name, labels = prometheus_name(each.metric), set(each.metric.labels) | OF_PROMETHEUS
        suffixes = ("_bucket", "_sum", "_count") if each.metric.kind == "timer" else ("",)
        found.update({name + suffix: labels for suffix in suffixes})
    return found


KNOWN = known()


def queries() -> Iterator[tuple[str, str, str]]:
    """Where each query stands, its text, and the legend or sentence that names labels of its result."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']!r}", target["expr"], target["legendFormat"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']!r}", variable["query"]["query"], ""
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"], " ".join(rule["annotations"].values())


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


QUERIES = list(queries())


@pytest.mark.parametrize(("where", "query", "words"), QUERIES, ids=[where for where, _, _ in QUERIES])
def test_a_query_names_metrics_and_labels_that_exist(where: str, query: str, words: str) -> None:
    metrics = re.findall(r"tradewind_\w+", query)
    assert metrics
    assert [name for name in metrics if name not in KNOWN] == []
    for name, matchers in re.findall(r"(tradewind_\w+)\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)\s*=?[=!~]", matchers)) <= KNOWN[name]
    labels = set().union(*(KNOWN[name] for name in metrics))
    grouped = {label for words in re.findall(r"by \(([^)]*)\)", query) for label in re.split(r",\s*", words)}
    assert grouped <= labels
    shown = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", words))
    assert shown <= (grouped or labels), "a legend can show only what the grouping leaves"
    if not where.startswith("variable"):
        promql_parser.parse(
            query.replace("$__rate_interval", "5m").replace("$dag", ".*")
        )  # raises where it is no PromQL


def test_the_dashboard_is_one_that_grafana_can_place() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert place["x"] + place["w"] <= 24
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    page = (DOCS / "how-to" / "monitor.md").read_text()
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert f"`{rule['alert']}`" in page, f"{rule['alert']} has no line in monitor.md"


PAGE = (DOCS / "how-to" / "monitor.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_settings_that_the_page_shows_are_taken(example: str, tmp_path: Path) -> None:
    (tmp_path / "tradewind.toml").write_text(example)
    config = load(tmp_path, {}).config
    assert config.metrics.exporters
    check_exporters(config, "scheduler")


def test_the_ports_that_the_page_shows_are_those_of_the_processes(tmp_path: Path) -> None:
    base = load(tmp_path, {}).config.metrics.prometheus_port
    ports = [base + offset for offset in OFFSETS.values()]
    assert re.findall(r"^\| .* \| (\d+) \|$", PAGE, re.MULTILINE) == [str(port) for port in ports]
    [jobs] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [job] = yaml.safe_load(jobs)["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"host:{port}" for port in ports]}]
