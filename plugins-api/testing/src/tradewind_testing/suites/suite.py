"""What all suites have in common: gaps with reasons, and tests that cannot be removed silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Suite", "applies", "is_offline", "is_suite", "names_of_tests", "offline", "only_if"]

F = TypeVar("F", bound="Callable[..., Any]")


def offline(test: F) -> F:
    """Mark a test of a suite that needs no service."""
    test.needs_no_service = True  # type: ignore[attr-defined]
    return test


def only_if(capability: str) -> Callable[[F], F]:
    """Have a test apply only to what has a capability: an attribute of its suite, or one of an attribute, with a dot."""

    def mark(test: F) -> F:
        test.needed_capability = capability  # type: ignore[attr-defined]
        return test

    return mark


def applies(test: Any, suite: type) -> bool:
    """Return whether a test of a suite applies: the others are not collected."""
    found: Any = suite
    for name in filter(None, getattr(test, "needed_capability", "").split(".")):
        found = getattr(found, name)
    return bool(found)


def is_offline(test: Any) -> bool:
    """Return whether a test of a suite needs no service."""
    return getattr(test, "needs_no_service", False)


def is_suite(cls: type) -> bool:
    """Return whether a class derives from a suite."""
    return issubclass(cls, Suite)


def names_of_tests(cls: type) -> list[str]:
    """Return the names of a suite's tests."""
    return sorted(name for name in dir(cls) if name.startswith("test_"))


class Suite:
    """A class of tests that a provider derives from. Everything in it must hold; what cannot is said in `gaps`."""

    gaps: ClassVar[Mapping[str, str]] = {}
    """Why a test of the suite cannot hold here, by its name. It is skipped with that reason, and listed as a gap."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("tradewind_testing."):
            return
        mandatory = {
            name
            for base in cls.__mro__
            if base.__module__.startswith("tradewind_testing.")
            for name in names_of_tests(base)
        }
        replaced = sorted(mandatory & set(vars(cls)))
        if replaced:
            raise TypeError(
                f"{cls.__name__} replaces {replaced[0]}, which every provider has to pass; "
                f"if it cannot hold, say why: gaps = {{{replaced[0]!r}: 'the reason'}}"
            )
        for name, reason in cls.gaps.items():
            if name not in mandatory:
                raise TypeError(f"{cls.__name__} has a gap {name!r}, but its suite has no such test")
            if len(reason.split()) < 2:
                raise TypeError(f"the gap {name!r} of {cls.__name__} needs a reason, for the people who read it")
