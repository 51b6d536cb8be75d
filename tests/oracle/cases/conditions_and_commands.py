"""@task.run_if, @task.skip_if and @task.bash: what they skip, what they say, and what stands behind them."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_conditions_and_commands", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task.run_if(lambda context: context["ds"] == "2026-01-05")
    @task
    def runs():
        return "ran"

    @task.run_if(lambda context: (False, "not today"))
    @task
    def runs_not():
        return "ran"

    @task.skip_if(lambda context: True, skip_message="skipped")
    @task.bash
    def skips():
        return "echo ran"

    @task.run_if(lambda context: True)
    @task.skip_if(lambda context: False)
    @task.bash
    def command(word, ds):
        return f"echo first; echo {word} {ds} {{{{ ds_nodash }}}}"

    @task.run_if(lambda context: False)
    @task.branch
    def chooses():
        return "never"

    @task.skip_if(lambda context: context["ti"].map_index == 1)
    @task
    def of_each(number):
        return number

    @task.bash(skip_on_exit_code=7)
    def leaves(code):
        return f"exit {code}"

    @task.bash
    def no_command():
        return ""

    @task(trigger_rule="all_done")
    def behind():
        return "behind"

    @task
    def after_skip():
        return "never"

    started = runs()
    [started, runs_not(), skips()] >> behind()
    command(started) >> chooses() >> after_skip()
    of_each.expand(number=[10, 20, 30])
    leaves.expand(code=[0, 7, 8])
    no_command()
