"""mypy's Options to JSON and back, and which of them a unit's result can depend on.

`describe` writes with this module and `run` reads with it, so a value survives the way through Sepal unchanged.
"""

from __future__ import annotations

from typing import Any

from mypy.errorcodes import error_codes
from mypy.options import Options

# Where the staged typeshed lies, for the checker and for the hermetic process alike (doc/formats/worker.md, Paths).
TYPESHED = "/proc/self/cwd/ts"

# Say where things are. What they lead to (sources, search paths, plugins, resolution) is described on its own.
LOCATION_OPTIONS = frozenset({
    "abs_custom_typeshed_dir", "build_type", "cache_dir", "cache_map", "config_file", "custom_typeshed_dir", "exclude",
    "exclude_gitignore", "explicit_package_bases", "files", "junit_format", "junit_xml", "line_checking_stats",
    "modules", "mypy_path", "mypyc_annotation_file", "package_root", "packages", "per_module_options",
    "python_executable", "quickstart_file", "report_dirs", "scripts_are_modules", "shadow_file", "timing_stats",
    "transform_source",
})

# Say how text looks, how a run is cached or what happens around it; Sepal does all of that itself.
DISPLAY_OPTIONS = frozenset({
    "color_output", "dump_build_stats", "dump_deps", "dump_graph", "dump_inference_stats", "dump_type_stats",
    "error_summary", "fast_exit", "hide_error_codes", "non_interactive", "output", "pdb", "pretty",
    "raise_exceptions", "show_absolute_path", "show_column_numbers", "show_error_end", "show_traceback",
    "skip_cache_mtime_checks", "skip_version_check", "verbosity", "warn_unused_configs",
})

# What every runner has in common, whatever the command line said: none of it changes what mypy finds, all of it
# is in the artifacts or decides how they are written.
FIXED_OPTIONS = {
    "bazel": True, "cache_fine_grained": False, "debug_cache": False, "fixed_format_cache": True,
    "incremental": True, "install_types": False, "num_workers": 0, "sqlite_cache": False,
    "use_fine_grained_cache": False,
}

_CODES = ("disabled_error_codes", "enabled_error_codes")


class BadOptions(Exception):
    """A set of options that this mypy does not know. One sentence."""


def plain(value: Any) -> Any:
    """A value as JSON has it: tuples are lists, sets sorted lists, error codes their names."""
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.code if hasattr(value, "code") else str(value)


def to_json(options: Options) -> dict[str, Any]:
    """The part of a snapshot that a unit's result can depend on, with the fixed options as they will be."""
    left_out = LOCATION_OPTIONS | DISPLAY_OPTIONS
    values = {name: plain(value) for name, value in sorted(options.snapshot().items()) if name not in left_out}
    values.update((name, value) for name, value in FIXED_OPTIONS.items() if name in values)
    if options.hide_error_codes and "show_error_code_links" in values:
        values["show_error_code_links"] = False  # mypy prints links only next to codes
    return values


def without_codes(values: dict[str, Any]) -> dict[str, Any]:
    """The same set before plugins are loaded, when the codes that they define are not known yet."""
    return {name: value for name, value in values.items() if name not in _CODES}


def from_json(values: dict[str, Any]) -> Options:
    """Options with exactly these values. Plugins must have been loaded: they may define error codes."""
    options = Options()
    for name, value in values.items():
        if name.startswith("_") or not hasattr(options, name):
            raise BadOptions(f"mypy has no option {name!r}: the options were described by another version of it.")
        if name in _CODES:
            value = {_error_code(code) for code in value}
        elif name == "python_version":
            value = tuple(value)
        try:
            setattr(options, name, value)
        except (TypeError, AttributeError) as err:
            raise BadOptions(f"mypy refuses {value!r} for its option {name}: {err}.") from None
    for name, value in FIXED_OPTIONS.items():
        if hasattr(options, name):
            setattr(options, name, value)
    options.custom_typeshed_dir = options.abs_custom_typeshed_dir = TYPESHED
    options.python_executable = None
    options.show_traceback = True  # a crash is reported with its traceback
    return options


def _error_code(name: str) -> Any:
    if name not in error_codes:
        raise BadOptions(f"There is no error code {name!r}; a plugin that defines it may not have been loaded.")
    return error_codes[name]
