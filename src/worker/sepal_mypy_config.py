"""The part of a configuration file that belongs to plugins, for the place where they run."""

from __future__ import annotations

import configparser
import re
import sys
from typing import Any, Callable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INI_HEADER = re.compile(r"\[([^\]]+)\]")
_TOML_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")


def plugin_config(path: str | None) -> dict[str, str] | None:
    """What is left of the file without mypy's own sections."""
    if not path:
        return None
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.lower().endswith(".toml"):
        return {"format": "toml", "text": _checked(text, _without(text, _TOML_HEADER, _mypy_table), _toml)}
    return {"format": "ini", "text": _checked(text, _without(text, _INI_HEADER, _mypy_section), _ini)}


def _mypy_section(name: str) -> bool:
    return name == "mypy" or name.startswith("mypy-")


def _mypy_table(name: str) -> bool:
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    return parts[:2] == ["tool", "mypy"]


def _without(text: str, header: re.Pattern[str], is_mypys: Callable[[str], bool]) -> str:
    kept, keeping = [], True
    for line in text.splitlines(keepends=True):
        found = header.match(line)
        if found:
            keeping = not is_mypys(found[1])
        if keeping:
            kept.append(line)
    return "".join(kept)


def _checked(whole: str, part: str, read: Callable[[str], Any]) -> str:
    """Cutting by lines can go wrong (a header inside a string): then the plugin gets the whole file."""
    try:
        return part if read(part) == read(whole) else whole
    except (configparser.Error, tomllib.TOMLDecodeError):
        return whole


def _toml(text: str) -> Any:
    data = tomllib.loads(text)
    tool = {name: table for name, table in data.pop("tool", {}).items() if name != "mypy"}
    return data, tool


def _ini(text: str) -> Any:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections() if not _mypy_section(name)}
