"""The generators: what they give is the same for ever, compiles, and is varied."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import generate, replaying, schedules
from oracle.plans import EARLY, KINDS, MORE_KINDS, SKIPPING, drawn

NUMBERS = st.integers(0, 100_000)
FEW = settings(max_examples=40, deadline=None)


@FEW
@given(NUMBERS)
def test_every_number_gives_a_file_that_compiles_and_is_the_same_again(number: int) -> None:
    [(name, text)] = generate.files([number]).items()
    compile(text, name, "exec")
    assert generate.files([number]) == {name: text}
    assert f"dag_id='generated_{number}'" in text


@FEW
@given(NUMBERS)
def test_every_number_gives_a_schedule_that_compiles(number: int) -> None:
    for name, text in schedules.files([number]).items():
        compile(text, name, "exec")
        assert f"'scheduled_{number}'" in text


def test_numbers_beyond_the_recorded_ones_load_on_tradewind(tmp_path: Path) -> None:
    for name, text in (generate.files(range(5000, 5040)) | schedules.files(range(5000, 5025))).items():
        (tmp_path / name).write_text(text)
    results = replaying.structures(sorted(tmp_path.glob("*.py")))
    assert [each["error"] for each in results] == [None] * len(results)
    assert sum(len(each["dags"]) for each in results) == 65


@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_a_plan_has_an_order_and_leaves_little_to_luck(rng, size: int) -> None:
    plan = drawn(rng, size)
    for number, step in enumerate(plan.steps):
        before = plan.before(number)
        assert all(each < number for each in before)
        if step.rule in EARLY:
            assert not any(plan.steps[each].kind in SKIPPING for each in before)
        if step.kind == "branch":
            assert plan.after(number)


def test_a_file_does_not_depend_on_hashes_of_texts() -> None:
    command = [sys.executable, str(Path(generate.__file__)), "49"]
    texts = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert texts == {generate.file(0, [49])[1]}


def test_the_first_dags_have_every_kind_of_task_and_rule() -> None:
    text = "\n".join(map(generate.source, range(300)))
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert {"BashOperator", "BranchPythonOperator", "EmptyOperator", "PythonSensor", "ShortCircuitOperator"} <= names
    assert {"chain", "cross_downstream", "Label", "TaskGroup", "task_group"} <= names
    for part in (".branch(", ".short_circuit(", ".sensor(", ".expand(", ".partial(", "multiple_outputs=True"):
        assert part in text
    for part in ("always", "one_done", "all_skipped", "prefix_group_id=False", "mode='reschedule'", "soft_fail=True"):
        assert part in text
    assert len(KINDS) == 18


def test_later_dags_have_the_other_kinds_of_mapping_groups_and_scopes() -> None:
    text = "\n".join(map(generate.source, range(generate.MORE_FROM, generate.MORE_FROM + 200)))
    for part in (
        ".expand_kwargs(",
        ".map(",
        ".zip(",
        ".concat(",
        "make_t",
        "as_setup()",
        "as_teardown(",
        "depends_on_past=True",
    ):
        assert part in text
    assert set(MORE_KINDS) > set(KINDS)


@pytest.mark.parametrize("number", [49, 99])
def test_each_fiftieth_dag_is_a_larger_one(number: int) -> None:
    assert generate.source(number).count("task_id=") >= 20
