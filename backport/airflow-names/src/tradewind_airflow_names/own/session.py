"""Sessions on the view of the metadata database, as `airflow.utils.session` has them. SQLAlchemy is imported when one is made."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")
NEW_SESSION: Final = cast("Session", None)


@contextmanager
def create_session(scoped: bool = True) -> Iterator[Session]:
    """Give a session that is committed (which must find nothing to write) and closed at the end of the block.

    Arguments:
        scoped: whether it is this thread's own, as `settings.Session()` gives it.
    """
    # SQLAlchemy takes some tenths of a second and 26 MB, which a file that only imports this name has no need of
    made = importlib.import_module("tradewind_airflow_names.metadata.session")
    session = made.Session() if scoped else made.NonScopedSession()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


def provide_session(function: Callable[..., T]) -> Callable[..., T]:
    """Decorate a function with a parameter `session`: where none is given, it gets one for the time of the call.

    Raises:
        ValueError: the function has no such parameter.
    """
    names = list(inspect.signature(function).parameters)
    if "session" not in names:
        raise ValueError(f"the function {function.__qualname__} has no parameter 'session'")
    place = names.index("session")

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> T:
        given = args[place] if len(args) > place else kwargs.get("session")
        if given is not None or len(args) > place:
            return function(*args, **kwargs)
        with create_session() as session:
            return function(*args, **{**kwargs, "session": session})

    return called
