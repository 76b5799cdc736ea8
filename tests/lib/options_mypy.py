"""mypy's side of the options tests: runs in mypy's interpreter.

    options_mypy.py make < [{"ini": text, "more": {name: value}, "modules": [ids]}, ...]
        parses each configuration as mypy does and prints, for each, `described` (as the worker's `describe` gives it),
        `values` and `hashes` (of each module, by mypy's own clone_for_module) and `unused`.
    options_mypy.py read < [{"text", "toml": bool, "modules": [ids]}, ...]
        prints for each {"stderr", "values", "hashes"} as a process with that configuration file has them.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "worker"))

from librt.internal import WriteBuffer  # noqa: E402
from mypy.cache import write_json_value  # noqa: E402
from mypy.config_parser import parse_config_file  # noqa: E402
from mypy.options import OPTIONS_AFFECTING_CACHE_NO_PLATFORM, Options  # noqa: E402
from mypy.util import hash_digest  # noqa: E402
from sepal_mypy_options import FIXED_OPTIONS, plain, to_json  # noqa: E402


def parse(text: str, toml: bool, directory: str) -> tuple[Options, str]:
    path = os.path.join(directory, "pyproject.toml" if toml else "mypy.ini")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    options, stderr = Options(), io.StringIO()
    parse_config_file(options, lambda: None, path, stderr, stderr)
    return options, stderr.getvalue()


def cache_hash(options: Options) -> str:
    """build.options_snapshot()["other_options"]"""
    buffer = WriteBuffer()
    write_json_value(buffer, options.select_options_affecting_cache()[1])
    return hash_digest(buffer.getvalue())


def refuse(message: str) -> None:
    raise ValueError(message)


def make(question: dict[str, Any], directory: str) -> dict[str, Any]:
    options, stderr = parse(question["ini"], False, directory)
    assert not stderr, (stderr, question["ini"])
    for name, value in (question["more"] | FIXED_OPTIONS).items():
        setattr(options, name, value)
    options.process_error_codes(error_callback=refuse)
    sections = [[pattern, {name: plain(value) for name, value in changes.items()}]
                for pattern, changes in options.per_module_options.items()]
    described = {"global": to_json(options), "sections": sections,
                 "cache_names": list(OPTIONS_AFFECTING_CACHE_NO_PLATFORM)}
    resolved = [options.clone_for_module(name) for name in question["modules"]]
    unused = options.get_unused_configs()
    return {"described": described, "values": [to_json(one) for one in resolved],
            "hashes": [cache_hash(one) for one in resolved],
            "unused": [pattern for pattern in options.per_module_options if pattern in unused]}


def read(question: dict[str, Any], directory: str) -> dict[str, Any]:
    options, stderr = parse(question["text"], question["toml"], directory)
    options.process_error_codes(error_callback=refuse)
    resolved = [options.clone_for_module(name) for name in question["modules"]]
    return {"stderr": stderr, "values": [to_json(one) for one in resolved],
            "hashes": [cache_hash(one) for one in resolved]}


if __name__ == "__main__":
    command = {"make": make, "read": read}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as scratch:
        json.dump([command(question, scratch) for question in json.load(sys.stdin)], sys.stdout)
