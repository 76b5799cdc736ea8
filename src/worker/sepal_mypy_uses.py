"""Which modules decide about a module though mypy does not record it.

mypy notes the modules behind the types of expressions (State.patch_indirect_dependencies). A definition is compared
with others without any expression: a method with those that it overrides, a class with the bases of its bases. An
operator's method is no expression either. Without these a change further away would not be seen, here as in mypy's own
cache.
"""

from __future__ import annotations

from typing import Any, Iterator

from mypy.indirection import TypeIndirectionVisitor
from mypy.nodes import (
    ComparisonExpr, Decorator, FuncDef, IndexExpr, MypyFile, OpExpr, OverloadedFuncDef, TypeAlias, TypeInfo,
    TypeVarExpr,
    UnaryExpr, Var,
)
from mypy.typevars import fill_typevars


def used_modules(tree: MypyFile, expressions: dict[Any, Any]) -> set[str]:
    """`expressions` is the checker's type map, whole."""
    return TypeIndirectionVisitor().find_modules([*_defined(tree), *_operators(expressions)])


def _defined(tree: MypyFile) -> Iterator[Any]:
    for _, symbol, _ in tree.local_definitions():
        node = symbol.node
        yield from _types_of(node)
        if isinstance(node, TypeInfo):
            yield from _compared_with(node)


def _compared_with(info: TypeInfo) -> Iterator[Any]:
    """The members of bases that a class's own ones override; those of several bases meet each other too."""
    for base in info.mro[1:-1]:
        for name, symbol in base.names.items():
            if name in info.names or len(info.bases) > 1:
                yield from _types_of(symbol.node)


def _types_of(node: Any) -> Iterator[Any]:
    found: list[Any] = []
    if isinstance(node, TypeInfo):
        found = [fill_typevars(node)]
    elif isinstance(node, Decorator):
        found = [node.var.type, node.func.type]
    elif isinstance(node, (FuncDef, OverloadedFuncDef, Var)):
        found = [node.type]
    elif isinstance(node, TypeAlias):
        found = [node.target]
    elif isinstance(node, TypeVarExpr):
        found = [node.upper_bound, *node.values]
    return (type_ for type_ in found if type_ is not None)


def _operators(expressions: dict[Any, Any]) -> Iterator[Any]:
    for expression in expressions:
        if isinstance(expression, (OpExpr, IndexExpr, UnaryExpr)):
            if expression.method_type is not None:
                yield expression.method_type
        elif isinstance(expression, ComparisonExpr):
            yield from (method for method in expression.method_types if method is not None)
