"""The dialect's checker: finds in a lowered tree what Python 3.6 still would not understand."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tradewind_backport_builder import library
from tradewind_backport_builder.findings import Findings

_OUTSIDE = "outside of an annotation is of Python"
_MOVE = "move it under TYPE_CHECKING"


class Refusals(ast.NodeVisitor):
    """Visits a tree that `Lowering` has been through and refuses what is left."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.homes: dict[str, str] = {}  # local name -> full name of what was imported under it
        self.module_body: list[ast.stmt] = []
        self.functions = 0

    def generic_visit(self, node: ast.AST) -> None:
        sentence = _SYNTAX.get(type(node).__name__)
        if sentence is not None:
            self.findings.refuse(node, sentence)
        if getattr(node, "type_params", None):
            self.findings.refuse(node, "type parameters are of Python 3.12; use TypeVar")
        super().generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.homes[alias.asname or top] = alias.name if alias.asname else top
            self._check_module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self._check_module(node, module)
        for alias in node.names:
            full = f"{module}.{alias.name}"
            self.homes[alias.asname or alias.name] = full
            self._check_module(node, full)
            self._check_name(node, full)
            if module == "typing" and alias.name not in library.TYPING:
                self.findings.refuse(node, f"typing has no {alias.name} in Python 3.6; import it under TYPE_CHECKING")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name == "__getattr__" and self.functions == 0 and node in self.module_body:
            self.findings.refuse(node, "a module's own __getattr__ is of Python 3.7")
        if node.name == "__class_getitem__":
            self.findings.refuse(node, "__class_getitem__ is of Python 3.7")
        self._check_decorators(node)
        self.functions += 1
        self.generic_visit(node)
        self.functions -= 1

    def visit_Module(self, node: ast.Module) -> None:
        self.module_body = node.body
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._check_decorators(node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._full_name(node)
        if full:
            self._check_name(node, full)
        if node.attr in library.METHODS:
            self.findings.refuse(node, f".{node.attr} is of Python {library.METHODS[node.attr]}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords:
            for key in ((called, keyword.arg or ""), ("", keyword.arg or "")):
                if key in library.ARGUMENTS:
                    self.findings.refuse(node, library.ARGUMENTS[key])
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        full = self._full_name(node.value)
        if isinstance(node.value, ast.Name) and node.value.id in library.BUILTIN_GENERICS and not full:
            self.findings.refuse(node, f"{node.value.id}[...] {_OUTSIDE} 3.9; {_MOVE}")
        elif full and full.startswith("collections."):
            self.findings.refuse(node, f"{full}[...] {_OUTSIDE} 3.9; {_MOVE}")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.BitOr):
            self._check_union(node)
        self.generic_visit(node)

    def _check_union(self, node: ast.BinOp) -> None:
        sides = (node.left, node.right)
        if any(isinstance(side, (ast.Dict, ast.DictComp)) for side in sides):
            self.findings.refuse(node, "dicts have | since Python 3.9; write {**a, **b}")
        elif any(isinstance(side, ast.Constant) and side.value is None for side in sides):
            self.findings.refuse(node, f"X | None {_OUTSIDE} 3.10; {_MOVE}")
        elif any(isinstance(side, ast.Subscript) or getattr(side, "id", "") in _TYPES for side in sides):
            self.findings.refuse(node, f"X | Y {_OUTSIDE} 3.10; {_MOVE}")

    def _check_decorators(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            inner = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not _is_dotted(inner):
                self.findings.refuse(decorator, "a decorator is a dotted name or its call until Python 3.9")

    def _check_module(self, node: ast.AST, module: str) -> None:
        for prefix in _prefixes(module):
            if prefix in library.MODULES:
                self.findings.refuse(node, f"the module {prefix} is of Python {library.MODULES[prefix]}")

    def _check_name(self, node: ast.AST, full: str) -> None:
        if full in library.NAMES:
            self.findings.refuse(node, f"{full} is of Python {library.NAMES[full]}")

    def _full_name(self, node: ast.expr) -> str:
        """Return the full name of a dotted expression that begins with an imported name, else an empty text."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.homes:
            return ""
        return ".".join([self.homes[node.id], *reversed(parts)])


def _prefixes(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


_TYPES = frozenset(
    ["bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set", "str", "tuple"]
)

_SYNTAX = {
    "Match": "match is of Python 3.10; write if and elif",
    "NamedExpr": "this walrus cannot be lowered: assign on a line of its own",
    "TryStar": "except* is of Python 3.11",
    "TypeAlias": "a type statement is of Python 3.12; assign under TYPE_CHECKING",
    "TemplateStr": "t-strings are of Python 3.14",
}
