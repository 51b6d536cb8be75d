"""Lowering: rewrites the syntax of today's Python as that of Python 3.6, without changing what it does."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeVar

from tradewind_backport_builder.findings import Finding, Findings
from tradewind_backport_builder.refusals import Refusals
from tradewind_backport_builder.walrus import lower_walrus

S = TypeVar("S", bound=ast.AST)


def lower(source: str, file: str) -> tuple[str, list[Finding]]:
    """Return the source for Python 3.6, and what of it could not be lowered.

    Comments are lost; docstrings stay.

    Args:
        source: a module.
        file: how to call it in findings.

    Raises:
        SyntaxError: the source is not Python.
    """
    findings = Findings(file)
    tree = Lowering().visit(ast.parse(source, filename=file))
    _drop_unused_typing(tree)
    ast.fix_missing_locations(tree)
    Refusals(findings).visit(tree)
    return f"{ast.unparse(tree)}\n", sorted(findings.all)


class Lowering(ast.NodeTransformer):
    """Takes away annotations and what only type checkers read; rewrites the rest where there is an older way."""

    def __init__(self) -> None:
        self._in_function = False

    def generic_visit(self, node: S) -> S:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                lowered = lower_walrus(statements)
                if not lowered and name == "body":
                    lowered = [ast.Pass()]
                setattr(node, name, lowered)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "__future__" else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if not _is_type_checking(node.test):
            return self.generic_visit(node)
        kept = [self.visit(statement) for statement in node.orelse]
        return _flat(kept)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST | None:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST | None:
        if any(_last_name(decorator) == "overload" for decorator in node.decorator_list):
            return None
        node.returns = None
        arguments = node.args
        arguments.args = [*arguments.posonlyargs, *arguments.args]
        arguments.posonlyargs = []
        for argument in (*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if argument is not None:
                argument.annotation = None
        outside, self._in_function = self._in_function, True
        lowered = self.generic_visit(node)
        self._in_function = outside
        return lowered

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        node.args.args = [*node.args.posonlyargs, *node.args.args]
        node.args.posonlyargs = []
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        outside, self._in_function = self._in_function, False
        lowered = self.generic_visit(node)
        self._in_function = outside
        return lowered

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Of a class or module keep the annotation as a text: `Value` reads the names. Of a function drop it."""
        if node.value is not None:
            node.value = self.visit(node.value)
        if not self._in_function:
            node.annotation = ast.Constant(ast.unparse(node.annotation))
            return node
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Turn `isinstance(x, A | B)` into `isinstance(x, (A, B))`, and `cast("X", y)` stays."""
        if isinstance(node.func, ast.Name) and node.func.id in {"isinstance", "issubclass"} and len(node.args) == 2:
            kinds = list(_union(node.args[1]))
            if len(kinds) > 1:
                node.args[1] = ast.Tuple(elts=kinds, ctx=ast.Load())
        return self.generic_visit(node)


def _union(node: ast.expr) -> Iterable[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _union(node.left)
        yield from _union(node.right)
    else:
        yield node


def _flat(lowered: Iterable[ast.AST | list[ast.stmt] | None]) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    for each in lowered:
        if isinstance(each, list):
            statements.extend(each)
        elif isinstance(each, ast.stmt):
            statements.append(each)
    return statements


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_type_checking(test: ast.expr) -> bool:
    return _last_name(test) == "TYPE_CHECKING"


def _drop_unused_typing(tree: ast.Module) -> None:
    """Drop what was imported for annotations only: Python 3.6 may not even have it."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if not isinstance(body, list):
            continue
        for statement in list(body):
            if isinstance(statement, ast.ImportFrom) and statement.module in {
                "typing",
                "collections.abc",
                "typing_extensions",
            }:
                statement.names = [each for each in statement.names if (each.asname or each.name) in used]
                if not statement.names:
                    body.remove(statement)
        if not body and not isinstance(parent, ast.Module):
            body.append(ast.Pass())
