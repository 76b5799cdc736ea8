"""Random programs for tests/checker/test_scan_oracle.py: imports in every place that Python has for them, among things
that are easily mistaken for the end of a statement, a string or a body."""

from __future__ import annotations

import random


class Program:
    """One random program. Every choice is the generator's, so a seed tells all."""

    NAMES = ["a", "b", "x1", "match", "case", "type", "_", "importer", "fromage", "MYPY", "TYPE_CHECKING", "PY2", "PY3",
             "AT", "AF", "sys", "self", "é", "lambda_", "t", "f", "rb"]

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.newline = rng.choice(["\n"] * 5 + ["\r\n", "\r"])
        self.indent = rng.choice([" ", "  ", "    ", "\t", " \t"])
        self.imports = 0
        self.nested = 0
        self.in_function = False

    def pick(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def name(self) -> str:
        return self.rng.choice(self.NAMES)

    def blank(self) -> str:
        return self.pick(" ", " ", " ", "  ", "\t", " \\" + self.newline + " ")

    def string(self, depth: int) -> str:
        quote = self.pick("'", '"', "'''", '"""')
        text = "".join(self.pick("a", "#", "\\\\", "\\'", '\\"', ";", ":", "(", "]", "import x", " ", "é", "\\n")
                       for _ in range(self.rng.randrange(5)))
        if len(quote) == 3 and self.rng.random() < 0.3:
            text += self.newline + "import hidden" + self.newline
        if len(quote) == 1 and self.rng.random() < 0.1:
            text += "\\" + self.newline + "import hidden"
        prefix = self.pick("", "", "", "r", "b", "u", "f", "f", "rb", "Br", "fr", "t", "Rf")
        if "b" in prefix.lower():
            text = text.replace("é", "e")
        if "f" in prefix.lower() or "t" in prefix.lower():
            text = text.replace("{", "").replace("\\n", "{{") + self.field(depth + 1) + self.pick("", "}}", "x")
        return prefix + quote + text + quote

    def field(self, depth: int) -> str:
        spec = self.pick("", "", "!r", ":>3", ":{w}", "!s:{w}.{p}", "=", ":%H:%M")
        inner = self.pick("x", "x['a']", "(lambda: 1)()", "{1: 2}[1]") if depth > 3 else self.expression(depth)
        return "{ (" + inner + ")" + spec + "}"

    def expression(self, depth: int = 0) -> str:
        if depth > 3 or self.rng.random() < 0.3:
            return self.pick(self.name(), "1", "0x1f", "1.5e3", "None", "...", self.name() + "." + self.name())
        sub = lambda: self.expression(depth + 1)
        kind = self.rng.randrange(12)
        if kind == 0:
            return self.string(depth)
        if kind == 1:
            return f"({self.inside()}{sub()},{self.inside()}{sub()})"
        if kind == 2:
            return f"{self.name()}[{sub()}:{self.inside()}{sub()}]"
        if kind == 3:
            return f"(lambda {self.name()}_: {sub()})"
        if kind == 4:
            return "{" + f"{sub()}: {sub()},{self.inside()}**{self.name()}" + "}"
        if kind == 5:
            return f"{self.name()}({sub()}, *{self.name()}, k={sub()})"
        if kind == 6:
            return f"[{sub()} for {self.name()} in ({sub()}) if {sub()}]"
        if kind == 7:
            return f"({sub()} if {sub()} else {sub()})"
        if kind == 8:
            return self.condition(depth + 1)
        if kind == 9:
            return f"(w := {sub()})"
        operator = self.pick("+", "-", "@", "==", "<", "in", "is not", "or", "//")
        return f"({sub()}){self.blank()}{operator}{self.blank()}({sub()})"

    def inside(self) -> str:
        """What may stand between tokens in brackets."""
        return self.pick("", "", "", " ", self.newline, f" # c ' ({self.newline}", "\\" + self.newline)

    def condition(self, depth: int = 0) -> str:
        kind = self.rng.randrange(14)
        if depth > 3 or kind < 3:
            return self.pick("TYPE_CHECKING", "MYPY", "PY2", "PY3", "AT", "AF", "x", "typing.TYPE_CHECKING", "a.b().AT")
        sub = lambda: self.condition(depth + 1)
        if kind == 3:
            return f"not{self.blank()}{sub()}"
        if kind == 4:
            return f"({self.inside()}{sub()}{self.inside()})"
        if kind in (5, 6):
            return f"{sub()}{self.blank()}{self.pick('and', 'or')}{self.blank()}{sub()}"
        if kind == 7:
            return f"sys.platform {self.pick('==', '!=')} {self.platform()}"
        if kind == 8:
            items = self.pick("(%s,)", "[%s]", "{%s, %s}", "(%s)").replace("%s", self.platform())
            return f"sys.platform{self.blank()}{self.pick('in', 'not in')} {items}"
        if kind == 9:
            return f"sys.platform.startswith({self.platform()})"
        if kind == 10:
            return f"sys.version_info[{self.pick('0', '1', ':2', '0:1', '1:', ':', '::1', '2')}] " \
                   f"{self.comparison()} {self.version()}"
        if kind == 11:
            return f"{self.version()} {self.comparison()} sys.version_info"
        if kind == 12:
            return f"sys.version_info {self.comparison()} {self.version()}"
        return f"({self.expression(depth + 1)})"

    def comparison(self) -> str:
        return self.pick("==", "!=", "<", ">", "<=", ">=")

    def version(self) -> str:
        return self.pick("(3,)", "(3, 9)", "(3, 13)", "(3, 11)", "3", "11", "(3, 13, 0)", "(2, 7)", "( 3 , (11) )",
                         "()")

    def platform(self) -> str:
        return self.pick("'linux'", '"win32"', "'darwin'", "'''lin'''", "'l' 'inux'", "r'win'", "x", "'\\x6cinux'")

    def import_(self) -> str:
        self.imports += 1
        n, b = self.imports, self.blank
        return self.pick(
            f"import{b()}m{n}", f"import m{n}.{self.name()}{b()}as{b()}x,{b()}n{n}", f"from{b()}m{n}{b()}import{b()}x",
            f"from .import{b()}m{n}", f"from ..{b()}.m{n} import (a,{self.inside()}b as c{self.inside()},)",
            f"from m{n} import match, type as case", f"from . import{b()}*" if not self.nested else f"import m{n}")

    def simple(self) -> str:
        kind = self.rng.randrange(10)
        if kind < 4:
            return self.import_()
        if kind == 4:
            return f"self.x{self.pick(' = ', ': int = ', ' += ', ', y = ')}{self.expression()}"
        if kind == 5 and self.in_function:
            return self.pick("yield", "return", f"x = yield {self.expression()}", f"return {self.expression()}")
        if kind == 6:
            return f"{self.name()} = {self.expression()}"
        if kind == 7 and self.rng.random() < 0.3:
            return f"assert {self.condition()}, {self.string(0)}"
        return self.pick("pass", "del x", self.expression(), f"{self.name()}[0]: int",
                         f"raise X from {self.expression()}")

    def line(self) -> str:
        parts = [self.simple() for _ in range(self.rng.choice([1, 1, 2]))]
        return self.pick(";", "; ", " ;").join(parts) + self.pick("", "", ";", "  # import c; '")

    def filler(self, margin: str) -> str:
        return self.pick("", "", "", self.newline, f"# import c '{self.newline}", f"{margin}   # {{({self.newline}")

    def suite(self, margin: str) -> str:
        """What follows a header's colon, line end included."""
        self.nested += 1
        if self.rng.random() < 0.25:
            text = self.blank() + self.line() + self.newline
        else:
            text = self.pick("", "", "  # c") + self.newline + self.block(margin + self.indent)
        self.nested -= 1
        return text

    def block(self, margin: str) -> str:
        return "".join(self.filler(margin) + margin + self.statement(margin) for _ in range(self.rng.randrange(1, 4)))

    def statement(self, margin: str) -> str:
        kind = self.rng.randrange(14)
        if self.nested > 4 or kind < 5:
            return self.line() + self.newline
        suite = lambda: self.filler(margin) + margin
        if kind in (5, 6, 7):
            text = f"if {self.condition()}:" + self.suite(margin)
            while self.rng.random() < 0.3:
                text += suite() + f"elif({self.condition()}):" + self.suite(margin)
            return text + (suite() + "else:" + self.suite(margin) if self.rng.random() < 0.5 else "")
        if kind == 8:
            return self.function(margin)
        if kind == 9:
            return f"class C(A, k={self.expression()}):" + self.suite(margin)
        if kind == 10:
            return f"for {self.pick('x', 'self.x', 'x, self.y')} in ({self.expression()}):" + self.suite(margin) \
                + (suite() + "else:" + self.suite(margin) if self.rng.random() < 0.3 else "")
        if kind == 11:
            return "try:" + self.suite(margin) + suite() + f"except ({self.expression()}):" + self.suite(margin) \
                + (suite() + "else :" + self.suite(margin) if self.rng.random() < 0.3 else "") \
                + (suite() + "finally:" + self.suite(margin) if self.rng.random() < 0.3 else "")
        if kind == 12:
            return f"with ({self.expression()}) as {self.pick('x', '(self.x, y)', 'self.z')}:" + self.suite(margin)
        return self.match(margin)

    def function(self, margin: str) -> str:
        outer, self.in_function = self.in_function, True
        head = self.pick("", "", f"@d({self.expression()}){self.newline}{margin}")
        parameters = self.pick("self, ", "self, *a, ", "*self, ", "a, self, ", "") + self.inside() + "**k"
        text = head + f"def {self.pick('f', '__getattr__', 'g')}({parameters}){self.pick('', ' -> int')}:"
        text += self.suite(margin)
        self.in_function = outer
        return text

    def match(self, margin: str) -> str:
        inner = margin + self.indent
        text = f"match {self.pick('x', '(x)', '-x', '[x]', 'x, y', '{}')}:" + self.newline
        for _ in range(self.rng.randrange(1, 4)):
            pattern = self.pick("1", "_", "x", "(x)", "[x]", "1 | 2", "1 | _", "x.y", "C(a=_)", "None", "{'a': 1}",
                                "'s'", "(1 | (_))", "x as y", "(x),", "()", "*_, x", "_ as z")
            guard = f" if {self.condition()}" if self.rng.random() < 0.4 else ""
            self.nested += 1
            text += self.filler(inner) + inner + f"case {pattern}{guard}:" + self.suite(inner)
            self.nested -= 1
        return text

    def text(self) -> str:
        top = self.pick("", "", "", "", "\ufeff", "# mypy: always-true=x\n", "# type: ignored\n",
                        "# mypy: ignore-errors\n", "'''doc'''\n")
        return top.replace("\n", self.newline) + self.block("")


def random_sources(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    return [Program(rng).text() for _ in range(count)]
