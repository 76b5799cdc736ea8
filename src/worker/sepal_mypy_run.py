"""mypy's side of the loop in sepal_server.py."""

from __future__ import annotations

import gc
import sys
from typing import Any

import sepal_mypy_manager
from sepal_frames import BadFrame
from sepal_mypy_batch import Batch
from sepal_mypy_interfaces import BadBlob
from sepal_mypy_manager import Checker
from sepal_mypy_options import BadOptions
from sepal_server import Refused
from sepal_trace import Trace


class MypyAdapter:
    """See sepal_server.Adapter."""

    def describe(self, cwd: str, argv: list[str]) -> dict[str, Any]:
        from sepal_mypy_describe import describe  # needed once, and only when nothing is cached

        return describe(cwd, argv)

    def files(self, plugins: list[dict[str, Any]]) -> list[list[str]]:
        from sepal_mypy_toolchain import toolchain_files

        return toolchain_files(plugins)

    def begin(self, request: dict[str, Any]) -> None:
        try:
            self.checker = Checker(request)
        except sepal_mypy_manager.Refused as err:
            raise Refused(str(err)) from None
        gc.freeze()

    def define_options(self, index: int, values: dict[str, Any]) -> None:
        try:
            self.checker.define_options(index, values)
        except BadOptions as err:
            raise BadFrame(str(err)) from None

    def announce(self, modules: list[dict[str, Any]]) -> bool:
        return self.checker.interfaces.announce(modules)

    def load_hot(self) -> None:
        try:
            self.checker.interfaces.load_hot()
        except BadBlob as err:
            # Whoever needs it will try again, fail in its child and say so for its unit.
            sys.stderr.write(f"{err}\n")

    def load(self, modules: list[str]) -> None:
        interfaces = self.checker.interfaces
        try:
            interfaces.load(interfaces.members(interfaces.closure(modules)))
        except BadBlob as err:
            sys.stderr.write(f"{err}\n")

    def expect(self, members: list[dict[str, Any]]) -> None:
        if self.checker.ahead:
            gc.disable()
            self.checker.ahead.parse(self.checker, members)

    def check(self, request: dict[str, Any], pipe: int, trace: Trace) -> bool:
        return Batch(self.checker, request, pipe, trace).run()
