"""@task.run_if, @task.skip_if and @task.bash, each beside a task that just runs."""

from __future__ import annotations

import pytest
from tradewind import task
from tradewind.exceptions import TradewindException, TradewindRescheduleException, TradewindSkipException
from tradewind.operators.python import PythonOperator
from tradewind.serialization.writing import import_name


def from_conf(key, value=None):
    return lambda context: context["dag_run"].conf.get(key, value)


@pytest.mark.parametrize(("answer", "runs"), [(True, True), (1, True), ((True, None), True), (False, False)])
def test_a_task_runs_if_its_condition_holds(dag, run, answer, runs):
    with dag:

        @task.run_if(from_conf("answer"), skip_message="not today")
        @task
        def careful():
            return "ran"

        @task.skip_if(from_conf("answer"))
        @task
        def contrary():
            return "ran"

        @task
        def plain():
            return "ran"

        careful() >> contrary() >> plain()
    skipped, ran = ("contrary", "careful") if runs else ("careful", "contrary")
    with pytest.raises(TradewindSkipException, match="not today" if skipped == "careful" else "skip_if says so"):
        run(dag, skipped, conf={"answer": answer})
    assert run(dag, ran, conf={"answer": answer}) == "ran"
    assert run(dag, "plain") == "ran"


@pytest.mark.parametrize(
    ("answer", "skip_message", "said"),
    [
        ((False, "the condition's"), "the decorator's", "^the condition's$"),
        ((False, None), "the decorator's", "^the decorator's$"),
        (False, "the decorator's", "^the decorator's$"),
        (None, None, "^Skipped: the condition of @task.run_if says so.$"),
    ],
)
def test_the_message_is_the_conditions_or_the_decorators(dag, run, answer, skip_message, said):
    with dag:

        @task.run_if(lambda context: answer, skip_message)
        @task
        def careful(): ...

        careful()
    with pytest.raises(TradewindSkipException, match=said):
        run(dag, "careful")


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("unwanted", [True, False])
def test_of_several_conditions_all_must_allow_it(dag, run, wanted, unwanted):
    with dag:

        @task.run_if(lambda context: wanted)
        @task.skip_if(lambda context: unwanted)
        @task
        def careful():
            return "ran"

        careful()
    if wanted and not unwanted:
        assert run(dag, "careful") == "ran"
    else:
        with pytest.raises(TradewindSkipException, match="run_if" if not wanted else "skip_if"):
            run(dag, "careful")


def test_every_kind_of_task_can_have_a_condition(dag, run):
    with dag:

        @task.run_if(from_conf("go"))
        @task.sensor(mode="reschedule")
        def waits():
            return False

        @task.run_if(from_conf("go"))
        @task.bash(retries=2)
        def commands():
            return "echo ran"

        @task.run_if(from_conf("go"))
        @task.branch
        def chooses():
            return "commands"

        @task.run_if(from_conf("go"))
        @task
        def double(number):
            return number * 2

        waits() >> chooses() >> [commands(), double.override(task_id="mapped").expand(number=[1, 2])]
    for task_id in ("waits", "commands", "chooses", "mapped"):
        with pytest.raises(TradewindSkipException, match="run_if"):
            run(dag, task_id, map_index=1 if task_id == "mapped" else -1)
    go = {"conf": {"go": True}}
    with pytest.raises(TradewindRescheduleException):
        run(dag, "waits", **go)
    assert run(dag, "chooses", **go) == "commands"
    assert run.ti.skipped_task_ids == ["mapped"]
    assert run(dag, "commands", **go) == "ran"
    assert run(dag, "mapped", map_index=1, **go) == 4


def test_a_condition_changes_neither_the_function_nor_the_names_of_the_task(dag):
    with dag:

        @task
        def plain():
            """Say why."""
            return 1

        careful = task.run_if(lambda context: False)(plain)
        careful.override(task_id="careful")()
        plain()
    assert careful.function() == plain.function() == 1
    assert careful.__doc__ == "Say why."
    assert dag.get_task("careful").task_type == dag.get_task("plain").task_type
    assert import_name(type(dag.get_task("careful"))) == import_name(type(dag.get_task("plain")))
    assert type(dag.get_task("careful")) is not type(dag.get_task("plain"))


