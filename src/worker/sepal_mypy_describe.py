"""What a command line means to mypy, asked of mypy itself (doc/formats/worker.md, describe)."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import platform
import sys
from typing import Any

from librt.internal import cache_version
from mypy import modulefinder, state, stubinfo, util
from mypy.build import BuildManager, build_error, default_data_dir, load_plugins
from mypy.cache import CACHE_VERSION
from mypy.errors import CompileError, Errors
from mypy.main import process_options
from mypy.metastore import FilesystemMetadataStore
from mypy.modulefinder import BuildSourceSet, SearchPaths, compute_search_paths, get_search_dirs
from mypy.options import OPTIONS_AFFECTING_CACHE_NO_PLATFORM, Options
from mypy.version import __version__

from sepal_mypy_config import plugin_config
from sepal_mypy_options import plain, to_json
from sepal_mypy_record import CrawlLog, Record
from sepal_mypy_toolchain import toolchain

_DISPLAY = ("pretty", "color_output", "show_column_numbers", "show_error_end", "hide_error_codes",
            "show_absolute_path", "error_summary", "output", "warn_unused_configs", "config_file")

_SEARCH = ("python_path", "mypy_path", "package_path", "typeshed_path")

_WHOLE = "it describes a whole run of mypy, and Sepal never has one"
_ONE_PROCESS = "it needs every module in one process"
# option, what it must be, how the user knows it, why it cannot be split over units
_REFUSED = (
    ("junit_xml", None, "--junit-xml", _WHOLE),
    ("install_types", False, "--install-types", "it installs packages and starts over"),
    ("many_errors_threshold", -1, "--soft-error-limit", "it counts the errors of a whole run"),
    ("show_error_context", False, "--show-error-context", "it depends on which module came before"),
    ("shadow_file", None, "--shadow-file", "a module would have two contents"),
    ("package_root", [], "--package-root", "it makes packages of directories that are none"),
    ("cache_map", {}, "--cache-map", "Sepal has its own store"),
    ("fast_module_lookup", False, "--fast-module-lookup", "it finds other modules than the normal search"),
    ("custom_typing_module", None, "--custom-typing-module", "it replaces a module that every other depends on"),
    ("pdb", False, "--pdb", "there is no terminal behind a worker"),
    ("raise_exceptions", False, "--raise-exceptions", "crashes are reported per unit"),
    ("dump_type_stats", False, "--dump-type-stats", _WHOLE),
    ("dump_inference_stats", False, "--dump-inference-stats", _WHOLE),
    ("dump_build_stats", False, "--dump-build-stats", _WHOLE),
    ("dump_graph", False, "--dump-graph", _WHOLE),
    ("dump_deps", False, "--dump-deps", _WHOLE),
    ("logical_deps", False, "--logical-deps", _WHOLE),
    ("timing_stats", None, "--timing-stats", _WHOLE),
    ("line_checking_stats", None, "--line-checking-stats", _WHOLE),
    ("export_types", False, "--export-types", _ONE_PROCESS),
    ("export_ref_info", False, "--export-ref-info", "it writes files that nobody collects"),
    ("semantic_analysis_only", False, "--semantic-analysis-only", "units would have no interfaces"),
    ("inspections", False, "--inspections", _ONE_PROCESS),
    ("fine_grained_incremental", False, "fine-grained mode", _ONE_PROCESS),
    ("use_builtins_fixtures", False, "--use-builtins-fixtures", "it is for mypy's own tests"),
    ("transform_source", None, "transform_source", "it is a function of one process"),
)


def describe(cwd: str, argv: list[str]) -> dict[str, Any]:
    stdout, stderr = io.StringIO(), io.StringIO()
    answer: dict[str, Any] | None = None
    status: int | None = None
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            os.chdir(cwd)
            answer = _describe(argv, stdout, stderr)
    except SystemExit as err:
        status = err.code if isinstance(err.code, int) else int(err.code is not None)
        if isinstance(err.code, str):
            stderr.write(err.code + "\n")
    except OSError as err:
        status = 2
        stderr.write(f"mypy: error: {err}\n")
    return {"event": "described", "exit": status, "stdout": stdout.getvalue(), "stderr": stderr.getvalue(),
            "answer": answer}


def _describe(argv: list[str], stdout: io.StringIO, stderr: io.StringIO) -> dict[str, Any]:
    for remembered in (get_search_dirs, getattr(modulefinder, "find_gitignores", None)):
        if hasattr(remembered, "cache_clear"):
            remembered.cache_clear()
    before = set(sys.modules)
    with Record() as record:
        crawl = CrawlLog(record)
        sources, options = process_options(argv, stdout=stdout, stderr=stderr, fscache=crawl)
        _check_combinations(options, stderr)
        search = compute_search_paths(sources, options, default_data_dir())
        _finish(options, sources, search, crawl, stdout, stderr)
    plugins = [_plugin(spec, options) for spec in options.plugins]
    parts = toolchain(plugins, set(sys.modules) - before if plugins else (), record.files.add)
    _record_environment(record, search, options)
    typeshed = options.abs_custom_typeshed_dir or os.path.join(default_data_dir(), "typeshed")
    return {
        "checker": {"name": "mypy", "version": __version__, "format": [cache_version(), CACHE_VERSION]},
        "python": {"executable": sys.executable, "version": platform.python_version(),
                   "implementation": sys.implementation.name, "platform": sys.platform,
                   "machine": platform.machine()},
        "toolchain": parts,
        "target": {"python_version": list(options.python_version), "platform": options.platform},
        "sources": [{"path": source.path, "module": source.module, "base_dir": source.base_dir,
                     "followed": source.followed} for source in sources],
        "search": {name: [os.path.abspath(path) for path in getattr(search, name)] for name in _SEARCH},
        "typeshed": os.path.abspath(typeshed),
        "options": _options(options, sources),
        "display": {name: plain(getattr(options, name)) for name in _DISPLAY},
        "stub_distributions": {
            "flat": stubinfo.non_bundled_packages_flat,
            "namespace": {name: distribution for table in stubinfo.non_bundled_packages_namespace.values()
                          for name, distribution in table.items()}},
        "plugins": plugins,
        "plugin_config": plugin_config(options.config_file) if plugins else None,
        "depends": record.to_json(os.path.abspath(typeshed)),
    }


def _options(options: Options, sources: list[Any]) -> dict[str, Any]:
    refused = [[option, f"{option} cannot be split over units: {why}."] for name, allowed, option, why in _REFUSED
               if getattr(options, name, allowed) != allowed]
    refused += [[f"--{kind}-report", f"--{kind}-report cannot be split over units: {_ONE_PROCESS}."]
                for kind in sorted(options.report_dirs)]
    if any(source.text is not None for source in sources):
        refused.append(["-c", "-c cannot be split over units: a program text has no file to be known by."])
    if options.native_parser and __version__.startswith(("2.0.", "2.1.")):
        refused.append(["--native-parser", "--native-parser of this mypy cannot be split over units: it opens files by "
                        "itself; that of mypy 2.2 need not."])
    if state.find_occurrences:
        refused.append(["--find-occurrences", f"--find-occurrences cannot be split over units: {_WHOLE}."])
    sections = [[pattern, {name: plain(value) for name, value in sorted(changes.items())}]
                for pattern, changes in options.per_module_options.items()]
    return {"global": to_json(options), "sections": sections, "refused": refused,
            "cache_names": list(OPTIONS_AFFECTING_CACHE_NO_PLATFORM)}


def _check_combinations(options: Options, stderr: io.StringIO) -> None:
    """What mypy.main.main refuses after process_options, but for what Sepal does itself (workers, caches)."""
    message = None
    if options.num_workers < 0:
        message = "error: Number of workers cannot be negative"
    elif options.allow_redefinition and not options.local_partial_types:
        message = "error: --local-partial-types must be enabled if using --allow-redefinition"
    elif options.allow_redefinition and options.allow_redefinition_old:
        message = "--allow-redefinition-old and --allow-redefinition should not be used together"
    elif options.non_interactive and not options.install_types:
        message = "error: --non-interactive is only supported with --install-types"
    if message:
        stderr.write(message + "\n")
        raise SystemExit(2)


def _finish(options: Options, sources: list[Any], search: SearchPaths, crawl: CrawlLog, stdout: io.StringIO,
            stderr: io.StringIO) -> None:
    """What a build does before it looks at a source: plugins, error codes, is typeshed's core shadowed?"""
    errors = Errors(options)
    try:
        plugin, snapshot = load_plugins(options, errors, stdout, [])
        options.process_error_codes(error_callback=build_error)
        BuildManager(
            default_data_dir(), search, ignore_prefix=os.getcwd(), source_set=BuildSourceSet(sources), reports=None,
            options=options, version_id=__version__, plugin=plugin, plugins_snapshot=snapshot, errors=errors,
            error_formatter=None, flush_errors=lambda *_: None, fscache=crawl, stdout=stdout, stderr=stderr,
            metastore=FilesystemMetadataStore(os.devnull))
    except CompileError as err:
        for line in err.messages:
            (stdout if err.use_stdout else stderr).write(line + "\n")
        count, _, files = util.count_stats(err.messages)
        if options.error_summary and count:
            stdout.write(f"Found {count} error{'s' * (count != 1)} in {files} file{'s' * (files != 1)} "
                         "(errors prevented further checking)\n")
        raise SystemExit(2) from None


def _plugin(spec: str, options: Options) -> dict[str, Any]:
    name = spec.rsplit(":", 1)[0] if ":" in os.path.basename(spec) else spec
    if name.endswith(".py"):
        return {"spec": spec, "path": os.path.abspath(os.path.join(os.path.dirname(options.config_file or ""), name))}
    found = importlib.util.find_spec(name)
    return {"spec": spec, "path": found.origin if found is not None else None}


def _record_environment(record: Record, search: SearchPaths, options: Options) -> None:
    """Installed packages: their directories, what adds to them, and what makes a virtual environment one."""
    for path in search.package_path:
        record.dirs.add(os.path.abspath(path))
        with contextlib.suppress(OSError):
            record.files.update(os.path.join(os.path.abspath(path), name) for name in os.listdir(path)
                                if name.endswith(".pth"))
    for executable in {sys.executable, options.python_executable or sys.executable}:
        config = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(executable))), "pyvenv.cfg")
        (record.files if os.path.isfile(config) else record.absent).add(config)
    if options.python_executable not in (None, sys.executable):
        record.env["PATH"] = os.environ.get("PATH")  # mypy may have found the interpreter on it
