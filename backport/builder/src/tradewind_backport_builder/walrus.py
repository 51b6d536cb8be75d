"""Lowering of the walrus, where it is what a statement evaluates first: then it can stand before the statement."""

from __future__ import annotations

import ast

_LEFTMOST: dict[type[ast.AST], str] = {
    ast.Attribute: "value",
    ast.BinOp: "left",
    ast.Compare: "left",
    ast.Subscript: "value",
    ast.UnaryOp: "operand",
}
"""The part that an expression evaluates first, and always."""


def lower_walrus(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements with each walrus that can be lowered assigned on a line of its own. The others stay."""
    lowered: list[ast.stmt] = []
    for statement in statements:
        lowered.extend(_lowered(statement))
    return lowered


def _lowered(statement: ast.stmt) -> list[ast.stmt]:
    if isinstance(statement, ast.While) and not statement.orelse:
        return [_while(statement)]
    slot = _first_slot(statement)
    before: list[ast.stmt] = []
    while slot is not None and (found := _first(*slot)) is not None:
        before.append(_assignment(found))
    return [*before, statement]


def _while(statement: ast.While) -> ast.While:
    """Turn `while (x := f()):` into `while True: x = f(); if not x: break`."""
    before: list[ast.stmt] = []
    while (found := _first(statement, "test")) is not None:
        before.append(_assignment(found))
    if not before:
        return statement
    leave = ast.If(test=ast.UnaryOp(op=ast.Not(), operand=statement.test), body=[ast.Break()], orelse=[])
    statement.test = ast.Constant(value=True)
    statement.body = [*before, leave, *statement.body]
    return statement


def _first_slot(statement: ast.stmt) -> tuple[ast.AST, str] | None:
    """Return where the expression hangs that a statement evaluates first, and evaluates once."""
    if isinstance(statement, ast.If):
        return statement, "test"
    if isinstance(statement, (ast.Assign, ast.Expr, ast.Return)):
        return statement, "value"
    return None


def _first(owner: ast.AST, name: str) -> ast.NamedExpr | None:
    """Find the walrus that is evaluated before anything else in an expression, and put its name in its place."""
    node = getattr(owner, name)
    if isinstance(node, ast.NamedExpr):
        setattr(owner, name, ast.copy_location(ast.Name(id=node.target.id, ctx=ast.Load()), node))
        return node
    if type(node) in _LEFTMOST:
        return _first(node, _LEFTMOST[type(node)])
    if isinstance(node, ast.BoolOp):
        return _first_of(node.values)
    if isinstance(node, ast.Call):
        return _first(node, "func") or (_first_of(node.args) if isinstance(node.func, ast.Name) else None)
    return None


def _first_of(values: list[ast.expr]) -> ast.NamedExpr | None:
    """The same for the first of several expressions; what stands later may not be evaluated, or after other effects."""
    if not values:
        return None
    holder = ast.Expr(value=values[0])
    found = _first(holder, "value")
    values[0] = holder.value
    return found


def _assignment(found: ast.NamedExpr) -> ast.Assign:
    target = ast.Name(id=found.target.id, ctx=ast.Store())
    return ast.copy_location(ast.Assign(targets=[target], value=found.value), found)
