"""mypy's BuildManager, set up to check one unit at a time, each as if it were the first.

Everything of mypy's that outlives a unit is named here: what is reset before one, and what is put aside between a
unit's interface step and its bodies.
"""

from __future__ import annotations

import io
import os
from typing import Any

from mypy.build import BuildManager, default_data_dir, load_plugins
from mypy.errors import CompileError, Errors
from mypy.metastore import FilesystemMetadataStore
from mypy.modulefinder import BuildSourceSet, FindModuleCache, ModuleNotFoundReason, SearchPaths
from mypy.options import Options
from mypy.plugin import Plugin
from mypy.types import TypeVarId
from mypy.typestate import reset_global_state
from mypy.util import get_class_descriptors
from mypy.version import __version__

from sepal_mypy_ahead import POSSIBLE, Ahead
from sepal_mypy_files import StagedFiles
from sepal_mypy_interfaces import Interfaces
from sepal_mypy_options import TYPESHED, BadOptions, from_json, without_codes

SITE_PACKAGES = "/proc/self/cwd/p/lib/python3/site-packages"

_NOWHERE = SearchPaths((), (), (), ())
_PATHS = SearchPaths((), (), (SITE_PACKAGES,), (
    f"{TYPESHED}/stdlib", f"{TYPESHED}/stubs/mypy-extensions", f"{TYPESHED}/stubs/librt"))


class Refused(Exception):
    """The checker cannot be set up as asked. One sentence."""


class Checker:
    """One BuildManager with everything that goes with it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.lanes = max(1, int(request["lanes"]))
        self.console = io.StringIO()  # what mypy prints: a crash and its traceback, and nothing else
        self.files = StagedFiles(request["typeshed"])
        self.option_sets: dict[int, Options] = {}
        self.mentioned: dict[str, set[str]] = {}  # for sepal_mypy_uses
        try:
            options = from_json(without_codes(request["options"]))
            self.errors = Errors(options, read_source=lambda path: None)
            plugin, snapshot = _load_plugins(options, self.errors, request)
            options = from_json(request["options"])
        except BadOptions as err:
            raise Refused(str(err)) from None
        except CompileError as err:
            raise Refused("; ".join(err.messages)) from None
        self.files.native_parser = options.native_parser
        self.ahead = Ahead() if options.native_parser and POSSIBLE else None
        self.manager = self._manager(options, plugin, snapshot, request["typeshed"])
        self.stdlib_versions = self.manager.find_module_cache.stdlib_py_versions
        self.interfaces = Interfaces(self.manager)
        self._errors_state = get_class_descriptors(Errors) + list(getattr(self.errors, "__dict__", ()))

    def _manager(self, options: Options, plugin: Plugin, snapshot: dict[str, str], typeshed: str) -> BuildManager:
        self.errors.options = options
        options.custom_typeshed_dir = typeshed  # stdlib/VERSIONS is read from the disk, once, here
        manager = BuildManager(
            default_data_dir(), _PATHS, ignore_prefix=os.getcwd(), source_set=BuildSourceSet([]), reports=None,
            options=options, version_id=__version__, plugin=plugin, plugins_snapshot=snapshot, errors=self.errors,
            error_formatter=None, flush_errors=lambda *_: None, fscache=self.files, stdout=self.console,
            stderr=self.console, metastore=FilesystemMetadataStore(os.devnull))
        options.custom_typeshed_dir = TYPESHED
        manager.plugin.set_modules(manager.modules)
        return manager

    def define_options(self, index: int, values: dict[str, Any]) -> None:
        self.option_sets[index] = from_json(values)

    def start_unit(self, sources: dict[str, str | None], digests: dict[str, str | None],
                   modules: dict[str, str | None], missing: dict[str, ModuleNotFoundReason | str]) -> None:
        """Forget the unit before; names resolve as `modules` and `missing` say and not otherwise. ChangedSource if a
        source does not have its digest."""
        manager = self.manager
        reset_global_state()
        self.files.use(sources)
        self.files.verify(digests)
        self.errors.initialize()
        self.errors.set_file("", None, manager.options)
        for memory in (manager.modules, manager.missing_modules, manager.ast_cache, manager.import_options,
                       manager.incomplete_namespaces, manager.missing_stub_packages):
            memory.clear()
        if hasattr(manager, "known_partial_packages"):
            manager.known_partial_packages.clear()
        finder = FindModuleCache(_NOWHERE, self.files, manager.options, stdlib_py_versions=self.stdlib_versions)
        for name, path in modules.items():
            finder.results[name] = path if path is not None else ModuleNotFoundReason.NOT_FOUND
        finder.results.update(missing)
        manager.find_module_cache = finder

    def put_aside(self) -> dict[str, Any]:
        """What a unit's bodies need of its interface step, while other units run in between."""
        errors = {}
        for name in self._errors_state:
            try:
                errors[name] = getattr(self.errors, name)
            except AttributeError:
                continue  # declared, but not set yet
        return {"errors": errors, "modules": dict(self.manager.modules), "sources": self.files.sources,
                "missing": dict(self.manager.missing_modules), "next_raw_id": TypeVarId.next_raw_id}

    def take_up(self, aside: dict[str, Any]) -> None:
        reset_global_state()
        for name, value in aside["errors"].items():
            setattr(self.errors, name, value)
        self.interfaces.show(aside["modules"])
        self.files.use(aside["sources"])
        self.manager.missing_modules.clear()
        self.manager.missing_modules.update(aside["missing"])
        TypeVarId.next_raw_id = aside["next_raw_id"]


def _load_plugins(options: Options, errors: Errors, request: dict[str, Any]) -> tuple[Plugin, dict[str, str]]:
    """mypy looks for plugin files beside the configuration file, and plugins read their own sections from it."""
    if not request["plugins"]:
        return load_plugins(options, errors, io.StringIO(), [])
    config = request["plugin_config"] or {"format": "ini", "text": ""}
    options.config_file = "pyproject.toml" if config["format"] == "toml" else "mypy.ini"
    with open(options.config_file, "w", encoding="utf-8") as file:
        file.write(config["text"])
    options.plugins = [_plugin_spec(plugin) for plugin in request["plugins"]]
    try:
        return load_plugins(options, errors, io.StringIO(), [])
    finally:
        options.plugins = [plugin["spec"] for plugin in request["plugins"]]


def _plugin_spec(plugin: dict[str, Any]) -> str:
    spec, path = plugin["spec"], plugin["path"]
    entry = spec.rpartition(":")[2] if ":" in os.path.basename(spec) else ""
    if path is None or not spec.removesuffix(":" + entry).endswith(".py"):
        return spec  # an importable module
    return f"{path}:{entry}" if entry else path
