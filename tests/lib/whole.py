"""What a whole, cold run of mypy knows, as JSON: the oracle for tests of the worker.

Runs inside mypy's own interpreter:
    PYTHON whole.py plan ARGV...       the cycles that mypy makes of a command line, with all that a plan says of them
    PYTHON whole.py errors FILE...     the error tuples in meta_ex files
    PYTHON whole.py metas FILE...      what meta files say
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "src", "worker"))

from librt.internal import ReadBuffer  # noqa: E402
from mypy import build  # noqa: E402
from mypy.cache import CacheMeta, CacheMetaEx  # noqa: E402
from mypy.defaults import RECURSION_LIMIT  # noqa: E402
from mypy.errors import Errors  # noqa: E402
from mypy.fscache import FileSystemCache  # noqa: E402
from mypy.main import process_options  # noqa: E402
from mypy.metastore import FilesystemMetadataStore  # noqa: E402
from mypy.modulefinder import BuildSourceSet, compute_search_paths  # noqa: E402
from mypy.typestate import reset_global_state  # noqa: E402
from mypy.version import __version__  # noqa: E402

import sepal_mypy_options  # noqa: E402

REASONS = {"NOT_FOUND": "not-found", "FOUND_WITHOUT_TYPE_HINTS": "untyped",
           "WRONG_WORKING_DIRECTORY": "wrong-directory", "APPROVED_STUBS_NOT_INSTALLED": "stubs-not-installed"}


def typeshed_of(manager: Any) -> str:
    stdlib = next(path for path in manager.search_paths.typeshed_path if path.endswith("/stdlib"))
    return os.path.dirname(stdlib)


def canonical(manager: Any, module: str, path: str) -> str:
    typeshed = typeshed_of(manager)
    absolute = os.path.abspath(path)
    if absolute.startswith(typeshed + "/"):
        return "/proc/self/cwd/ts" + absolute[len(typeshed):]
    tail = module.replace(".", "/")
    name = os.path.basename(absolute)
    if name in ("__init__.py", "__init__.pyi"):
        tail += "/" + name
    elif not os.path.isdir(absolute):
        tail += os.path.splitext(name)[1]
    installed = any(absolute.startswith(root + "/") for root in manager.search_paths.package_path)
    return ("/proc/self/cwd/p/lib/python3/site-packages/" if installed else "/proc/self/cwd/s/") + tail


def missing_entry(manager: Any, name: str, ancestor: bool) -> dict[str, Any]:
    options = manager.options.clone_for_module(name)
    result = manager.find_module_cache.find_module(name, fast_path=False)
    if isinstance(result, str):
        reason = "error" if options.follow_imports == "error" else "skipped"
        return {"reason": reason, "quiet": options.ignore_missing_imports, "ancestor": ancestor}
    quiet = options.ignore_missing_imports or build.in_partial_package(name, manager)
    return {"reason": REASONS[result.name], "quiet": quiet, "ancestor": ancestor}


def manager_for(argv: list[str]) -> tuple[Any, Any]:
    fscache = FileSystemCache()
    sources, options = process_options(argv, fscache=fscache)
    options.incremental = False
    data_dir = build.default_data_dir()
    errors = Errors(options)
    plugin, snapshot = build.load_plugins(options, errors, sys.stderr, [])
    options.process_error_codes(error_callback=build.build_error)
    manager = build.BuildManager(
        data_dir, compute_search_paths(sources, options, data_dir), ignore_prefix=os.getcwd(),
        source_set=BuildSourceSet(sources), reports=None, options=options, version_id=__version__, plugin=plugin,
        plugins_snapshot=snapshot, errors=errors, flush_errors=lambda *_: None, fscache=fscache, stdout=sys.stderr,
        stderr=sys.stderr, metastore=FilesystemMetadataStore(os.devnull))
    return manager, sources


def plan(argv: list[str]) -> dict[str, Any]:
    manager, sources = manager_for(argv)
    reset_global_state()
    graph = build.load_graph(sources, manager)
    ancestors_missing = {name for state in graph.values() for name in state.ancestors if name not in graph}
    units = []
    for component in build.sorted_components(graph):
        states = sorted((graph[name] for name in component.mod_ids), key=lambda state: state.order)
        units.append([member(manager, graph, state, ancestors_missing) for state in states])
    options = manager.options
    plugins = [{"spec": spec, "path": plugin_path(options, spec)} for spec in options.plugins]
    return {"options": sepal_mypy_options.to_json(options), "typeshed": typeshed_of(manager), "units": units,
            "plugins": plugins}


def plugin_path(options: Any, spec: str) -> str | None:
    file = spec.rpartition(":")[0] if ":" in os.path.basename(spec) else spec
    if not file.endswith(".py"):
        return None
    return os.path.abspath(os.path.join(os.path.dirname(options.config_file), file))


def member(manager: Any, graph: Any, state: Any, ancestors_missing: set[str]) -> dict[str, Any]:
    direct = [dep for dep in state.dependencies if state.priorities.get(dep) != build.PRI_INDIRECT]
    away = list(state.suppressed) + [name for name in state.ancestors if name in ancestors_missing]
    source = os.path.abspath(state.path)
    return {
        "id": state.id, "path": canonical(manager, state.id, state.path),
        "shown": manager.errors.simplify_path(state.xpath),
        "source": None if os.path.isdir(source) else source, "silent": state.ignore_all,
        "options": sepal_mypy_options.to_json(manager.options.clone_for_module(state.id)), "deps": direct,
        "modules": {dep: canonical(manager, dep, graph[dep].path) for dep in direct},
        "missing": {name: missing_entry(manager, name, name in state.ancestors) for name in away},
        "suppressed": list(state.suppressed)}


def errors_of(path: str) -> list[list[Any]]:
    with open(path, "rb") as file:
        meta_ex = CacheMetaEx.read(ReadBuffer(file.read()))
    assert meta_ex is not None, path
    return [list(error) for error in meta_ex.error_lines]


def meta_of(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        meta = CacheMeta.read(ReadBuffer(file.read()[2:]), "")
    assert meta is not None, path
    return {name: value for name, value in meta.serialize().items()
            if name in ("id", "path", "dependencies", "suppressed", "plugin_data", "interface_hash", "dep_hashes")}


def main() -> None:
    sys.setrecursionlimit(RECURSION_LIMIT)
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "plan":
        result: Any = plan(rest)
    else:
        result = [errors_of(path) if what == "errors" else meta_of(path) for path in sys.stdin.read().split("\n")]
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
