"""What the checker is made of: distributions with versions and digests, for the key of every action."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any, Callable, Iterable, Iterator

_SUFFIXES = (".py", ".so", ".pyi", ".json", ".txt", ".typed")

# Parts of mypy's distribution that checking never loads.
_UNUSED = ("mypyc/", "mypy/test/")

# distribution -> the module that it brings
CHECKER = {"mypy": "mypy", "librt": "librt", "mypy_extensions": "mypy_extensions",
           "typing_extensions": "typing_extensions", "pathspec": "pathspec", "ast_serialize": "ast_serialize"}


def toolchain(plugins: Iterable[dict[str, Any]], brought: Iterable[str],
              read: Callable[[str], None]) -> list[list[str]]:
    """[name, version, sha256] of every part, sorted. `brought` are the modules that came with the plugins, and `read`
    hears of each file that the answer stands on."""
    parts = dict(CHECKER, **({"tomli": "tomli"} if sys.version_info < (3, 11) else {}))
    rows = [_distribution(name, module, read) for name, module in parts.items() if _exists(module)]
    by_module: Any = None
    for plugin in plugins:
        if _is_file(plugin):
            rows.append(_file(plugin, read))
            continue
        module = plugin["spec"].partition(":")[0].partition(".")[0]
        by_module = by_module or importlib.metadata.packages_distributions()
        rows.extend(_distribution(name, module, read) for name in by_module.get(module, [module]))
    rows.extend(_module(name, read) for name in brought if _is_brought(name))
    return sorted(set(map(tuple, rows)))  # type: ignore[arg-type]


def toolchain_files(plugins: Iterable[dict[str, Any]]) -> list[list[str]]:
    """[name, path] of every file that the checker and its plugins need to run where they are not installed: each costs
    a little in every action. Typeshed is not among them, of which an action brings what it needs; nor are the sources
    of compiled modules, which nobody reads."""
    parts = dict(CHECKER, **({"tomli": "tomli"} if sys.version_info < (3, 11) else {}))
    found: dict[str, str] = {}
    by_module: Any = None
    for plugin in plugins:
        _load(plugin)
        if not _is_file(plugin):
            module = plugin["spec"].partition(":")[0].partition(".")[0]
            by_module = by_module or importlib.metadata.packages_distributions()
            parts.update((name, module) for name in by_module.get(module, [module]))
    for name, module in parts.items():
        if _exists(module):
            found.update(_files_of(name, module))
    found.update(_place(name) for name in sorted(sys.modules) if plugins and _is_brought(name))
    compiled = {name[:-len(suffix)] for name in found for suffix in EXTENSION_SUFFIXES if name.endswith(suffix)}
    return sorted([name, path] for name, path in found.items()
                  if not (name.endswith(".py") and name[:-len(".py")] in compiled) and not name.startswith(_UNUSED))


def _load(plugin: dict[str, Any]) -> None:
    """What it brings along shows in sys.modules. That it can be loaded is known from the description."""
    module = plugin["spec"].partition(":")[0]
    if not _is_file(plugin):
        importlib.import_module(module)
        return
    directory, name = os.path.split(plugin["path"])
    sys.path.insert(0, directory)
    try:
        importlib.import_module(name[:-len(".py")])
    finally:
        sys.path.remove(directory)


def _is_file(plugin: dict[str, Any]) -> bool:
    return plugin["path"] is not None and plugin["spec"].partition(":")[0].endswith(".py")


def _files_of(name: str, module: str) -> Iterator[tuple[str, str]]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        yield from _walk(module)
        return
    files = [str(file).replace(os.sep, "/") for file in distribution.files or ()]
    located = {file: str(distribution.locate_file(file)) for file in files}
    if not any(path in _origins(module) for path in located.values()):
        yield from _walk(module)
    for file, path in located.items():
        # plugins ask for their version
        wanted = file.endswith("/METADATA") if ".dist-info/" in file else _own(file)
        if wanted and not file.startswith("..") and os.path.isfile(path):
            yield file, path


def _walk(module: str) -> Iterator[tuple[str, str]]:
    origin = next(iter(_origins(module)), None)
    if origin is None:
        return
    if os.path.basename(origin).partition(".")[0] != "__init__":
        yield os.path.basename(origin), origin
        return
    root = os.path.dirname(origin)
    for directory, _, files in os.walk(root):
        for file in files:
            path = os.path.join(directory, file)
            relative = os.path.relpath(path, os.path.dirname(root)).replace(os.sep, "/")
            if _own(relative):
                yield relative, path


def _place(name: str) -> tuple[str, str]:
    """Where a module that came along has to lie."""
    path = os.path.abspath(sys.modules[name].__file__ or "")
    base = os.path.basename(path)
    parts = name.split(".") if base.startswith("__init__.") else name.split(".")[:-1]
    return "/".join([*parts, base]), path


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _file(plugin: dict[str, Any], read: Callable[[str], None]) -> list[str]:
    read(plugin["path"])
    return [plugin["spec"], "", _sha256(plugin["path"])]


def _is_brought(name: str) -> bool:
    """Neither the interpreter's nor the checker's own, nor ours: what a plugin imports from beside itself, or from
    another package."""
    top = name.partition(".")[0]
    path = getattr(sys.modules[name], "__file__", None)
    return (isinstance(path, str) and os.path.isfile(path) and top not in sys.stdlib_module_names
            and top not in CHECKER.values() and not top.startswith("sepal_"))


def _module(name: str, read: Callable[[str], None]) -> list[str]:
    path = os.path.abspath(sys.modules[name].__file__ or "")
    read(path)
    return [name, "", _sha256(path)]


def _distribution(name: str, module: str, read: Callable[[str], None]) -> list[str]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return [name, "", _digest(_from_disk(module, read))]
    files = list(distribution.files or ())
    if any(str(distribution.locate_file(file)) in _origins(module) for file in files):
        record = next((file for file in files if file.name == "RECORD"), None)
        if record is not None:
            read(str(distribution.locate_file(record)))
        return [name, distribution.version, _digest(_from_record(distribution, files))]
    return [name, distribution.version, _digest(_from_disk(module, read))]  # an editable installation


def _from_record(distribution: Any, files: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for file in files:
        path = str(file).replace(os.sep, "/")
        if path.startswith("..") or ".dist-info/" in path or not _own(path):
            continue
        if file.hash is not None and file.hash.mode == "sha256":
            yield path, base64.urlsafe_b64decode(file.hash.value + "==").hex()
        else:
            yield path, _sha256(str(distribution.locate_file(file)))


def _from_disk(module: str, read: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    origin = next(iter(_origins(module)), None)
    if origin is None:
        return
    if os.path.basename(origin).partition(".")[0] != "__init__":
        read(origin)
        yield os.path.basename(origin), _sha256(origin)
        return
    root = os.path.dirname(origin)
    for directory, names, files in os.walk(root):
        names.sort()
        for file in sorted(files):
            path = os.path.join(directory, file)
            relative = os.path.relpath(path, os.path.dirname(root))
            if _own(relative):
                read(path)
                yield relative, _sha256(path)


def _own(path: str) -> bool:
    return path.endswith(_SUFFIXES) and "__pycache__/" not in path and not path.startswith("mypy/typeshed/")


def _origins(module: str) -> list[str]:
    """The module's file; of a package without __init__ (librt is one), every file in it."""
    spec = importlib.util.find_spec(module)
    if spec is None:
        return []
    if spec.origin is not None:
        return [spec.origin]
    return sorted(os.path.join(place, name) for place in spec.submodule_search_locations or ()
                  for name in os.listdir(place))


def _digest(lines: Iterable[tuple[str, str]]) -> str:
    whole = hashlib.sha256()
    for path, digest in sorted(lines):
        whole.update(f"{path}\0{digest}\n".encode())
    return whole.hexdigest()


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
