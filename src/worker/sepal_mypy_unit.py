"""One unit (an import cycle, or a single module) from its sources, every dependency from its interface.

The steps are mypy's own (build.load_graph, process_stale_scc_interface, process_stale_scc_implementation,
process_stale_scc_full), with two differences: imports are not looked up but told, and what mypy would write to its
cache directory is handed back as bytes.
"""

from __future__ import annotations

import hashlib
from typing import Any, ContextManager

from librt.internal import cache_version
from mypy.build import (
    PRI_INDIRECT, SCC, State, SuppressionReason, module_not_found, order_ascc_ex, skipping_ancestor, skipping_module,
)
from mypy.cache import CACHE_VERSION, CacheMeta, CacheMetaEx, WriteBuffer, write_json_value
from mypy.checker import DeferredNode
from mypy.errors import CompileError
from mypy.modulefinder import ModuleNotFoundReason
from mypy.nodes import FileRawData
from mypy.plugin import ReportConfigContext
from mypy.semanal_main import semantic_analysis_for_scc
from mypy.util import hash_digest, hash_digest_bytes, json_dumps
from mypy.version import __version__

from sepal_mypy_manager import Checker
from sepal_mypy_parts import Report, check_in_parts
from sepal_mypy_uses import used_modules
from sepal_trace import Trace

_REASONS = {
    "not-found": ModuleNotFoundReason.NOT_FOUND,
    "untyped": ModuleNotFoundReason.FOUND_WITHOUT_TYPE_HINTS,
    "wrong-directory": ModuleNotFoundReason.WRONG_WORKING_DIRECTORY,
    "stubs-not-installed": ModuleNotFoundReason.APPROVED_STUBS_NOT_INSTALLED,
}
_TEXT = 6  # in the tuple of a message
_FOUND_BUT_LEFT_OUT = ("skipped", "error")  # by follow_imports

# Bodies may be deferred once more since 2.4 (build.process_stale_scc_implementation).
_PASS_BEFORE_BODIES = -1 if tuple(map(int, __version__.split(".")[:2])) >= (2, 4) else 0


class Discovered(Exception):
    """The sources depend on modules that the plan does not have."""

    def __init__(self, dependencies: dict[str, list[str]]) -> None:
        super().__init__(dependencies)
        self.dependencies = dependencies


class Blocked(Exception):
    """An error after which mypy does not go on."""

    def __init__(self, phase: str, messages: list[list[Any]]) -> None:
        super().__init__(phase)
        self.phase = phase
        self.messages = messages


