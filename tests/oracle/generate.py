"""Generating DAG files from a seed: texts that import `airflow`, over the semantics that Tradewind has built. Pure.

    python generate.py 17           # prints the file of number 17

A file's text depends on its number and `SEED` alone, so recordings name it by both and by the text's SHA-1.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # beside this file; as part of the tests it is found through their path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.plans import KINDS, LISTS, MORE_KINDS, Plan, Step, drawn

SEED = "tradewind-1"
LARGE = 50
"""Each so many-th DAG is a larger one."""
IN_A_FILE = 10
MORE_FROM = 350
"""From this number on DAGs have all kinds of tasks, and arguments that matter across runs."""

MORE_ARGUMENTS = (
    "depends_on_past=True",
    "max_active_tis_per_dag=2",
    "max_active_tis_per_dagrun=1",
    "ignore_first_depends_on_past=False",
)
PREAMBLE = """\
from datetime import timedelta

import pendulum
from airflow import DAG
from airflow.decorators import task, task_group
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.sensors.base import PokeReturnValue
from airflow.sensors.python import PythonSensor
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule

looks = []


def give(value):
    return value


def listed(value):
    return value if value is None or isinstance(value, (str, int, dict, list)) else list(value)


def collect(*values):
    return [listed(value) for value in values]


def each(x, k=1):
    if x % 5 == 4:
        raise ValueError(f"no {x}")
    if x % 5 == 3:
        raise AirflowSkipException(f"not {x}")
    return x * k


def fail():
    raise ValueError("as told")


def fail_now():
    raise AirflowFailException("at once")


def skip():
    raise AirflowSkipException("not today")


def nth(wanted, ti):
    if ti.try_number < wanted:
        raise ValueError(f"try {ti.try_number} of {wanted}")
    return ti.try_number


def push(values, ti):
    for key, value in values.items():
        ti.xcom_push(key=key, value=value)


def pull(task_ids, key, ti):
    return listed(ti.xcom_pull(task_ids=task_ids, key=key))


def third_look():
    looks.append(1)
    return len(looks) >= 3


def found(value):
    return PokeReturnValue(is_done=True, xcom_value=value)