@pytest.mark.parametrize("name", ["run_if", "skip_if"])
def test_conditions_are_refused_where_they_do_nothing(dag, run, name):
    decorator = getattr(task, name)
    with pytest.raises(TradewindException, match=rf"@task\.{name} goes above @task, not on <function"):
        decorator(lambda context: True)(lambda: 1)
    with pytest.raises(TradewindException, match=rf"@task\.{name} goes above @task, not on <Task"):
        decorator(lambda context: True)(PythonOperator(task_id="p", python_callable=print))
    with pytest.raises(TradewindException, match=rf"@task\.{name} takes a function of the context.*not True"):
        decorator(True)
    PythonOperator(task_id="plain", python_callable=lambda: 1, dag=dag)
    assert run(dag, "plain") == 1


def test_bash_runs_the_command_that_a_function_returns(dag, run, tmp_path, caplog):
    (tmp_path / "script.sh").write_text("echo script of {{ ds_nodash }}\n")
    dag.fileloc = str(tmp_path / "dag.py")
    with dag:

        @task.bash(env={"OWN": "{{ run_id }}"}, append_env=True)
        def greet(name, ds):
            """Greet."""
            return f'echo "hello {name} on {ds}, {{{{ ds_nodash }}}}, in $OWN"'

        @task.bash(cwd=str(tmp_path), output_processor=str.upper)
        def where():
            return "basename $PWD/{{ dag.dag_id }}"

        @task.bash
        def script():
            return "script.sh"

        greet("world") >> where() >> script()
    assert run(dag, "greet") == "hello world on 2024-03-10, 20240310, in manual__1"
    assert run(dag, "where") == "MADE"
    assert run(dag, "script") == "script of 20240310"
    assert dag.get_task("greet").task_type == "DecoratedBashOperator"


def test_the_exit_code_of_a_bash_function_decides(dag, run):
    with dag:

        @task.bash(skip_on_exit_code=[4, 5])
        def leave(code):
            return f"exit {code}"

        leave.expand(code=[4, 1, 0])
    with pytest.raises(TradewindSkipException, match="code 4"):
        run(dag, "leave", map_index=0)
    with pytest.raises(TradewindException, match="code 1"):
        run(dag, "leave", map_index=1)
    assert run(dag, "leave", map_index=2) == ""


@pytest.mark.parametrize("returned", [None, 5, "", "  ", ["echo"]])
def test_a_bash_function_must_return_a_command(dag, run, returned):
    with dag:

        @task.bash
        def command(text):
            return text

        command(returned)
        command.override(task_id="good")("echo ran")
    with pytest.raises(TradewindException, match=r"function of task 'command' must return a command as text, not"):
        run(dag, "command")
    assert run(dag, "good") == "ran"


def test_a_wrong_template_in_a_command_names_it(dag, run):
    with dag:

        @task.bash
        def wrong():
            return "echo {{ nothing_of_that_name }}"

        @task.bash
        def missing():
            return "missing.sh"

        wrong() >> missing()
    with pytest.raises(TradewindException, match="'wrong': the template in bash_command cannot be rendered"):
        run(dag, "wrong")
    with pytest.raises(
        TradewindException, match=r"'missing': the template file 'missing.sh' of bash_command is neither"
    ):
        run(dag, "missing")


def test_the_command_is_not_given_beside_the_function(dag, run):
    with pytest.raises(TradewindException, match="'command': the function returns the command; leave out bash_command"):
        task.bash(bash_command="echo")(lambda: "echo").override(task_id="command")()
    with dag:
        task.bash(lambda: "echo ran").override(task_id="good")()
    assert run(dag, "good") == "ran"


def test_several_outputs_mean_nothing_to_bash(dag, run):
    @task.bash(multiple_outputs=True)
    def command():
        return "echo ran"

    with dag, pytest.warns(UserWarning, match="'command': multiple_outputs means nothing") as caught:
        command()
    assert caught[0].filename == __file__
    assert run(dag, "command") == "ran"
