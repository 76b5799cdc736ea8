"""Seeded random edits of a package: what developers do to it, and what they do by mistake.

    edits = Edits(root, seed)
    for step in range(60):
        said = edits.next()     # changes files below root; a sentence about it

The same seed makes the same edits of the same files. Each kind comes in its turn, in shuffled rounds; what breaks the
whole package (a syntax error, a module that is gone, one that shadows another) is put right again before long, so that
most states have something to check.
"""

from __future__ import annotations

import ast
import os
import random
from typing import Callable

MODULES = ("json", "shlex", "difflib", "textwrap", "tempfile", "getpass", "csv", "fractions", "_pytest.nodes",
           "_pytest.config", "_pytest.pathlib", "nowhere.at.all")
SHADOWED = ("json", "shlex", "difflib", "textwrap", "getpass", "pprint", "tempfile", "bdb")
ANNOTATIONS = ("int", "str", "bytes", "list[int]", "dict[str, float] | None", "object")


class Edits:
    def __init__(self, root: str, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.serial = 0
        self.repairs: list[tuple[str, Callable[[], None]]] = []
        self.kinds: list[Callable[[], str]] = []

    def next(self) -> str:
        self.serial += 1
        urgent = self.repairs and self.repairs[-1][0].startswith("syntax")
        if urgent or len(self.repairs) > 2 or (self.repairs and self.random.random() < 0.3):
            what, repair = self.repairs.pop()
            repair()
            return f"undone: {what}"
        if not self.kinds:
            self.kinds = [self.body, self.body_error, self.comment, self.signature, self.attribute, self.new_function,
                          self.new_import, self.deleted_import, self.shadow, self.deleted_module, self.syntax_error]
            self.random.shuffle(self.kinds)
        return self.kinds.pop()()

    # ---- files

    def files(self) -> list[str]:
        found = [os.path.relpath(os.path.join(directory, name), self.root)
                 for directory, _, names in os.walk(self.root) for name in names if name.endswith(".py")]
        return sorted(path for path in found if os.sep in path)

    def read(self, name: str) -> str:
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            return file.read()

    def write(self, name: str, text: str) -> None:
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, name: str) -> None:
        os.unlink(os.path.join(self.root, name))

    def insert(self, name: str, line: int, text: str) -> str:
        """Puts `text` before the line, with that line's indentation."""
        lines = self.read(name).splitlines(keepends=True)
        before = lines[line - 1] if line <= len(lines) else ""
        indentation = before[:len(before) - len(before.lstrip())]
        lines.insert(line - 1, f"{indentation}{text}\n")
        self.write(name, "".join(lines))
        return f"{name}:{line}: {text}"

    def pick(self, wanted: Callable[[ast.AST], bool]) -> tuple[str, ast.AST]:
        """A random node of a random file."""
        files = self.files()
        while True:
            name = self.random.choice(files)
            nodes = [node for node in ast.walk(ast.parse(self.read(name))) if wanted(node)]
            if nodes:
                return name, self.random.choice(nodes)

    def function(self) -> tuple[str, ast.FunctionDef]:
        """One whose body stands on lines of its own."""
        name, node = self.pick(lambda node: isinstance(node, ast.FunctionDef) and node.body[0].lineno > node.lineno
                               and not isinstance(node.body[0], (ast.FunctionDef, ast.ClassDef)))
        assert isinstance(node, ast.FunctionDef)
        return name, node

    # ---- kinds of edits

    def body(self) -> str:
        name, node = self.function()
        return self.insert(name, node.body[-1].lineno if not decorated(node.body[-1]) else node.body[0].lineno,
                           f"edited_{self.serial} = [{self.serial}]")

    def body_error(self) -> str:
        name, node = self.function()
        return self.insert(name, node.body[0].lineno, f'edited_{self.serial}: int = "{self.serial}"')

    def comment(self) -> str:
        name, node = self.function()
        return self.insert(name, node.body[0].lineno, f"# edit {self.serial}")

    def signature(self) -> str:
        """Another return type, or the first one."""
        name, node = self.pick(lambda node: isinstance(node, ast.FunctionDef) and node.returns is not None
                               and node.returns.lineno == node.returns.end_lineno)
        assert isinstance(node, ast.FunctionDef) and node.returns is not None
        lines = self.read(name).splitlines(keepends=True)
        line = lines[node.returns.lineno - 1].encode()
        annotation = self.random.choice(ANNOTATIONS)
        changed = line[:node.returns.col_offset] + annotation.encode() + line[node.returns.end_col_offset:]
        lines[node.returns.lineno - 1] = changed.decode()
        self.write(name, "".join(lines))
        return f"{name}:{node.returns.lineno}: {node.name} returns {annotation}"

    def attribute(self) -> str:
        name, node = self.pick(lambda node: isinstance(node, ast.ClassDef) and node.body[0].lineno > node.lineno
                               and not decorated(node.body[0]))
        assert isinstance(node, ast.ClassDef)
        return self.insert(name, node.body[0].lineno,
                           f"edited_{self.serial}: {self.random.choice(ANNOTATIONS)} = {self.serial}")

    def new_function(self) -> str:
        name = self.random.choice(self.files())
        text = self.read(name)
        self.write(name, f"{text}\n\ndef edited_{self.serial}(value: int) -> str:\n    return value\n")
        return f"{name}: a function at the end"

    def new_import(self) -> str:
        name, node = self.pick(lambda node: isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0
                               and getattr(node, "module", "") != "__future__")
        assert isinstance(node, ast.stmt)
        module = self.random.choice(MODULES)
        return self.insert(name, node.lineno, self.random.choice((f"import {module}", f"from {module} import *",
                                                                  f"import {module} as edited_{self.serial}")))

    def deleted_import(self) -> str:
        name, node = self.pick(lambda node: isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0
                               and getattr(node, "module", "") != "__future__")
        assert isinstance(node, ast.stmt) and node.end_lineno is not None
        lines = self.read(name).splitlines(keepends=True)
        gone = "".join(lines[node.lineno - 1:node.end_lineno])
        self.write(name, "".join(lines[:node.lineno - 1] + lines[node.end_lineno:]))
        return f"{name}:{node.lineno}: without {gone!r}"

    def shadow(self) -> str:
        """A file that is found before another one: a module of the standard library, a stub, a package."""
        name = self.random.choice(self.files())
        module, is_init = os.path.splitext(name)[0], name.endswith("__init__.py")
        kind = self.random.choice(("stub", "stub" if is_init else "package", "standard", "standard"))
        if kind == "standard":
            path = self.random.choice(SHADOWED) + ".py"
        else:
            path = f"{module}.pyi" if kind == "stub" else os.path.join(module, "__init__.py")
        if os.path.exists(os.path.join(self.root, path)):
            return self.body_error()
        self.write(path, f"edited_{self.serial}: int = 1\n\n\ndef dumps(value: int) -> int: ...\n")
        self.repairs.append((f"{path} shadows", lambda: self.remove_with_directory(path)))
        return f"{path} shadows"

    def remove_with_directory(self, path: str) -> None:
        self.remove(path)
        directory = os.path.dirname(os.path.join(self.root, path))
        if not os.listdir(directory):
            os.rmdir(directory)

    def deleted_module(self) -> str:
        name = self.random.choice(self.files())
        text = self.read(name)
        self.remove(name)
        self.repairs.append((f"{name} is deleted", lambda: self.write(name, text)))
        return f"{name} is deleted"

    def syntax_error(self) -> str:
        name = self.random.choice(self.files())
        text = self.read(name)
        line = self.random.randint(1, text.count("\n") + 1)
        what = self.insert(name, line, self.random.choice(("def broken(:", "x = (1 +", "    return ]", "class:")))
        self.repairs.append((f"syntax error {what}", lambda: self.write(name, text)))
        return f"syntax error {what}"


def decorated(node: ast.stmt) -> bool:
    return bool(getattr(node, "decorator_list", None))
