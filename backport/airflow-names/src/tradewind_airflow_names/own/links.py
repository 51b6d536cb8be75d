"""`airflow.models.baseoperatorlink`: links of one's own from tasks to other systems."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar


class BaseOperatorLink(metaclass=ABCMeta):
    """A link from the pages of a task to somewhere else. Tradewind's pages do not show them yet."""

    operators: ClassVar[list[type]] = []

    @property
    @abstractmethod
    def name(self) -> str:
        """What people read on the button."""

    @abstractmethod
    def get_link(self, operator: Any, *args: Any, **kwargs: Any) -> str:
        """Return where the link of a task's try leads."""