class Unit:
    def __init__(self, checker: Checker, request: dict[str, Any], trace: Trace) -> None:
        self.checker = checker
        self.trace = trace
        self.manager = checker.manager
        self.number: int = request["unit"]
        self.members: list[dict[str, Any]] = request["members"]
        self.kept: dict[str, Any] = request.get("kept", {"interfaces": {}, "members": {}})
        self.said: dict[str, str] = {}
        self.modules: dict[str, str | None] = request["modules"]
        self.missing: dict[str, dict[str, Any]] = request["missing"]
        self.elsewhere: list[str] = request.get("elsewhere", [])
        self.graph: dict[str, State] = {}
        self.order: list[str] = []
        self.hashes: dict[str, bytes] = {}
        self.uses: dict[str, set[str]] = {}
        self.aside: dict[str, Any] | None = None
        self.seconds_elsewhere = 0.0  # that forks worked on bodies, while this process did as well

    def makes_builtins(self) -> bool:
        return any(member["id"] == "builtins" for member in self.members)

    # Parsing and imports: what load_graph does.

    def load(self) -> None:
        """Parse the members, settle their imports and load what they depend on."""
        parsed = self.checker.ahead.take(self.members) if self.checker.ahead else None
        with self._phase("build trees" if parsed else "parse"):
            self._parse(parsed or [])
        self._compare_with_plan()
        for state in self.graph.values():
            self._settle_imports(state)
        with self._phase("load"):
            self._load_dependencies()

    def _phase(self, name: str) -> ContextManager[None]:
        return self.trace.phase(name, self.members[0]["id"])

    def _parse(self, parsed: list[FileRawData]) -> None:
        try:
            self._start()
            states = list(self.graph.values())
            for state, data in zip(states, parsed):
                state.parse_file(raw_data=data)
            self.manager.parse_all(states, post_parse=False)  # those that have no tree
            for state in states:
                state.compute_dependencies()
        except CompileError as err:
            raise Blocked("parse", self._messages(err)) from None

    def _start(self) -> None:
        sources = {member["path"]: member["source"] for member in self.members}
        missing: dict[str, ModuleNotFoundReason | str] = {}
        for name, entry in self.missing.items():
            reason = entry["reason"]
            missing[name] = self.modules.get(name) or name if reason in _FOUND_BUT_LEFT_OUT else _REASONS[reason]
        digests = {member["path"]: member["digest"] for member in self.members}
        self.checker.start_unit(sources, digests, self.modules, missing)
        for order, member in enumerate(self.members, 1):
            source = "" if member["source"] is None else None
            self.graph[member["id"]] = self._state(
                order, member["id"], member["path"], source, self._options(member), member["silent"])

    def _state(self, order: int, name: str, path: str, source: str | None, options: Any, silent: bool) -> State:
        return State(
            manager=self.manager, order=order, id=name, path=path, source=source, options=options, ignore_all=silent,
            caller_line=0, import_context=[], meta=None, interface_hash=b"", meta_source_hash=None, dependencies=[],
            suppressed=[], priorities={}, dep_line_map={}, dep_hashes={}, error_lines=[], imports_ignored={})

    def _options(self, member: dict[str, Any]) -> Any:
        return self.checker.option_sets[member["options"]]

    def _compare_with_plan(self) -> None:
        unknown = {}
        for member in self.members:
            state, extra = self.graph[member["id"]], member["extra_deps"]
            missing = [dep for dep in state.dependencies if not self._planned(dep, extra)]
            if missing:
                unknown[member["id"]] = missing
        if unknown:
            raise Discovered(unknown)

    def _planned(self, dep: str, extra: list[str]) -> bool:
        return (dep in self.graph or dep in self.missing or self.modules.get(dep) is not None or dep in extra
                or dep == "builtins")

    def _settle_imports(self, state: State) -> None:
        """The step of load_graph that finds no module behind an import and says so."""
        assert state.ancestors is not None
        for dep in state.ancestors + list(state.dependencies):
            entry = self.missing.get(dep)
            if entry is None:
                continue
            self.manager.import_options[dep] = self.manager.options.dep_import_options()
            if dep in state.suppressed_set:
                self.manager.missing_modules.setdefault(dep, SuppressionReason.NOT_FOUND)
                continue
            self._diagnose(state, dep, entry)
            if dep in state.dependencies_set:
                state.suppress_dependency(dep)

    def _diagnose(self, state: State, dep: str, entry: dict[str, Any]) -> None:
        """find_module_and_diagnose, for a name of which the outcome is known."""
        manager, reason = self.manager, entry["reason"]
        ancestor = dep in state.ancestors
        line = state.dep_line_map.get(dep, 1)
        why = SuppressionReason.NOT_FOUND
        if reason in _FOUND_BUT_LEFT_OUT:
            if reason == "error" and ancestor:
                skipping_ancestor(manager, dep, "", state)
            elif reason == "error":
                skipping_module(manager, line, state, dep, "")
            if not entry["quiet"]:
                why = SuppressionReason.SKIPPED
        elif not ancestor and not entry["quiet"]:
            module_not_found(manager, line, state, dep, _REASONS[reason])
        manager.missing_modules[dep] = why

    def _load_dependencies(self) -> None:
        interfaces, manager = self.checker.interfaces, self.manager
        trees = dict(manager.modules)
        direct = {dep for state in self.graph.values() for dep in state.dependencies if dep not in self.graph}
        closure = interfaces.closure(direct)
        names = interfaces.members(closure)
        interfaces.load(names)
        interfaces.show({**{name: interfaces.loaded[name] for name in names}, **trees})
        for name in (*interfaces.suppressed(closure), *self.elsewhere):
            manager.missing_modules.setdefault(name, SuppressionReason.NOT_FOUND)
        for name, state in self.graph.items():
            manager.import_map[name] = state.dependencies_set

    # Interfaces: what process_stale_scc_interface does.

    def two_phases(self) -> bool:
        return all(state.options.local_partial_types for state in self.graph.values())

    def interface(self) -> list[tuple[str, bytes, bytes]]:
        """(member, data, meta) for each member, in mypy's order; data and meta as its cache would have them."""
        try:
            with self._phase("analyze"):
                self._analyze()
            with self._phase("top levels"):
                self._check_top_levels()
        except CompileError as err:
            raise Blocked("analysis", self._messages(err)) from None
        if len(self.members) > 1 and not self._depends_on_order():
            self.said = {name: self._digest_of_messages(state) for name, state in self.graph.items()}
        with self._phase("write"):
            return self._write()

    def _depends_on_order(self) -> bool:
        """Some messages are given only once, by whoever comes first: with links to error codes, those of bodies too."""
        return bool(getattr(self.manager.options, "show_error_code_links", False))

    def _digest_of_messages(self, state: State) -> str:
        messages = self.manager.errors.file_messages(state.xpath)
        return hashlib.sha256(repr([tuple(message) for message in messages]).encode("utf-8", "replace")).hexdigest()

    def _analyze(self) -> None:
        self.order = order_ascc_ex(self.graph, SCC(set(self.graph), 0))
        semantic_analysis_for_scc(self._with_builtins(), self.order, self.manager.errors)

    def _with_builtins(self) -> dict[str, State]:
        """The analyzer asks the graph for one module that may not be in the unit."""
        if "builtins" in self.graph:
            return self.graph
        known = self.checker.interfaces.known["builtins"]
        state = self._state(0, "builtins", known.path, None, self.manager.options, True)
        state.tree = self.checker.interfaces.loaded["builtins"]
        return {**self.graph, "builtins": state}

    def _check_top_levels(self) -> None:
        unfinished = set(self.order)
        for name in self.order:
            self.graph[name].type_check_first_pass(recurse_into_functions=False)
            if not self.graph[name].type_checker().deferred_nodes:
                unfinished.discard(name)
        while unfinished:
            for name in self.order:
                if name in unfinished:
                    if not self.graph[name].type_check_second_pass(recurse_into_functions=False):
                        unfinished.discard(name)

    def _write(self) -> list[tuple[str, bytes, bytes]]:
        written = [(name, *self._data(self.graph[name])) for name in self.order]
        members = {member["id"]: member for member in self.members}
        return [(name, data, self._meta(members[name], plugin_data)) for name, data, plugin_data in written]

    def _data(self, state: State) -> tuple[bytes, Any]:
        assert state.tree is not None and state.path is not None
        state.tree.path = state.path
        context = ReportConfigContext(state.id, state.path, is_check=False)
        plugin_data = self.manager.plugin.report_config_data(context)
        buffer = WriteBuffer()
        state.tree.write(buffer)
        data = buffer.getvalue()
        state.interface_hash = self.hashes[state.id] = hash_digest_bytes(data + json_dumps(plugin_data))
        return data, plugin_data

    def _meta(self, member: dict[str, Any], plugin_data: Any) -> bytes:
        state = self.graph[member["id"]]
        assert state.path is not None and state.source_hash is not None
        direct = [dep for dep in state.dependencies if state.priorities.get(dep) != PRI_INDIRECT]
        meta = CacheMeta(
            id=state.id, path=state.path, mtime=0, size=self.checker.files.size(state.path), hash=state.source_hash,
            dependencies=direct, data_mtime=0, data_file="",
            suppressed=[dep for dep in state.suppressed if state.priorities.get(dep) != PRI_INDIRECT],
            imports_ignored=state.imports_ignored, options=self._options_snapshot(member, state),
            suppressed_deps_opts=state.suppressed_deps_opts(), dep_prios=state.dependency_priorities(),
            dep_lines=state.dependency_lines(), dep_hashes=[self._hash(dep) for dep in direct],
            interface_hash=state.interface_hash, trans_dep_hash=b"", version_id=self.manager.version_id,
            ignore_all=state.ignore_all, plugin_data=plugin_data)
        buffer = WriteBuffer()
        meta.write(buffer)
        return bytes([cache_version(), CACHE_VERSION]) + buffer.getvalue()

    def _options_snapshot(self, member: dict[str, Any], state: State) -> dict[str, Any]:
        """build.options_snapshot; inline configuration is not in it, but for the one option that mypy adds."""
        platform, values = self._options(member).select_options_affecting_cache()
        buffer = WriteBuffer()
        write_json_value(buffer, values)
        return {"platform": platform, "other_options": hash_digest(buffer.getvalue()),
                "local_partial_types": state.options.local_partial_types, "is_parallel": False}

    def _hash(self, dep: str) -> bytes:
        return self.hashes[dep] if dep in self.hashes else self.checker.interfaces.known[dep].hash

    def pause(self) -> None:
        self.aside = self.checker.put_aside()

    # Bodies: what process_stale_scc_implementation does.

    def bodies(self, lanes: int) -> list[tuple[str, Report]]:
        """(member, its report) for each member whose report of before does not stand, in mypy's order."""
        assert self.aside is not None
        self.checker.take_up(self.aside)
        self.aside = None
        changed = {name for name, before in self.kept["interfaces"].items() if self.hashes[name].hex() != before}
        wanted = [name for name in self.order if not self._stands(name, changed)]
        try:
            reports, self.seconds_elsewhere = check_in_parts(
                wanted, 1 if self._depends_on_order() else lanes, self._check_member, self.trace)
        except CompileError as err:
            raise Blocked("analysis", self._messages(err)) from None
        return [(name, reports[name]) for name in wanted]

    def _stands(self, name: str, changed: set[str]) -> bool:
        before = self.kept["members"].get(name)
        return before is not None and before["said"] == self.said.get(name) and changed.isdisjoint(before["uses"])

    def _check_member(self, name: str) -> Report:
        self._check_bodies(self.graph[name])
        return self._report(self.graph[name])

    def _check_bodies(self, state: State) -> None:
        checker = state.type_checker()
        if checker.can_skip_diagnostics and not checker.options.preserve_asts:
            self._finish(state)
        else:
            checker.pass_num = _PASS_BEFORE_BODIES
            checker.deferred_nodes.clear()
            assert state.tree is not None
            todo = [DeferredNode(node.node, info) for _, node, info in state.tree.local_definitions(impl_only=True)]
            state.type_check_second_pass(todo=todo, impl_only=True)
            while checker.deferred_nodes and state.type_check_second_pass(impl_only=True):
                pass
            state.detect_possibly_undefined_vars()
            self._finish(state)
        self._check_ignores(state)

    def _finish(self, state: State) -> None:
        assert state.tree is not None
        self.uses[state.id] = used_modules(state.tree, state.type_map(), self.graph, self.checker.mentioned)
        state.finish_passes()

    @staticmethod
    def _check_ignores(state: State) -> None:
        state.generate_unused_ignore_notes()
        state.generate_ignore_without_code_notes()

    def _report(self, state: State) -> Report:
        errors = self.manager.errors
        silent = state.xpath in errors.ignored_files
        indirect = [dep for dep in state.dependencies if state.priorities.get(dep) == PRI_INDIRECT]
        meta_ex = CacheMetaEx(
            dependencies=indirect,
            suppressed=[dep for dep in state.suppressed if state.priorities.get(dep) == PRI_INDIRECT],
            dep_hashes=[self._hash(dep) for dep in indirect],
            error_lines=[] if silent else errors.file_messages(state.xpath))
        buffer = WriteBuffer()
        meta_ex.write(buffer)
        beyond = self.uses[state.id].difference(state.dependencies)
        beyond.update(dep for dep in indirect if dep in self.graph)  # the result leaves these out
        return buffer.getvalue(), sorted(beyond.intersection(self.manager.modules))

    # One phase, without local_partial_types: what process_stale_scc_full does.

    def whole(self) -> tuple[list[tuple[str, bytes, bytes]], list[tuple[str, Report]]]:
        try:
            with self._phase("analyze and check"):
                self._analyze()
                self._check_everything()
        except CompileError as err:
            raise Blocked("analysis", self._messages(err)) from None
        written = self._write()
        return written, [(name, self._report(self.graph[name])) for name in self.order]

    def _check_everything(self) -> None:
        unfinished = set(self.order)
        for name in self.order:
            state = self.graph[name]
            state.type_check_first_pass()
            if not state.type_checker().deferred_nodes:
                self._finish_whole(state, unfinished)
        while unfinished:
            for name in self.order:
                if name in unfinished and not self.graph[name].type_check_second_pass():
                    self._finish_whole(self.graph[name], unfinished)
        for name in self.order:
            self._check_ignores(self.graph[name])

    def _finish_whole(self, state: State, unfinished: set[str]) -> None:
        unfinished.discard(state.id)
        state.detect_possibly_undefined_vars()
        self._finish(state)

    def _messages(self, err: CompileError) -> list[list[Any]]:
        """The tuples behind a blocking error. An unreadable file has none: mypy makes its line by hand.

        A syntax error may quote a NUL of the source, which is no text for anyone."""
        errors = self.manager.errors
        tuples = [list(message) for path in errors.error_info_map for message in errors.file_messages(path)]
        for message in tuples:
            message[_TEXT] = message[_TEXT].replace("\0", "")
        return tuples or [self._by_hand(line) for line in err.messages]

    def _by_hand(self, line: str) -> list[Any]:
        for member in self.members:
            prefix = member["path"] + ": error: "
            if line.startswith(prefix):
                return [member["path"], -1, -1, -1, -1, "error", line[len(prefix):], None]
        return [None, -1, -1, -1, -1, "error", line.removeprefix("mypy: error: "), None]
