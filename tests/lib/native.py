"""Where the C test programs are (built by `make check-programs`), and running one as a filter of JSON."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tool(name: str) -> str:
    """tests/lib/NAME in the build directory: SEPAL_BUILD, or where a build usually is."""
    for build in (os.environ.get("SEPAL_BUILD"), os.path.join(ROOT, "build"), ROOT):
        path = os.path.join(build, "tests", "lib", name) if build else None
        if path and os.access(path, os.X_OK):
            return path
    raise AssertionError(f"tests/lib/{name} is not built: run `make check-programs` and set SEPAL_BUILD to the build "
                         "directory.")


def ask_tool(name: str, question: Any) -> Any:
    done = subprocess.run([tool(name)], input=json.dumps(question), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
