"""What the standard library of Python 3.6 lacks. A list, not a proof: the test bed runs the result on a real 3.6."""

from __future__ import annotations

from typing import Final

MODULES: Final = {
    "contextvars": "3.7; keep the value in a threading.local",
    "dataclasses": "3.7; derive from tradewind_plugins.values.Value",
    "graphlib": "3.9",
    "importlib.metadata": "3.8",
    "importlib.resources": "3.7; read the file beside __file__",
    "tomllib": "3.11",
    "zoneinfo": "3.9",
}
"""Module -> the Python that brought it, and what to use instead."""

NAMES: Final = {
    "asyncio.create_task": "3.7; use asyncio.ensure_future",
    "asyncio.run": "3.7; use a loop's run_until_complete",
    "asyncio.to_thread": "3.9; use a loop's run_in_executor",
    "contextlib.aclosing": "3.10",
    "contextlib.nullcontext": "3.7; use contextlib.ExitStack()",
    "functools.cache": "3.9; use functools.lru_cache(maxsize=None)",
    "functools.cached_property": "3.8; keep the value in an attribute",
    "functools.singledispatchmethod": "3.8",
    "itertools.batched": "3.12",
    "itertools.pairwise": "3.10; use zip(items, items[1:])",
    "math.dist": "3.8",
    "math.prod": "3.8",
    "shlex.join": "3.8; use ' '.join(shlex.quote(part) for part in parts)",
    "time.monotonic_ns": "3.7",
    "time.time_ns": "3.7",
}
"""Function or class -> the same."""

METHODS: Final = {
    "fromisoformat": "3.7; use datetime.strptime",
    "is_relative_to": "3.9; use Path.relative_to",
    "isascii": "3.7",
    "removeprefix": "3.9; use startswith and a slice",
    "removesuffix": "3.9; use endswith and a slice",
}
"""Name of a method -> the same. A method of another class with the same name is refused too: rename it."""

ARGUMENTS: Final = {
    ("", "capture_output"): "subprocess has capture_output since 3.7; write stdout=PIPE, stderr=PIPE",
    ("unlink", "missing_ok"): "Path.unlink has missing_ok since 3.8; catch FileNotFoundError",
    ("zip", "strict"): "zip has strict since 3.10; check the lengths",
    ("copytree", "dirs_exist_ok"): "shutil.copytree has dirs_exist_ok since 3.8",
    ("run", "text"): "subprocess has text since 3.7; write universal_newlines=True",
    ("Popen", "text"): "subprocess has text since 3.7; write universal_newlines=True",
    ("check_output", "text"): "subprocess has text since 3.7; write universal_newlines=True",
}
"""(Called name or any, keyword) -> what to write instead."""

TYPING: Final = frozenset(
    [
        "AbstractSet",
        "Any",
        "AnyStr",
        "AsyncIterable",
        "AsyncIterator",
        "Awaitable",
        "ByteString",
        "Callable",
        "ChainMap",
        "ClassVar",
        "Collection",
        "Container",
        "ContextManager",
        "Coroutine",
        "Counter",
        "DefaultDict",
        "Deque",
        "Dict",
        "FrozenSet",
        "Generator",
        "Generic",
        "Hashable",
        "IO",
        "ItemsView",
        "Iterable",
        "Iterator",
        "KeysView",
        "List",
        "Mapping",
        "MappingView",
        "Match",
        "MutableMapping",
        "MutableSequence",
        "MutableSet",
        "NamedTuple",
        "NewType",
        "NoReturn",
        "Optional",
        "Pattern",
        "Reversible",
        "Sequence",
        "Set",
        "Sized",
        "SupportsAbs",
        "SupportsFloat",
        "SupportsInt",
        "SupportsRound",
        "TYPE_CHECKING",
        "Text",
        "TextIO",
        "Tuple",
        "Type",
        "TypeVar",
        "Union",
        "ValuesView",
        "cast",
        "get_type_hints",
        "no_type_check",
        "overload",
    ]
)
"""The names of `typing` in Python 3.6.2."""

BUILTIN_GENERICS: Final = frozenset({"dict", "frozenset", "list", "set", "tuple", "type"})
