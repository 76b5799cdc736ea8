"""mypy's own rendering of diagnostics, for tests/checker/test_text_oracle.py. Run by the interpreter that has mypy.

    text_mypy.py render          cases (see tests/lib/text_dump.c) on stdin, mypy's answers on stdout
    text_mypy.py cached DIR      the error tuples that mypy left in a cache directory, as {module: [tuple]}
    text_mypy.py only-once       how often each of mypy's source files says only_once=True
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import mypy
from librt.internal import ReadBuffer
from mypy.cache import CacheMetaEx
from mypy.error_formatter import OUTPUT_CHOICES
from mypy.errors import Errors
from mypy.options import Options
from mypy.util import FancyFormatter, count_stats, read_py_file

Json = dict[str, Any]


def make_options(case: Json) -> Options:
    options = Options()
    for name in ("pretty", "show_column_numbers", "show_error_end", "hide_error_codes", "show_absolute_path"):
        setattr(options, name, case["options"][name])
    options.output = "json" if case["options"]["output_json"] else None
    options.color_output = case["options"]["term"] is not None
    return options


def mypy_case(case: Json, formatters: dict[str | None, FancyFormatter]) -> Json:
    """What mypy's main.py would do with these error tuples: errors.format_messages, flush_errors, the summary."""
    options = make_options(case)
    output = OUTPUT_CHOICES.get(options.output) if options.output else None
    term = case["options"]["term"]
    formatter = formatters.get(term)
    if formatter is None:
        formatter = FancyFormatter(sys.stdout, sys.stderr, options.hide_error_codes)
        if term is None:
            formatter.dummy_term = True
        formatters[term] = formatter
    formatter.hide_error_codes = options.hide_error_codes
    formatter.hide_success = bool(options.output)
    formatted, messages, printed = [], [], []

    def flush(new: list[str]) -> None:
        if options.pretty:
            new = formatter.fit_in_terminal(new, fixed_terminal_width=case["options"]["width"])
        messages.extend(new)
        printed.extend(formatter.colorize(m) if options.color_output else m for m in new)

    for module in case["modules"]:
        source = module["source"]
        read = lambda path: read_py_file(path, lambda _: bytes.fromhex(source)) if source is not None else None
        errors = Errors(options, read_source=read, error_formatter=output)
        errors.set_ignore_prefix(case["options"]["cwd"])
        path = errors.simplify_path(module["path"])
        tuples = [
            (None if d[0] == "" else path if d[0] is None else errors.simplify_path(d[0]), *d[1:])
            for d in module["diags"]
        ]
        new = errors.format_messages(path, tuples, formatter=output)
        formatted += new
        flush(new)
    flush(case["messages"])
    n_errors, n_notes, n_files = count_stats(messages)
    status = 0
    if messages and n_notes < len(messages):
        status = 2 if case["blockers"] else 1
    summary = ""
    if n_errors:
        summary = formatter.format_error(
            n_errors, n_files, case["sources"], blockers=case["blockers"], use_color=options.color_output
        ) + "\n"
    elif not messages or n_notes == len(messages):
        summary = formatter.format_success(case["sources"], options.color_output) + "\n"
    return {
        "formatted": formatted,
        "output": "".join(p + "\n" for p in printed),
        "summary": summary,
        "status": status,
    }


def render() -> None:
    """Cases on stdin, answers on stdout. One TERM a process: curses keeps the first terminal it was set up for."""
    answers: list[Json] = []
    formatters: dict[str | None, FancyFormatter] = {}
    for case in json.load(sys.stdin):
        try:
            answers.append(mypy_case(case, formatters))
        except (IndexError, ValueError) as e:  # a line that the file does not have, a source line without a marker
            answers.append({"mypy_crashed": repr(e)})
    json.dump(answers, sys.stdout)


def cached(cache_dir: str) -> None:
    found = {}
    for folder, _, names in os.walk(cache_dir):
        for name in names:
            if name.endswith(".meta_ex.ff"):
                with open(os.path.join(folder, name), "rb") as f:
                    meta_ex = CacheMetaEx.read(ReadBuffer(f.read()))
                found[name.removesuffix(".meta_ex.ff")] = meta_ex.error_lines
    json.dump(found, sys.stdout)


def only_once() -> None:
    top = os.path.dirname(mypy.__file__)
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    count = f.read().count("only_once=True")
                if count:
                    found[os.path.relpath(os.path.join(folder, name), top)] = count
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1:] == ["render"]:
        render()
    elif sys.argv[1:] == ["only-once"]:
        only_once()
    else:
        cached(sys.argv[2])
