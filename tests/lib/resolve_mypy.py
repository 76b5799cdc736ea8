"""mypy's side of the resolver tests: runs in mypy's interpreter and answers the questions of resolve_dump.c with
mypy's own FindModuleCache.

    resolve_mypy.py tables              prints mypy's stub tables and typeshed's search path
    resolve_mypy.py answers < [config]  prints the list of lists of [status, path or null]
    resolve_mypy.py names               prints this interpreter's search path and every module name in or imported by it
"""

from __future__ import annotations

import ast
import json
import os
import sys
from typing import Any, Iterator

import mypy
from mypy import stubinfo
from mypy.modulefinder import FindModuleCache, SearchPaths, default_lib_path, get_search_dirs, load_stdlib_py_versions
from mypy.options import Options

STATUS = {"NOT_FOUND": "not-found", "FOUND_WITHOUT_TYPE_HINTS": "untyped", "WRONG_WORKING_DIRECTORY": "wrong-directory",
          "APPROVED_STUBS_NOT_INSTALLED": "stubs-not-installed"}


def tables() -> dict[str, Any]:
    data_dir = os.path.dirname(mypy.__file__)
    namespace = {}
    for members in stubinfo.non_bundled_packages_namespace.values():
        namespace.update(members)
    return {"stub_distributions": {"flat": dict(stubinfo.non_bundled_packages_flat), "namespace": namespace},
            "typeshed": os.path.join(data_dir, "typeshed"),
            "typeshed_path": default_lib_path(data_dir, sys.version_info[:2], None)}


def options_of(config: dict[str, Any]) -> Options:
    options = Options()
    options.python_version = tuple(config["python_version"])
    options.namespace_packages = config["namespace_packages"]
    options.per_module_options = {name: {"follow_untyped_imports": True} for name in config.get("follow_untyped", [])}
    options.build_per_module_cache()
    return options


def answers(config: dict[str, Any]) -> list[list[str | None]]:
    os.chdir(config["cwd"])
    paths = SearchPaths(*(tuple(config[kind + "_path"]) for kind in ("python", "mypy", "package", "typeshed")))
    finder = FindModuleCache(paths, None, options_of(config), load_stdlib_py_versions(config["typeshed"]))
    found = []
    for name in config["names"]:
        result = finder.find_module(name.removeprefix("~"), fast_path=name.startswith("~"))
        found.append(["found", result] if isinstance(result, str) else [STATUS[result.name], None])
    return found


def imported(path: str) -> Iterator[str]:
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")


def names() -> dict[str, Any]:
    sys_path, site_packages = get_search_dirs(sys.executable)
    found: dict[str, None] = {}
    for root in site_packages:
        for directory, below, files in os.walk(root):
            below.sort()
            package = os.path.relpath(directory, root).replace(os.sep, ".").removeprefix(".")
            for file in sorted(files):
                stem, extension = os.path.splitext(file)
                if extension not in (".py", ".pyi", ".so"):
                    continue
                parts = [part for part in (package, "" if stem == "__init__" else stem.partition(".")[0]) if part]
                found[".".join(parts) or "__init__"] = None
                if extension != ".so":
                    found.update(dict.fromkeys(imported(os.path.join(directory, file))))
    return {"package_path": list(sys_path) + list(site_packages), "names": list(found)}


if __name__ == "__main__":
    commands = {"tables": tables, "names": names, "answers": lambda: [answers(c) for c in json.load(sys.stdin)]}
    json.dump(commands[sys.argv[1]](), sys.stdout)
