"""Which modules decide about a module though mypy does not record it.

mypy notes the modules behind the types of expressions (State.patch_indirect_dependencies). A definition is compared
with others without any expression: a method with those that it overrides, a class with the bases of its bases. An
operator's method is no expression either. Without these a change further away would not be seen, here as in mypy's own
cache.
"""

from __future__ import annotations

from typing import Any, Container, Iterator

from mypy.indirection import TypeIndirectionVisitor
from mypy.nodes import (
    ComparisonExpr, Decorator, FuncDef, IndexExpr, MypyFile, OpExpr, OverloadedFuncDef, TypeAlias, TypeInfo,
    TypeVarExpr,
    UnaryExpr, Var,
)
from mypy.typevars import fill_typevars


def used_modules(tree: MypyFile, expressions: dict[Any, Any], unit: Container[str],
                 known: dict[str, set[str]]) -> set[str]:
    """`expressions` is the checker's type map, whole. `known` remembers what classes outside of the unit mention: it
    holds as long as their interfaces are loaded."""
    mixed: dict[str, TypeInfo] = {}
    types = [*_defined(tree, mixed), *_operators(expressions)]
    modules = TypeIndirectionVisitor().find_modules(types)
    for name, info in mixed.items():
        if info.module_name in unit:
            modules |= _mentioned(info)
            continue
        if name not in known:
            known[name] = _mentioned(info)
        modules |= known[name]
    return modules


def _defined(tree: MypyFile, mixed: dict[str, TypeInfo]) -> Iterator[Any]:
    """`mixed` becomes the classes of which all members count."""
    for _, symbol, _ in tree.local_definitions():
        node = symbol.node
        yield from _types_of(node)
        if isinstance(node, TypeInfo):
            yield from _compared_with(node, mixed)


def _compared_with(info: TypeInfo, mixed: dict[str, TypeInfo]) -> Iterator[Any]:
    """The members of bases that a class's own ones override; those of several bases meet each other too."""
    for base in info.mro[1:-1]:
        if len(info.bases) > 1:
            mixed[base.fullname] = base
            continue
        for name in info.names:
            symbol = base.names.get(name)
            if symbol is not None:
                yield from _types_of(symbol.node)


def _mentioned(info: TypeInfo) -> set[str]:
    return TypeIndirectionVisitor().find_modules(
        [type_ for symbol in info.names.values() for type_ in _types_of(symbol.node)])


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
