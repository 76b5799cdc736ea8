"""Run by the checker's interpreter: mypy with a cache, and the modules that it checked again.

    rechecked.py CACHE_DIRECTORY ARGUMENT...

The arguments are mypy's. Prints a JSON list, sorted.
"""

from __future__ import annotations

import io
import json
import sys

from mypy.build import build
from mypy.main import process_options


def main() -> None:
    cache, *arguments = sys.argv[1:]
    sources, options = process_options([f"--cache-dir={cache}", *arguments])
    result = build(sources, options, stdout=io.StringIO(), stderr=io.StringIO())
    print(json.dumps(sorted(result.manager.rechecked_modules)))


if __name__ == "__main__":
    main()
