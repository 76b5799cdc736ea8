"""mypy's own view of files' imports, for tests/checker/test_scan_oracle.py. Run by the interpreter that has mypy.

    scan_mypy.py < QUESTION      see tests/lib/scan_dump.c; answers with {"blocked": bool} for what mypy cannot parse
    scan_mypy.py where           {"mypy": directory, "typeshed": directory}
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import mypy
from mypy.errors import CompileError
from mypy.nativeparse import deserialize_imports, native_parse
from mypy.nodes import Import, ImportBase, ImportFrom
from mypy.options import Options

Json = dict[str, Any]


def describe(node: ImportBase) -> list[Any]:
    if isinstance(node, Import):
        return ["import", node.line, 0, node.ids[0][0], []]
    if isinstance(node, ImportFrom):
        return ["from", node.line, node.relative, node.id, [name for name, _ in node.names]]
    return ["star", node.line, node.relative, node.id, []]


def parse(path: str, source: bytes | None, options: Options, strip: bool) -> Json:
    """As mypy.parse.parse does, which strips bodies when the module's errors are ignored."""
    try:
        tree, errors, _ = native_parse(path, options, source, skip_function_bodies=strip)
    except (CompileError, UnicodeDecodeError, LookupError):
        return {"blocked": True}
    if any(error.get("blocker", True) for error in errors):
        return {"blocked": True}
    raw = tree.raw_data
    assert raw is not None
    imports = [describe(i) for i in deserialize_imports(raw.imports) if not i.is_unreachable]
    return {"blocked": False, "imports": imports, "partial": raw.is_partial_stub_package,
            "template_strings": raw.uses_template_strings}


def answers(question: Json) -> list[Json]:
    options = Options()
    options.python_version = tuple(question["version"])
    options.platform = question["platform"]
    options.always_true = question.get("always_true", [])
    options.always_false = question.get("always_false", [])
    found = []
    inputs: list[tuple[str, bytes | None]] = [(path, None) for path in question.get("files", [])]
    inputs += [("__init__.pyi", bytes.fromhex(source)) for source in question.get("sources", [])]
    for path, source in inputs:
        answer = parse(path, source, options, False)
        if not answer["blocked"]:
            answer["kept"] = parse(path, source, options, True)["imports"]
        found.append(answer)
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["where"]:
        directory = os.path.dirname(mypy.__file__)
        json.dump({"mypy": directory, "typeshed": os.path.join(directory, "typeshed")}, sys.stdout)
    else:
        json.dump(answers(json.load(sys.stdin)), sys.stdout)
