"""What authors rely on, in one DAG that runs unchanged on Tradewind and on airflow 1.10."""

from datetime import datetime, timedelta

from tradewind import DAG, BaseOperator, BaseSensor, Variable, chain, task
from tradewind.exceptions import TradewindSkipException
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator


class GreetOperator(BaseOperator):
    template_fields = ("names",)

    def __init__(self, *, names, greeting="none", **kwargs):
        super().__init__(**kwargs)
        self.names = names
        self.greeting = greeting

    def execute(self, context):
        return [f"{self.greeting} {name}" for name in self.names]


class ThereSensor(BaseSensor):
    def poke(self, context):
        return context["logical_date"] == context["data_interval_start"]


def skip():
    raise TradewindSkipException("nothing to do")


with DAG(
    "semantics",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    default_args={"greeting": "good day", "retries": 3, "retry_delay": timedelta(seconds=1)},
    params={"who": "you"},
) as dag:

    @task
    def names(who, ds):
        return [who, ds]

    @task(multiple_outputs=True)
    def split(values, ti):
        ti.xcom_push(key="seen", value=len(values))
        return {"first": values[0], "rest": values[1:]}

    @task
    def join(first, rest, greeted):
        return [first, rest, greeted]

    listed = names("{{ params.who }}")
    parts = split(listed)
    greeted = GreetOperator(task_id="greet", names=listed, execution_timeout=timedelta(minutes=1))
    joined = join(parts["first"], rest=parts["rest"], greeted=greeted.output)

    variable = PythonOperator(task_id="variable", python_callable=lambda: Variable.get("greeting"))
    number = PythonOperator(task_id="number", python_callable=lambda n, ds: [n, ds], op_kwargs={"n": 7})
    skipped = PythonOperator(task_id="skipped", python_callable=skip)
    there = ThereSensor(task_id="there", poke_interval=1, timeout=5, mode="reschedule")
    shell = BashOperator(
        task_id="shell", bash_command='echo "one"; echo "$WHO {{ ds }}"', env={"WHO": "me"}, append_env=True
    )
    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    end = EmptyOperator(task_id="end", trigger_rule="none_failed_min_one_success")

    joined >> [left, right] >> end
    chain([variable, number], [left, right])
    chain([skipped, there, shell], end)
