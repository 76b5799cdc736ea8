"""contextlib.contextmanager with less around it, for the checker.

mypy enters hundreds of thousands of context managers in a run, and what contextlib does for each (documentation, a
copy of the call for use as a decorator, three Python frames) was a twelfth of the time of a check. These do the same
in the one way that the checker uses: `with f(...):`. Whatever else happens is left to contextlib's own code.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Iterator

_Whole: Any = contextlib._GeneratorContextManager  # type: ignore[attr-defined]


class _Lean:
    __slots__ = ("gen", "call")

    def __init__(self, call: tuple[Any, ...], gen: Any) -> None:
        self.call = call
        self.gen = gen

    def __enter__(self) -> Any:
        for value in self.gen:
            return value
        raise RuntimeError("generator didn't yield")

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> Any:
        if kind is None:
            for _ in self.gen:
                raise RuntimeError("generator didn't stop")
            return False
        return _Whole.__exit__(self, kind, value, traceback)

    def __call__(self, function: Callable[..., Any]) -> Any:
        """As a decorator."""
        return _Whole(*self.call)(function)


def _contextmanager(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def helper(*args: Any, **kwds: Any) -> _Lean:
        return _Lean((function, args, kwds), function(*args, **kwds))

    return helper


@contextlib.contextmanager
def lean_context_managers() -> Iterator[None]:
    """What is imported meanwhile gets the lean ones."""
    whole = contextlib.contextmanager
    contextlib.contextmanager = _contextmanager  # type: ignore[assignment]
    try:
        yield
    finally:
        contextlib.contextmanager = whole