"""


SCOPES = (
    ("lambda: 1", "lambda: 1", "lambda: 1", "fail", "skip"),
    ("lambda: 2", "lambda: 2", "fail", "skip"),
    ("lambda: 3", "lambda: 3", "fail"),
)
"""What a setup, the task in its scope, and its teardown do."""


def source(number: int) -> str:
    """Return the part of a file that makes one DAG, called `generated_` and the number; it goes behind `PREAMBLE`."""
    rng = random.Random(f"{SEED}/{number}")
    size = rng.randint(20, 30) if number % LARGE == LARGE - 1 else min(15, 3 + int(rng.expovariate(0.3)))
    kinds = MORE_KINDS if number >= MORE_FROM else KINDS
    body = _Body(rng, drawn(rng, size, kinds), has_more=number >= MORE_FROM)
    lines = [f"with DAG({_dag_arguments(rng, number)}) as dag:", *(f"    {line}" for line in body.lines())]
    return "\n".join(lines) + "\n"


def file(index: int, numbers: Sequence[int]) -> tuple[str, str]:
    """Return the name and the text of the DAG file of that index, which makes the DAGs of these numbers."""
    return f"generated_{index:02}.py", "\n\n".join([PREAMBLE, *map(source, numbers)])


def files(numbers: Sequence[int]) -> dict[str, str]:
    """Return DAG files by name, some DAGs in each: a file costs more to read than a DAG."""
    starts = range(0, len(numbers), IN_A_FILE)
    return dict(file(index, numbers[start : start + IN_A_FILE]) for index, start in enumerate(starts))


def _dag_arguments(rng: random.Random, number: int) -> str:
    found = {
        "dag_id": f"'generated_{number}'",
        "schedule": "None",
        "start_date": "pendulum.datetime(2026, 1, 1, tz='UTC')",
        "params": "{'word': 'hello', 'number': 3}",
    }
    if rng.random() < 0.3:
        found["catchup"] = rng.choice(("True", "False"))
    if rng.random() < 0.3:
        found["tags"] = repr(rng.sample(("a", "b", "c"), rng.randint(1, 3)))
    if rng.random() < 0.2:
        found["max_active_tasks"] = str(rng.randint(1, 4))
    defaults = {"retry_delay": "timedelta(0)", "owner": repr(rng.choice(("airflow", "ann")))}
    if rng.random() < 0.25:
        defaults["retries"] = str(rng.randint(1, 2))
    found["default_args"] = "{" + ", ".join(f"{name!r}: {value}" for name, value in defaults.items()) + "}"
    return ", ".join(f"{name}={value}" for name, value in found.items())


class _Body:
    """The lines inside `with DAG(...)`."""

    def __init__(self, rng: random.Random, plan: Plan, *, has_more: bool = False) -> None:
        self._rng = rng
        self._plan = plan
        self._has_more = has_more
        self._by_argument: dict[int, set[int]] = {}

    def lines(self) -> list[str]:
        """Return the tasks in their groups, and then the edges that no argument makes."""
        found, around = [], ()
        for number, step in enumerate(self._plan.steps):
            for depth in range(len(step.group)):
                if around[: depth + 1] != step.group[: depth + 1]:
                    found.append("    " * depth + self._group(step.group[: depth + 1]))
            around = step.group
            found += ["    " * len(around) + line for line in self._step(number, step).split("\n")]
        return found + self._edges()

    def _group(self, path: tuple[str, ...]) -> str:
        group = next(each for each in self._plan.groups if each.path == path)
        more = "" if group.has_prefix else ", prefix_group_id=False"
        tooltip = f", tooltip='group {path[-1]}'" if self._rng.random() < 0.4 else ""
        return f"with TaskGroup('{path[-1]}'{more}{tooltip}) as {path[-1]}:"

    # --- Tasks

    def _step(self, number: int, step: Step) -> str:
        written: str = getattr(self, f"_{step.kind}")(number, step)
        return written if "\n" in written else f"{step.name} = {written}"

    def _common(self, step: Step, *more: str) -> str:
        """Return the arguments that every task may have."""
        words = [f"task_id='{step.name}'"]
        if step.rule != "all_success":
            words.append(f"trigger_rule={self._rule(step.rule)}")
        for share, text in (
            (0.08, "priority_weight=3"),
            (0.08, f"weight_rule='{self._rng.choice(('upstream', 'absolute', 'downstream'))}'"),
            (0.06, "execution_timeout=timedelta(minutes=5)"),
            (0.06, "owner='ben'"),
            (0.05, "doc_md='what it does'"),
            (0.05, "depends_on_past=False"),
        ):
            if self._rng.random() < share:
                words.append(text)
        if self._has_more:
            given = {text.partition("=")[0] for text in words}
            drawn_more = [text for text in MORE_ARGUMENTS if self._rng.random() < 0.06]
            words += [text for text in drawn_more if text.partition("=")[0] not in given]
        return ", ".join((*words, *more))

    def _rule(self, rule: str) -> str:
        return f"TriggerRule.{rule.upper()}" if self._rng.random() < 0.3 else repr(rule)

    def _call(
        self, step: Step, function: str, arguments: str, *more: str, kind: str = "", operator: str = "Python"
    ) -> str:
        """Return a task that calls a function, as `@task` or as an operator."""
        common = self._common(step, *more)
        if step.is_flow:
            return f"task{kind}({common})({function})({arguments})"
        given = f"op_args=[{arguments}], " if arguments else ""
        return f"{operator}(python_callable={function}, {given}{common})".replace("Python(", "PythonOperator(", 1)

    def _value(self) -> str:
        return repr(self._rng.choice((1, 7, "word", [1, 2], {"a": 1}, "", 0, [])))

    def _output(self, number: int) -> str:
        """Return how the output of a step is written in the file."""
        step = self._plan.steps[number]
        if step.kind == "scope":
            return f"{step.name}_work.output"
        in_flow = ("flow_group", "map_group", "map_made", "multi", "join")
        plain = step.kind in ("empty", "bash") or not (step.is_flow or step.kind in in_flow)
        is_arg = step.kind in ("map", "map_over") and (step.is_flow or step.kind == "map_over")
        text = f"{step.name}.output" if plain and not is_arg else step.name
        return f"{text}['x']" if step.kind == "multi" and self._rng.random() < 0.7 else text

    def _takes(self, number: int, before: int) -> str:
        """Return the output of an earlier step, used as an argument, which makes the edge."""
        self._by_argument.setdefault(number, set()).add(before)
        return self._output(before)

    def _empty(self, _number: int, step: Step) -> str:
        return f"EmptyOperator({self._common(step)})"

    def _give(self, _number: int, step: Step) -> str:
        return self._call(step, "give", self._value())

    def _list(self, _number: int, step: Step) -> str:
        return self._call(step, "give", repr(self._numbers()))

    def _numbers(self) -> list[int]:
        most = self._rng.choice((0, 1, 2, 3, 4))
        usual = (0, 1, 2, 5, 6, 7) if self._rng.random() < 0.6 else (0, 1, 2, 3, 4, 5)
        return [self._rng.choice(usual) for _ in range(most)]

    def _fail(self, _number: int, step: Step) -> str:
        return self._call(step, "fail", "", *self._rng.choice(((), ("retries=1",))))

    def _fail_now(self, _number: int, step: Step) -> str:
        return self._call(step, "fail_now", "", "retries=2")

    def _skip(self, _number: int, step: Step) -> str:
        return self._call(step, "skip", "")

    def _flaky(self, _number: int, step: Step) -> str:
        return self._call(step, "nth", str(self._rng.randint(2, 3)), f"retries={self._rng.randint(0, 3)}")

    def _push(self, _number: int, step: Step) -> str:
        return self._call(step, "push", repr({"a": self._rng.randint(0, 9), "b": [1, {"c": None}]}))

    def _pull(self, number: int, step: Step) -> str:
        before = self._rng.choice(sorted(self._plan.before(number)))
        key = "a" if self._plan.steps[before].kind == "push" else "return_value"
        return self._call(step, "pull", f"{self._plan.task_id(before)!r}, {key!r}")

    def _bash(self, number: int, step: Step) -> str:
        texts = [
            "echo {{ params.word }} {{ task.task_id }}",
            "echo {{ ds }}",
            "exit 99",
            "exit 1",
            "echo one; echo two",
        ]
        giving = [each for each in self._plan.before(number) if self._plan.steps[each].kind == "flaky"]
        if giving:
            texts.append(f"echo {{{{ ti.xcom_pull(task_ids='{self._plan.task_id(giving[0])}') }}}}")
        command = self._rng.choice(texts)
        return f"BashOperator(bash_command={command!r}, {self._common(step)})"

    def _branch(self, number: int, step: Step) -> str:
        plan = self._plan
        ids = [plan.task_id(each) for each in plan.after(number)]
        chosen = self._rng.sample(ids, self._rng.randint(1, len(ids)))
        choice = self._rng.choice((chosen, chosen, chosen[0], chosen[0], None))
        return self._call(step, "give", repr(choice), kind=".branch", operator="BranchPythonOperator")

    def _short(self, _number: int, step: Step) -> str:
        more = self._rng.choice(((), ("ignore_downstream_trigger_rules=False",)))
        value = self._rng.choice(("True", "False", "0", "'yes'"))
        return self._call(step, "give", value, *more, kind=".short_circuit", operator="ShortCircuitOperator")

    def _sensor(self, _number: int, step: Step) -> str:
        mode = f"mode='{self._rng.choice(('poke', 'reschedule'))}'"
        if self._rng.random() < 0.35:
            soft = self._rng.choice(((), ("soft_fail=True",)))
            timing = ("poke_interval=0.01", "timeout=0.02", *self._rng.choice(((), ("retries=1",))))
            return self._call(step, "give", "False", mode, *timing, *soft, kind=".sensor", operator="PythonSensor")
        function, argument = self._rng.choice((("give", "True"), ("third_look", ""), ("found", "'there'")))
        calm = "mode='poke'" if function == "third_look" else mode
        more = (calm, "poke_interval=0.01", "timeout=60")
        return self._call(step, function, argument, *more, kind=".sensor", operator="PythonSensor")

    def _multi(self, _number: int, step: Step) -> str:
        return f"task({self._common(step, 'multiple_outputs=True')})(give)({{'x': {self._value()}, 'y': [1, 2]}})"

    def _join(self, number: int, step: Step) -> str:
        given = ", ".join(self._takes(number, before) for before in step.upstream)
        return f"task({self._common(step)})(collect)({given})"

    def _flow_group(self, number: int, step: Step) -> str:
        given = self._takes(number, step.upstream[0]) if step.upstream else self._value()
        return (
            f"@task_group(group_id='{step.name}')\n"
            f"def make_{step.name}(value):\n"
            f"    first = task(task_id='first')(collect)(value)\n"
            f"    return task(task_id='second')(collect)(first)\n"
            f"{step.name} = make_{step.name}({given})"
        )

    def _map(self, _number: int, step: Step) -> str:
        numbers = self._numbers() or [1]
        if step.is_flow:
            shared = ".partial(k=10)" if self._rng.random() < 0.4 else ""
            crossed = ", k=[1, 10]" if not shared and self._rng.random() < 0.3 else ""
            return f"task({self._common(step)})(each){shared}.expand(x={numbers}{crossed})"
        if self._rng.random() < 0.4:
            commands = self._rng.choices(("echo a", "echo {{ ti.map_index }}", "exit 99", "exit 1"), (4, 4, 1, 1), k=3)
            return f"BashOperator.partial({self._common(step)}).expand(bash_command={commands})"
        return f"PythonOperator.partial(python_callable=each, {self._common(step)}).expand(op_args={[[n] for n in numbers]})"

    def _map_over(self, number: int, step: Step) -> str:
        lists = [before for before in step.upstream if self._plan.steps[before].kind in LISTS]
        over = self._takes(number, lists[-1])
        if self._rng.random() < 0.3 and self._plan.steps[lists[-1]].kind == "list":
            return f"task({self._common(step)})(each).expand(x={over}, k=[1, 10])"
        function, name = ("each", "x") if self._plan.steps[lists[-1]].kind == "list" else ("give", "value")
        return f"task({self._common(step)})({function}).expand({name}={over})"

    def _map_kwargs(self, _number: int, step: Step) -> str:
        numbers = self._numbers() or [1]
        if step.is_flow:
            dicts = [{"x": n} if self._rng.random() < 0.7 else {"x": n, "k": 10} for n in numbers]
            return f"task({self._common(step)})(each).expand_kwargs({dicts})"
        dicts = [{"bash_command": self._rng.choice(("echo a", "echo {{ ti.map_index }}", "exit 99"))} for _ in numbers]
        return f"BashOperator.partial({self._common(step)}).expand_kwargs({dicts})"

    def _map_made(self, number: int, step: Step) -> str:
        lists = [before for before in step.upstream if self._plan.steps[before].kind in LISTS]
        over = self._takes(number, lists[-1])
        made = self._rng.choice(
            (".map(str)", ".map(give).map(give)", ".zip({})", ".zip({}, fillvalue=0)", ".concat({})")
        )
        return f"task({self._common(step)})(give).expand(value={over}{made.format(over)})"

    def _map_group(self, number: int, step: Step) -> str:
        lists = [before for before in step.upstream if self._plan.steps[before].kind in LISTS]
        over = self._takes(number, lists[-1]) if lists else repr(self._numbers() or [1])
        is_plain = not lists or self._plan.steps[lists[-1]].kind == "list"
        rule = self._rng.choice(("", "", ", trigger_rule='all_done'", ", trigger_rule='none_failed'"))
        return (
            f"@task_group(group_id='{step.name}')\n"
            f"def make_{step.name}(x):\n"
            f"    first = task(task_id='first')({'each' if is_plain else 'give'})(x)\n"
            f"    return task(task_id='second'{rule})(collect)(first{', x' if self._rng.random() < 0.4 else ''})\n"
            f"{step.name} = make_{step.name}.expand(x={over})"
        )

    def _scope(self, _number: int, step: Step) -> str:
        """Return a group of a setup, one or two tasks, and a teardown, wired by edges or by `with`."""
        up, work, down = (self._rng.choice(functions) for functions in SCOPES)
        more = ", on_failure_fail_dagrun=True" if self._rng.random() < 0.3 else ""
        name = step.name
        lines = [
            f"with TaskGroup('{name}') as {name}:",
            f"    {name}_up = PythonOperator(python_callable={up}, task_id='up').as_setup()",
            f"    {name}_work = PythonOperator(python_callable={work}, task_id='work')",
        ]
        teardown = f"PythonOperator(python_callable={down}, task_id='down').as_teardown(setups={name}_up{more})"
        if self._rng.random() < 0.4:
            return "\n".join(
                [*lines, f"    with {teardown} as {name}_down:", f"        {name}_down.add_task({name}_work)"]
            )
        lines.append(f"    {name}_down = {teardown}")
        if self._rng.random() < 0.5:
            rule = self._rng.choice(("all_success", "all_done", "one_failed"))
            lines.append(f"    {name}_more = EmptyOperator(task_id='more', trigger_rule='{rule}')")
            return "\n".join([*lines, f"    {name}_up >> {name}_work >> {name}_more >> {name}_down"])
        return "\n".join([*lines, f"    {name}_up >> {name}_work >> {name}_down"])

    # --- Edges

    def _edges(self) -> list[str]:
        """Return the edges in the ways that people write them."""
        found = []
        for number, step in enumerate(self._plan.steps):
            rest = [each for each in step.upstream if each not in self._by_argument.get(number, ())]
            found += self._into([self._plan.steps[each] for each in rest], step)
        return found + [f"{path[-1]} >> {self._plan.steps[number].name}" for path, number in self._plan.group_edges]

    def _into(self, before: list[Step], step: Step) -> list[str]:
        if not before:
            return []
        names, name = [each.name for each in before], step.name
        together = f"[{', '.join(names)}]"
        many = (f"{together} >> {name}", f"{name} << {together}", f"cross_downstream({together}, [{name}])")
        one = [f"{names[0]} >> {name}", f"chain({names[0]}, {name})"]
        is_of_several = {"flow_group", "map_group", "scope"} & {before[0].kind, step.kind}
        # Across groups Airflow 2.11 draws another edge: see differences.toml
        if before[0].group == step.group and not is_of_several:
            one.append(f"{names[0]} >> Label('next') >> {name}")
        return [self._rng.choice(one if len(names) == 1 else many)]


if __name__ == "__main__":
    print(file(0, [int(sys.argv[1])])[1], end="")
