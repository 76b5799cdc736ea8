"""How the toy understands a command line: PATH... (default "."), and the options in toy.ini.

    [toy]                 options of all modules
    shout = yes           errors in capitals
    [toy-PATTERN]         options of the modules that the pattern matches, as in mypy.ini
"""

from __future__ import annotations

import configparser
import hashlib
import os
import platform
import sys
from typing import Any

VERSION = "1"
HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = {"shout": False}  # name -> default


class Refused(Exception):
    """The command line is wrong. One sentence."""


def describe(cwd: str, argv: list[str]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] | None = _describe(cwd, argv)
        status, said = None, ""
    except (Refused, configparser.Error) as err:
        answer, status, said = None, 2, f"toy: {err}\n"
    return {"event": "described", "exit": status, "stdout": "", "stderr": said, "answer": answer}


def _describe(cwd: str, argv: list[str]) -> dict[str, Any]:
    unknown = [word for word in argv if word.startswith("-")]
    if unknown:
        raise Refused(f"there is no option {unknown[0]}")
    directories: list[str] = []
    sources = [_source(path) for word in argv or ["."] for path in _files(cwd, word, directories)]
    config = os.path.join(cwd, "toy.ini")
    return {
        "checker": {"name": "toy", "version": VERSION, "format": [1, 0]},
        "python": {"executable": os.path.realpath(sys.executable), "version": platform.python_version(),
                   "implementation": sys.implementation.name, "platform": sys.platform,
                   "machine": platform.machine()},
        "toolchain": [["toy", VERSION, _digest(os.path.join(HERE, "sepal_toy_language.py"))]],
        "target": {"python_version": list(sys.version_info[:2]), "platform": sys.platform},
        "sources": sources,
        "search": {"python_path": [cwd], "mypy_path": [], "package_path": [],
                   "typeshed_path": [os.path.join(HERE, "toy_typeshed", "stdlib")]},
        "typeshed": os.path.join(HERE, "toy_typeshed"),
        "options": _options(config),
        "display": {"pretty": False, "color_output": False, "show_column_numbers": False, "show_error_end": False,
                    "hide_error_codes": False, "show_absolute_path": False, "error_summary": True, "output": None,
                    "warn_unused_configs": False, "config_file": None},
        "stub_distributions": {"flat": {}, "namespace": {}},
        "plugins": [],
        "plugin_config": None,
        "depends": {"files": [config] if os.path.exists(config) else [],
                    "absent": [] if os.path.exists(config) else [config], "dirs": directories, "env": {}},
    }


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _files(cwd: str, word: str, directories: list[str]) -> list[str]:
    """The .py files that a word of the command line stands for, relative to `cwd`; notes the directories seen."""
    path = os.path.normpath(os.path.join(cwd, word))
    if os.path.isfile(path):
        directories.append(os.path.dirname(path))
        return [os.path.relpath(path, cwd)]
    if not os.path.isdir(path):
        raise Refused(f"can't read '{word}': there is no such file or directory")
    found = []
    for directory, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        directories.append(directory)
        found += [os.path.relpath(os.path.join(directory, name), cwd) for name in sorted(names)
                  if name.endswith(".py")]
    return found


def _source(path: str) -> dict[str, Any]:
    parts = path[:-len(".py")].split(os.sep)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return {"path": path, "module": ".".join(parts), "base_dir": None, "followed": False}


def _options(config: str) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config, encoding="utf-8")
    sections = [[name.removeprefix("toy-"), _values(parser, name)] for name in parser.sections()
                if name.startswith("toy-")]
    common = _values(parser, "toy") if parser.has_section("toy") else {}
    return {"global": {**OPTIONS, **common}, "sections": sections, "cache_names": sorted(OPTIONS), "refused": []}


def _values(parser: configparser.ConfigParser, section: str) -> dict[str, bool]:
    for name in parser.options(section):
        if name not in OPTIONS:
            raise Refused(f"toy.ini: there is no option '{name}'")
    return {name: parser.getboolean(section, name) for name in parser.options(section)}
