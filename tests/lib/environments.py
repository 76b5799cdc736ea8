"""Virtual environments made by tests."""

from __future__ import annotations

import os
import shutil
import subprocess

from testrepo import checker_python

_PLACE = "import sysconfig; print(sysconfig.get_path('purelib'))"
_NOT_COPIED = ("__pycache__", "pip", "pip-*", "setuptools*", "jsonschema*")


def site_packages(python: str) -> str:
    done = subprocess.run([python, "-c", _PLACE], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def write_files(directory: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class Environment:
    """An environment at `path`, empty but for `files` in its site-packages; with_checker links what is installed beside
    the tests' own checker into it."""

    def __init__(self, path: str, files: dict[str, str] | None = None, with_checker: bool = False) -> None:
        subprocess.run([checker_python(), "-m", "venv", "--without-pip", "--symlinks", path], check=True)
        self.python = os.path.join(path, "bin", "python")
        self.site = site_packages(self.python)
        if with_checker:
            shutil.copytree(site_packages(checker_python()), self.site, copy_function=_link, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns(*_NOT_COPIED))
        write_files(self.site, files or {})

    def write(self, name: str, text: str) -> None:
        write_files(self.site, {name: text})

    def remove(self, name: str) -> None:
        path = os.path.join(self.site, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)
