"""`@task`: tasks from functions."""
import functools

from tradewind_plugins.decorated import DecoratedOperator, function_name, returns_dict, unique_task_id
from tradewind_plugins.exceptions import TradewindException


class TaskFactory:
    """A function whose call makes a task and returns the promise of its result."""

    def __init__(self, function, arguments):
        functools.update_wrapper(self, function)
        self.function = function
        self.arguments = dict(arguments)

    def __call__(self, *args, **kwargs):
        given = dict(self.arguments)
        if given.get("multiple_outputs") is None:
            given["multiple_outputs"] = returns_dict(self.function)
        wanted = given.pop("task_id", None) or function_name(self.function)
        task_id = unique_task_id(wanted, given.get("dag"))
        made = DecoratedOperator(
            task_id=task_id, python_callable=self.function, op_args=args, op_kwargs=kwargs, **given
        )
        return made.output

    def override(self, **arguments):
        """Return the same function with other arguments of its task."""
        merged = dict(self.arguments)
        merged.update(arguments)
        return TaskFactory(self.function, merged)

    def expand(self, **values):
        """Refuse: Airflow 1.10 has no mapped tasks."""
        raise TradewindException("Airflow 1.10 has no mapped tasks, so {}.expand() cannot run".format(self.__name__))

    partial = expand


def task(function=None, **arguments):
    """Make tasks of a function: `@task`, or `@task(task_id=..., retries=...)`."""
    if function is None:
        return lambda each: TaskFactory(each, arguments)
    return TaskFactory(function, arguments)
