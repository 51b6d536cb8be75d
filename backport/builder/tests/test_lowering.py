"""Lowered code means the same, and is Python 3.6.

Each case is run as written and as lowered, and the results compared.
"""

from __future__ import annotations

import ast
import textwrap

import pytest
from tradewind_backport_builder.lowering import lower

SAME = {
    "annotations": """
        from __future__ import annotations
        from collections.abc import Callable, Mapping
        from typing import Literal, Protocol

        def f(a: int | None, *args: tuple[int, ...], b: Callable[[int], str] = str, **kwargs: Mapping[str, int]) -> list[str]:
            local: dict[str, int] = {"a": 1}
            undefined: Literal["x"]
            return [b(a), *map(b, args), str(local), str(kwargs)]

        result = f(1, 2, c=3)
    """,
    "annotations of a class are kept as text": """
        from __future__ import annotations

        class A:
            x: int | None
            y: list[str] = []

        result = list(A.__annotations__)
    """,
    "positional only": """
        def f(a, b=2, /, c=3, *, d=4):
            return a, b, c, d

        g = lambda a, /, b: (a, b)
        result = [f(1), f(1, 5, d=6), g(1, b=2)]
    """,
    "walrus in an if": """
        def f(text):
            if (at := text.find("b")) >= 0:
                return at
            elif (at := text.find("c")) >= 0 and at > 1:
                return -at
            return at

        result = [f("ab"), f("xxc"), f("c"), f("")]
    """,
    "walrus in a while": """
        items, result = [3, 2, 0, 1], []
        while (item := items.pop(0)) and len(result) < 9:
            result.append(item)
    """,
    "walrus in a return and an assignment": """
        def f(a):
            b = (c := a + 1) * 2
            return (d := b + c) + d

        result = f(1)
    """,
    "f-string with an equals sign": """
        x = {"a": 1}
        result = [f"{x=}", f"{x['a'] + 1 = }", f"{x!r:>10}", f"{'it'}'s {x['a']:03d}"]
    """,
    "isinstance of a union": """
        result = [isinstance(x, int | str | tuple) for x in (1, "a", None, ())]
    """,
    "type checking only": """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from nowhere import Nothing
        else:
            Nothing = 5
        result = Nothing
    """,
    "overloads": """
        from typing import overload

        @overload
        def f(a: int) -> int: ...
        @overload
        def f(a: str) -> str: ...
        def f(a):
            return a

        result = f(1)
    """,
    "bodies that become empty": """
        class A:
            from typing import Protocol

        def f():
            x: int

        def g():
            if True:
                from typing import Protocol
            return 1

        result = [f(), g()]
    """,
    "unpacking": """
        def f(*a):
            return (*a, 1)

        result = [f(*[2], *[3]), {**{"a": 1}, "b": 2}, [*range(2), 5]]
    """,
}

REFUSED = {
    "match": ("match x:\n    case 1: pass", 1, "match is of Python 3.10"),
    "walrus too late": ("x = [1]\ny = x and (z := 5)", 2, "this walrus cannot be lowered"),
    "walrus in a comprehension": ("[y for x in [] if (y := x)]", 1, "this walrus cannot be lowered"),
    "walrus after an effect": ("print(print(), (x := 1))", 1, "this walrus cannot be lowered"),
    "module": (
        "import os\nimport dataclasses",
        2,
        "dataclasses is of Python 3.7; derive from tradewind_plugins.values",
    ),
    "submodule": ("from importlib import metadata", 1, "the module importlib.metadata is of Python 3.8"),
    "name": ("from functools import cached_property", 1, "functools.cached_property is of Python 3.8"),
    "name by attribute": ("import functools as f\nf.cache(len)", 2, "functools.cache is of Python 3.9"),
    "method": ("'a'.removeprefix('b')", 1, ".removeprefix is of Python 3.9"),
    "argument": (
        "import subprocess\nsubprocess.run([], capture_output=True)",
        2,
        "subprocess has capture_output since 3.7",
    ),
    "strict zip": ("zip([], [], strict=True)", 1, "zip has strict since 3.10"),
    "typing name": ("from typing import Protocol\nclass A(Protocol): pass", 1, "typing has no Protocol in Python 3.6"),
    "generic builtin": ("X = dict[str, int]", 1, "dict[...] outside of an annotation is of Python 3.9"),
    "generic abc": (
        "from collections.abc import Callable\nX = Callable[[int], str]",
        2,
        "collections.abc.Callable[...]",
    ),
    "union": ("X = int | None", 1, "X | None outside of an annotation is of Python 3.10"),
    "union of dicts": ("x = {} | {}", 1, "dicts have | since Python 3.9"),
    "decorator": ("@(lambda f: f)\ndef f(): pass", 1, "a decorator is a dotted name or its call until Python 3.9"),
    "module getattr": ("def __getattr__(name): pass", 1, "a module's own __getattr__ is of Python 3.7"),
}


def run(source):
    names = {"__name__": "example"}
    exec(compile(source, "example", "exec", dont_inherit=True), names)  # noqa: S102 - our own examples
    return names["result"]


@pytest.mark.parametrize("name", SAME)
def test_lowered_code_means_the_same(name):
    source = textwrap.dedent(SAME[name])
    lowered, findings = lower(source, "example.py")
    assert findings == []
    ast.parse(lowered, feature_version=(3, 6))
    assert ":=" not in lowered
    assert "from __future__" not in lowered
    assert run(lowered) == run(source)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_lowered_is_refused_with_its_line(name):
    source, line, sentence = REFUSED[name]
    (finding,) = lower(source, "example.py")[1]
    assert str(finding).startswith(f"example.py:{line}: ")
    assert sentence in finding.message


def test_a_method_called_getattr_is_no_module_getattr():
    source = "class A:\n    def __getattr__(self, name):\n        return 1\n"
    assert lower(source, "example.py")[1] == []


def test_annotations_alone_need_nothing_of_typing():
    lowered, findings = lower("from typing import Final, Literal, cast\nx: Final = cast('int', 1)\n", "example.py")
    assert findings == []
    assert "from typing import cast\n" in lowered
