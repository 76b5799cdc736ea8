"""The interfaces that are known, and loading them into the checker.

The process that answers only ever loads; it loads what many units need, before it forks. A child loads the rest of
what its unit needs. What `modules` holds while a unit runs is exactly the unit's dependencies: the checker looks
names up there, and must not find what the unit does not import.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
from typing import Any, Iterable

from mypy.build import BuildManager
from mypy.modules_state import modules_state
from mypy.nodes import MypyFile
from mypy.types import instance_cache

from librt.internal import ReadBuffer

_TRUTH = bytes.maketrans(b"01", b"\0\1")


class BadBlob(Exception):
    """An interface that cannot be loaded. One sentence."""


class Unannounced(BadBlob):
    """An interface that nobody announced, or not yet."""


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
        self.hot: list[str] = []
        # Sets of modules are integers: with thousands of modules, and a closure for each, nothing else is small enough.
        self.ids: list[str] = []
        self.bits: dict[str, int] = {}
        self.closures: dict[str, int] = {}
        self.with_suppressed = 0

    def announce(self, entries: Iterable[dict[str, Any]]) -> bool:
        """Remember these. True if one of them was known with another interface."""
        changed = False
        for entry in entries:
            known = Interface(entry)
            changed = self._place(known) or changed
            self.known[known.id] = known
            self.manager.import_map[known.id] = set(known.deps)
            if known.suppressed:
                self.with_suppressed |= self.bits[known.id]
            if known.hot:
                self.hot.append(known.id)
        return changed

    def _place(self, known: Interface) -> bool:
        before = self.known.get(known.id)
        if before is None:
            self.bits[known.id] = 1 << len(self.ids)
            self.ids.append(known.id)
            return False
        changed = before.digest != known.digest
        if changed and known.id in self.loaded:
            # What is loaded refers to the first one, and would go on doing so.
            raise ValueError(f"{known.id} is loaded and has another interface than when it was announced first")
        self.closures.clear()
        self.with_suppressed &= ~self.bits[known.id]
        return changed

    def load_hot(self) -> None:
        """Load what many units will need, as far as all that it stands on is known."""
        waiting, self.hot = self.hot, []
        for module in waiting:
            try:
                self.load(self.members(self.closure([module])))
            except Unannounced:
                self.hot.append(module)

    def closure(self, modules: Iterable[str]) -> int:
        """All that `modules` stand on, themselves included, as a set of bits."""
        closure = 0
        for module in modules:
            if module not in self.closures:
                self._close(module)
            closure |= self.closures[module]
        return closure

    def _close(self, module: str) -> None:
        """Settle the closure of a module and of all below it: cycles need a few rounds, other modules one."""
        below, seen = [module], {module}
        for name in below:
            for dep in self._deps(name):
                if dep not in seen and dep not in self.closures:
                    seen.add(dep)
                    below.append(dep)
        closures = {name: self.bits[name] for name in below}
        changed = True
        while changed:
            changed = False
            for name in reversed(below):
                closure = closures[name]
                for dep in self.known[name].deps:
                    closure |= closures[dep] if dep in closures else self.closures[dep]
                changed |= closure != closures[name]
                closures[name] = closure
        self.closures.update(closures)

    def _deps(self, module: str) -> list[str]:
        known = self.known.get(module)
        if known is None:
            raise Unannounced(f"Module {module} is needed, but its interface was never announced.")
        return known.deps

    def members(self, closure: int) -> list[str]:
        """The modules of a set of bits, in the order in which they were announced."""
        return list(itertools.compress(self.ids, format(closure, "b")[::-1].encode().translate(_TRUTH)))

    def suppressed(self, closure: int) -> set[str]:
        """Imports that lead nowhere, anywhere in the closure."""
        return {name for module in self.members(closure & self.with_suppressed)
                for name in self.known[module].suppressed}

    def load(self, closure: list[str]) -> None:
        """Load what is not loaded yet. `closure` is closed under dependencies.

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
