"""The interfaces that are known, and loading them into the checker.

The process that answers only ever loads; it loads what many units need, before it forks. A child loads the rest of
what its unit needs. What `modules` holds while a unit runs is exactly the unit's dependencies: the checker looks
names up there, and must not find what the unit does not import.
"""

from __future__ import annotations

import gc
import hashlib
from typing import Any, Iterable

from mypy.build import BuildManager
from mypy.modules_state import modules_state
from mypy.nodes import MypyFile
from mypy.types import instance_cache

from librt.internal import ReadBuffer


class BadBlob(Exception):
    """An interface that cannot be loaded. One sentence."""


class Interface:
    """One module as a `modules` request announces it."""

    __slots__ = ("id", "path", "blob", "digest", "hash", "deps", "suppressed", "hot")

    def __init__(self, entry: dict[str, Any]) -> None:
        self.id: str = entry["id"]
        self.path: str = entry["path"]
        self.blob: str = entry["blob"]
        self.digest: str = entry["digest"]
        self.hash: bytes = bytes.fromhex(entry["interface"])
        self.deps: list[str] = entry["deps"]
        self.suppressed: list[str] = entry.get("suppressed", [])
        self.hot: bool = entry["hot"]


class Interfaces:
    def __init__(self, manager: BuildManager) -> None:
        self.manager = manager
        self.known: dict[str, Interface] = {}
        self.loaded: dict[str, MypyFile] = {}

    def announce(self, entries: Iterable[dict[str, Any]]) -> list[str]:
        """Remember these; the answer is the hot ones among them."""
        hot = []
        for entry in entries:
            known = Interface(entry)
            self.known[known.id] = known
            self.manager.import_map[known.id] = set(known.deps)
            if known.hot:
                hot.append(known.id)
        return hot

    def closure(self, ids: Iterable[str], but: Iterable[str] = ()) -> list[str]:
        """All that `ids` stand on, themselves included; what is depended on comes first (but for cycles)."""
        done: list[str] = []
        seen = set(but)
        for root in ids:
            if root in seen:
                continue
            seen.add(root)
            stack = [(root, iter(self._deps(root)))]
            while stack:
                top, rest = stack[-1]
                for dep in rest:
                    if dep not in seen:
                        seen.add(dep)
                        stack.append((dep, iter(self._deps(dep))))
                        break
                else:
                    done.append(top)
                    stack.pop()
        return done

    def _deps(self, module: str) -> list[str]:
        known = self.known.get(module)
        if known is None:
            raise BadBlob(f"Module {module} is needed, but its interface was never announced.")
        return known.deps

    def load(self, closure: list[str]) -> None:
        """Load what is not loaded yet. `closure` is closed under dependencies, in the order of `closure()`.

        mypy loads cycle by cycle (build.process_fresh_modules): first all symbol tables, then the references
        between them. One pass of each over everything that is missing comes to the same, because a reference is
        looked up by name in tables that are all there.
        """
        missing = [module for module in closure if module not in self.loaded]
        if not missing:
            return
        collecting = gc.isenabled()
        gc.disable()
        try:
            trees = {module: self._read(self.known[module]) for module in missing}
            self.loaded.update(trees)
            self.show(self.loaded)
            for tree in trees.values():
                _fix_cross_refs(tree)
        finally:
            gc.freeze()
            if collecting:
                gc.enable()

    def show(self, modules: dict[str, MypyFile]) -> None:
        """Let the checker see these and no others. In place: the checker holds this dictionary in many hands."""
        shown = self.manager.modules
        if shown is not modules:
            shown.clear()
            shown.update(modules)

    def _read(self, known: Interface) -> MypyFile:
        try:
            with open(known.blob, "rb") as blob:
                data = blob.read()
        except OSError as err:
            raise BadBlob(f"The interface of {known.id} could not be read: {err}.") from None
        if hashlib.sha256(data).hexdigest() != known.digest:
            raise BadBlob(f"The interface of {known.id} ({known.blob}) does not have the digest it was announced with.")
        try:
            tree = MypyFile.read(ReadBuffer(data))
        except Exception as err:
            raise BadBlob(f"The interface of {known.id} ({known.blob}) is not one of this mypy: {err!r}.") from None
        if tree.fullname != known.id:
            raise BadBlob(f"The interface announced for {known.id} is that of {tree.fullname}.")
        return tree


def _fix_cross_refs(tree: MypyFile) -> None:
    """What State.fix_cross_refs does, without a State."""
    fixer = modules_state.node_fixer
    assert fixer is not None
    fixer.visit_symbol_table(tree.names)
    for shared in (instance_cache.str_type, instance_cache.function_type, instance_cache.int_type,
                   instance_cache.bool_type, instance_cache.object_type):
        if shared is not None:
            shared.accept(fixer.type_fixer)
