"""The items of what is still to be built, by which files that wait for them are counted apart.

Names of Airflow carry their item (`tradewind_airflow_names.items`); here are those of arguments and decorators.
"""

from __future__ import annotations

from typing import Final

from tradewind_airflow_names import items

ARGUMENTS: Final = {
    "other users of the machine": "run_as_user",
}
OTHER_ARGUMENTS: Final = "the rest of the arguments"
_BY_ARGUMENT: Final = {name: item for item, names in ARGUMENTS.items() for name in names.split()}


def item_of_argument(name: str) -> str:
    """Return the item that an argument waits for."""
    return _BY_ARGUMENT.get(name, OTHER_ARGUMENTS)


def item_of_decorator(name: str) -> str:
    """Return the item that `@task.name` waits for: the rest are providers'."""
    return items.TASKFLOW if name == "stub" else items.PROVIDERS
