"""Records what mypy looks at while it makes sense of a command line.

mypy reads configuration, crawls directories and asks the environment in many places. Rather than list them here and
fall behind, the doors to the outside (open, os.path.exists, os.environ, mypy's file system cache) note what passes.
"""

from __future__ import annotations

import builtins
import os
import stat
from collections.abc import Iterator, MutableMapping
from typing import Any

from mypy.fscache import FileSystemCache

# Decide how text looks (help, colours, translations); not what is checked.
_TEXT_ONLY = frozenset({
    "COLUMNS", "FORCE_COLOR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LINES", "MYPY_FORCE_COLOR",
    "MYPY_FORCE_TERMINAL_WIDTH", "NO_COLOR", "PYTHON_COLORS", "TERM",
})
# Read before recording can begin: when Python starts and when mypy.defaults is imported.
_ALWAYS = ("HOME", "MYPYPATH", "MYPY_CACHE_DIR", "MYPY_CONFIG_FILE_DIR", "MYPY_NUM_WORKERS", "PYODIDE", "PYTHONHOME",
           "PYTHONNOUSERSITE", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUSERBASE", "XDG_CONFIG_HOME")


class CrawlLog(FileSystemCache):
    """mypy's cache, with a note of every directory listed and every path looked at."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self.record = record

    def listdir(self, path: str) -> list[str]:
        self.record.dirs.add(os.path.abspath(path))
        return super().listdir(path)

    def stat_or_none(self, path: str) -> os.stat_result | None:
        found = super().stat_or_none(path)
        self.record.looked(path, found is not None and not stat.S_ISDIR(found.st_mode), found is None)
        return found


class _Environment(MutableMapping[str, str]):
    """Stands in for os.environ; what is set here stays here."""

    def __init__(self, real: Any, log: dict[str, str | None]) -> None:
        self.real, self.log = real, log
        self.own: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in _TEXT_ONLY:
            self.log[name] = self.real.get(name)
        return self.own[name] if name in self.own else self.real[name]

    def __setitem__(self, name: str, value: str) -> None:
        self.own[name] = value

    def __delitem__(self, name: str) -> None:
        self.own.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter({**self.real, **self.own})

    def __len__(self) -> int:
        return len({**self.real, **self.own})

    def copy(self) -> dict[str, str]:
        return {**self.real, **self.own}


class Record:
    """Use as a context: recording begins and ends with it."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.absent: set[str] = set()
        self.dirs: set[str] = set()
        self.env: dict[str, str | None] = {name: os.environ.get(name) for name in _ALWAYS}

    def looked(self, path: str, is_file: bool, is_absent: bool) -> None:
        """A crawl does little else, so paths are kept as they are. Nothing changes the directory meanwhile."""
        if is_absent:
            self.absent.add(path)
        elif is_file:
            self.dirs.add(path.rpartition("/")[0] or os.path.dirname(os.path.abspath(path)))

    def __enter__(self) -> Record:
        self._saved = (os.environ, os.path.exists, os.path.isfile, builtins.open)
        os.environ = _Environment(os.environ, self.env)  # type: ignore[assignment]
        os.path.exists = self._asking(os.path.exists)
        os.path.isfile = self._asking(os.path.isfile)
        builtins.open = self._opening(builtins.open)
        return self

    def __exit__(self, *_: object) -> None:
        os.environ, os.path.exists, os.path.isfile, builtins.open = self._saved

    def _asking(self, real: Any) -> Any:
        def ask(path: Any) -> bool:
            found = real(path)
            if isinstance(path, str):
                self.looked(path, found, not found)
            return found
        return ask

    def _opening(self, real: Any) -> Any:
        def opening(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            opened = real(file, mode, *args, **kwargs)
            if isinstance(file, str) and not set(mode) & set("wax+"):
                self.files.add(os.path.abspath(file))
            return opened
        return opening

    def to_json(self, typeshed: str) -> dict[str, Any]:
        """Sorted. Left out: what a listed directory says anyway, typeshed (its files are inputs one by one, and
        VERSIONS is among the files read) and message catalogues."""
        dirs = {path for path in map(os.path.abspath, self.dirs) if not path.startswith(typeshed + "/")}
        absent = {os.path.abspath(path) for path in self.absent if path.rpartition("/")[0] not in self.dirs}
        gone = {_first_gone(path) for path in absent
                if not path.startswith(typeshed + "/") and not path.endswith(".mo")}
        return {"files": sorted(path for path in self.files if os.path.isfile(path)),
                "absent": sorted(path for path in gone if os.path.dirname(path) not in dirs),
                "dirs": sorted(dirs), "env": dict(sorted(self.env.items()))}


def _first_gone(path: str) -> str:
    """Of an absent path, the part that would have to appear first."""
    while not os.path.lexists(parent := os.path.dirname(path)):
        path = parent
    return path
