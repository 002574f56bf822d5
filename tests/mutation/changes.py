"""The mistakes that can be made in a piece of syntax: for a node, the nodes to put in its place."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_PAIRS = (
    ("any", "all"),
    ("min", "max"),
    ("startswith", "endswith"),
    ("partition", "rpartition"),
    ("removeprefix", "removesuffix"),
    ("union", "intersection"),
    ("lower", "upper"),
    ("search", "fullmatch"),
)
_NAMES = dict(_PAIRS) | {second: first for first, second in _PAIRS} | {"sorted": "list"}
_EMPTY = {
    **dict.fromkeys(("dict", "Mapping", "Links"), "{}"),
    **dict.fromkeys(("list", "Sequence", "Iterable", "Iterator", "Collection"), "[]"),
    "frozenset": "frozenset()",
    "set": "set()",
    "str": "''",
    "tuple": "()",
}
HARMLESS = {"TypeVar", "cache", "dataclass", "lru_cache", "once"}
"""Calls and decorators without which the code is slower or less safe to edit, but does the same."""


def changes(node: ast.AST, returns: ast.expr | None) -> Iterator[ast.AST]:
    """What to put in place of `node`, in a function whose annotation is `returns`."""
    if isinstance(node, ast.Return):
        yield from _other_returns(node, returns)
    elif change := _CHANGES.get(type(node)):
        yield from change(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            yield _with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    for rest in _one_less(node.values):
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    yield from _other_operator(node)
    yield from (node.left, node.right)


def _aug_assign(node: ast.AugAssign) -> Iterator[ast.AST]:
    yield from _other_operator(node)
    yield ast.Pass()


def _other_operator(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    if other := _OPERATORS.get(type(node.op)):
        yield _with(node, op=other())


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
        if node.value > 0:
            yield ast.Constant(node.value - 1)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = name_of(node.func)
    if other := _NAMES.get(name):
        if isinstance(node.func, ast.Name):
            keywords = [] if other == "list" else node.keywords
            yield _with(node, func=ast.Name(other, ast.Load()), keywords=keywords)
        else:
            yield _with(node, func=_with(node.func, attr=other))
    if name == "suppress":
        yield from (_with(node, args=rest) for rest in _one_less(node.args))
    if name not in HARMLESS:
        for place, keyword in enumerate(node.keywords):
            if keyword.arg:
                yield _with(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])


def _elements(node: ast.Tuple | ast.List | ast.Set) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Set) and not isinstance(node.ctx, ast.Load):
        return
    for rest in _one_less(node.elts):
        empty_set = isinstance(node, ast.Set) and not rest
        yield _parsed("set()") if empty_set else _with(node, elts=rest)


def _dict(node: ast.Dict) -> Iterator[ast.AST]:
    for place in range(len(node.keys)):
        yield _with(
            node,
            keys=node.keys[:place] + node.keys[place + 1 :],
            values=node.values[:place] + node.values[place + 1 :],
        )


def _if_exp(node: ast.IfExp) -> Iterator[ast.AST]:
    yield from (node.body, node.orelse)


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    yield from (_with(node, ifs=rest) for rest in _one_less(node.ifs))


def _slice(node: ast.Slice) -> Iterator[ast.AST]:
    for bound in ("lower", "upper"):
        if getattr(node, bound):
            yield _with(node, **{bound: None})


def _if(node: ast.If) -> Iterator[ast.AST]:
    yield _with(node, test=_kept(node.test, value=True))
    yield _with(node, test=_kept(node.test, value=False))


def _while(node: ast.While) -> Iterator[ast.AST]:
    yield _with(node, test=_kept(node.test, value=False))


def _for(node: ast.For) -> Iterator[ast.AST]:
    yield _with(node, iter=ast.Tuple([], ast.Load()))


def _kept(test: ast.expr, *, value: bool) -> ast.expr:
    """A test with this outcome; the names that it gives are given all the same."""
    if any(isinstance(node, ast.NamedExpr) for node in ast.walk(test)):
        return ast.Subscript(ast.Tuple([test, ast.Constant(value)], ast.Load()), _one(), ast.Load())
    return ast.Constant(value)


def _one() -> ast.expr:
    return ast.Constant(1)


def _statement(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Pass()


def _expression_statement(node: ast.Expr) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Constant):  # a docstring, or the dots of a protocol
        return
    if isinstance(node.value, ast.Yield | ast.YieldFrom):
        nothing = _with(node, value=ast.YieldFrom(ast.Tuple([], ast.Load())))
        yield nothing
        return
    yield ast.Pass()


def _assign(node: ast.Assign) -> Iterator[ast.AST]:
    """A name that is never given is seen at once; an attribute or an item may not be missed."""
    if not any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets):
        yield ast.Pass()


def _handler(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    if not isinstance(node.type, ast.Tuple):
        yield _with(node, type=ast.Tuple([], ast.Load()))


def _definition(node: ast.FunctionDef | ast.ClassDef) -> Iterator[ast.AST]:
    for place, decorator in enumerate(node.decorator_list):
        name = name_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name not in HARMLESS:
            rest = node.decorator_list[:place] + node.decorator_list[place + 1 :]
            yield _with(node, decorator_list=rest)


def _other_returns(node: ast.Return, returns: ast.expr | None) -> Iterator[ast.AST]:
    yield ast.Pass()
    if node.value is None or returns is None:
        return
    kind = name_of(returns.value if isinstance(returns, ast.Subscript) else returns)
    if kind == "bool" and not isinstance(node.value, ast.Constant):
        yield _with(node, value=ast.UnaryOp(ast.Not(), node.value))
    elif kind in _EMPTY and ast.unparse(node.value) != _EMPTY[kind]:
        yield _with(node, value=_parsed(_EMPTY[kind]))


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _one_less(values: list[ast.expr]) -> Iterator[list[ast.expr]]:
    return (values[:place] + values[place + 1 :] for place in range(len(values)))


def _with(node: ast.AST, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


_CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.Assign: _assign,
    ast.AugAssign: _aug_assign,
    ast.BinOp: _bin_op,
    ast.BoolOp: _bool_op,
    ast.Break: _statement,
    ast.Call: _call,
    ast.ClassDef: _definition,
    ast.Compare: _compare,
    ast.Constant: _constant,
    ast.Continue: _statement,
    ast.Delete: _statement,
    ast.Dict: _dict,
    ast.ExceptHandler: _handler,
    ast.Expr: _expression_statement,
    ast.For: _for,
    ast.FunctionDef: _definition,
    ast.If: _if,
    ast.IfExp: _if_exp,
    ast.List: _elements,
    ast.Raise: _statement,
    ast.Set: _elements,
    ast.Slice: _slice,
    ast.Tuple: _elements,
    ast.UnaryOp: _unary_op,
    ast.While: _while,
    ast.comprehension: _comprehension,
}
