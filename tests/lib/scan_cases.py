"""Sources for tests/checker/test_scan_oracle.py: small ones, by hand, one point each."""

from __future__ import annotations

# Conditions of `if ...: import a` / `else: import b`, under linux, 3.11, always_true=[AT], always_false=[AF].
CONDITIONS = r"""
sys.platform in ('linux','x')|sys.platform in ['linux']|sys.platform not in {'linux'}|sys.platform in ()
sys.platform in {}|sys.platform in {'linux': 1}|sys.platform in ('li' 'nux',)|sys.platform in (('linux'), 'x')
sys.platform in (['linux'])|sys.platform in ('linux')|sys.platform in ('linux', x)|sys.platform in 'linux'
sys.platform in [*x]|sys.platform in ['linux' for x in y]|'linux' == sys.platform|(sys).platform == 'linux'
(sys.platform)=='linux'|sys.platform.startswith('lin')|sys.platform.startswith('lin', x=1)
sys.platform.startswith(prefix='lin')|sys.platform.startswith('lin', **k)|sys.platform.startswith(*'l')
sys.platform.startswith('l', 'i')|sys.platform.startswith()|sys.platform.startswith(('lin',))
sys.platform.startswith('linuxlinux')|sys.platform.startswith('')|(sys.platform.startswith)('w')
sys.platform.endswith('x')|sys.platform == f'linux'|sys.platform == b'linux'|sys.platform == 'linux' 'x'
sys.platform == u'win'|sys.platform == r'\x6cinux'|sys.platform == '\x6cinux'|sys.platform == '\154inux'
sys.platform == '\u006cinux'|sys.platform == 'lin\U00000075x'
sys.platform == 'lin\qux'|sys.platform == '''linux'''|sys.platform == ""|sys.platform < 'z'|sys.platform is 'win32'
sys.platform == ('win32')|sys.platform == 'a' == 'b'|a.sys.platform == 'x'|sys.platform.x == 'x'|-sys.platform == 'x'
sys.platform != 'linux' or x|sys.platform == 'linux' and sys.version_info >= (3, 12)|x + sys.platform == 'x'
sys.version_info >= (3, 12)|sys.version_info >= (3, 12, 0)|sys.version_info >= (4,)|sys.version_info == (3, 11)
sys.version_info == (3,)|sys.version_info < ()|sys.version_info[0] == 2|sys.version_info[-1] == 2
sys.version_info[0:1] == (2,)|sys.version_info[:2:1] >= (3,12)|sys.version_info[:2:2] >= (3,12)
sys.version_info[:2:] >= (3,12)|sys.version_info[1:] >= (12,)|sys.version_info[1:2] >= (12,)
sys.version_info[2:] >= (12,)|sys.version_info[:3] >= (3, 12)|sys.version_info[:0] >= (3, 12)
sys.version_info[:] < (3, 12)
(3,12) <= sys.version_info|(3,12) > sys.version_info|2 == sys.version_info[0]|12 > sys.version_info[1]
sys.version_info >= (3, -1)|sys.version_info.major == 2|sys.version_info > 4|sys.version_info[0x0] == 0b10
sys.version_info[0] == 2_0|sys.version_info[0] == 99999999999|sys.version_info[0] == 0o2|sys.version_info[0] == 2.0
sys.version_info[(0)]==2|(sys.version_info)[0]==2|sys.version_info>=[3,12]|3 < sys.version_info[0] < 4
sys.version_info[0] > 2 > 5|sys.version_info[0,] == 2|sys.version_info[0]*2 == 2|2*sys.version_info[0] == 2
sys.version_info[x] == 2|sys.version_info[x:2] >= (3, 12)|sys.version_info[2] == 5|sys.version_info[1] != 11
sys.version_info >= ((3),12)|sys.version_info >= (((3),12))|sys . version_info >= (3,12,)|sys.version_info <= (3, 11)
sys.version_info < sys.version_info|sys.version_info in (3, 12)|sys.version_info[:1] + (1,) >= (3, 12)
a.b().MYPY|not a[0].MYPY|not 'x'.MYPY|not (MYPY)|not -MYPY|not MYPY()|not (a+b).MYPY|not a+b.MYPY|not (x:=MYPY)
MYPY if x else PY3|not MYPY == 1|(not MYPY,)|[PY2]|PY2|not PY3|PY2 or x|PY2 and x|not PY2 and PY2
x and y and PY2 or PY2|not (x or not MYPY)|not not PY2|not not not PY2|lambda: PY2|lambda x: PY2|False|0|not True|None
typing.TYPE_CHECKING and PY2|not TYPE_CHECKING or PY2|PY2 or PY2|not (x := 1) and PY2|PY2 if PY2 else PY2
PY2 == PY2|PY2 \| PY2|(yield)|x if PY2 else PY2|PY2 is True|PY2[0]|x.PY2|x.y.PY2|1 .PY2|1..PY2|{}.PY2|...|....PY2
AT|AF|not AT|x.AT|not sys.AF|FOO or AT|PY2 or AF|AF or MYPY|not MYPY or AF|not MYPY or not MYPY|AT and MYPY|AT and AT
not MYPY and x|not MYPY and AF|x and MYPY|(AF or AF) and x|not (AT and MYPY)|not (not MYPY or AF)|True|None.PY2
(x for x in PY2)|f(PY2)|f"{PY2}"|'a' 'b'.PY2|await x.PY2|x not in PY2|not x in PY2|not PY2 in x
x.PY2.y|x.PY2()|x()()[1].PY2
((((PY2))))|((PY2) or (AF))|PY2 or(AF)|(PY2)or(AF)|PY2if x else y|not(PY2)|PY2 or 1or AF
PY2 or not AT or 0|TYPE_CHECKING
x := PY2|x := f()|x == y|a < b < c|x is not PY2|x or y or z|not x|x.y(z)[1:2]|{1: 2}[1]|[x for x in y if PY2]
""".strip().replace("\n", "|").replace("\\|", "\0").split("|")

STATEMENTS = r"""
import a;assert PY2;import b
import a\nassert not MYPY, "x"\nimport b
import a\nassert PY2, (x, y)\nimport b\nt'x'\ndef __getattr__(n): ...
def f():\n assert PY2\n import b
if x:\n assert PY2\n import b\nimport c
if PY3: assert PY2; import b\nimport c
assert (PY2,)\nimport a
assert PY2\n# mypy: always-true=PY9
if PY9: import a\nelse: import b\nassert PY2\n# mypy: always-true=PY9
return\nimport a
def f():\n return\n import a
def f():\n raise X\n import a
while PY2:\n import a\nelse:\n import b
if x: import a\nelif PY2: import b\nelif PY3: import c\nelse: import d
if PY3: import a\nelif x: import b
if MYPY: import a\nelse:\n if x:\n  import b
if PY2:\n def f():\n  import a\n class B:\n  import c\nimport d
if x: pass\n# c\nelse: import a
if PY3: pass\n\n  # c\n\nelse:\n  import a
if PY3: pass\nfor x in y: pass\nelse: import a
if x:\n if PY3: pass\nelse: import a
for x in y:\n if PY3: pass\nelse: import a
if PY3:\n  for x in y: pass\n  else: import a\nelse: import b
try:\n if PY3: pass\nexcept: import a\nelse: import b\nfinally: import c
try: import a\nexcept* E: import b\nelse: import c\nfinally: import d
if PY3: pass\nelse: import a\nif x: pass\nelse: import b
match x:\n case 1: import a\n case _: import b\n case _: import c
match x:\n case y: import a\n case 3: import b
match x:\n case y if PY2: import a\n case 3: import b
match x:\n case y if MYPY: import a\n case 3: import b
match x:\n case y if z: import a\n case 3: import b
match x:\n case (y): import a\n case 3: import b
match x:\n case 1|_: import a\n case 3: import b
match x:\n case (1|(2|_)): import a\n case 3: import b
match x:\n case _ as y: import a\n case 3: import b
match x:\n case a,: import a\n case 3: import b
match x:\n case a.b: import a\n case 3: import b
match x:\n case None: import a\n case 3: import b
match x:\n case [_]: import a\n case 3: import b
match x:\n case 1 if PY3: import a\n case 3: import b
match x:\n case match: import a\n case 3: import b
match x:\n case (1, _)|_: import a\n case 3: import b
match x:\n case *_,: import a\n case 3: import b
match x:\n case (a, ): import a\n case b: import b
match x:\n case (): import a\n case b: import b
match x:\n case a | b: import a\n case b: import b
match x:\n case (a as b)|_ : import a\n case b: import b
match x:\n case (((_))): import a\n case b: import b
match x:\n case _ if sys.version_info >= (3,8): import a\n case b: import b
match x:\n  # c\n\n  case 1:\n    import a\n  case _:\n    import b\n  case 2:\n    import c\nimport d
match x:\n case {'x': 1, **r}: import b\n case A(b=_) as c: import c\n case -1+2j: import e
match x:\n case 1:\n  match y:\n   case _: import a\n   case _: import b\n case _: import c\n case _: import d
match x:\n case 1:\n  if PY3: pass\n  else: import a\n case 2: import b
match lambda: x:\n case _: import a
match\\\n x:\n case _: import a
match x: # c\n case _: import a
match x, *y:\n case 1: import a
match(x):\n case 1: import a
match {}:\n case _: import a
match = 3\nmatch(x)\nmatch[x]\nmatch[x]: int\nmatch.x\nmatch * a\nimport a
match:int = 3\nimport a
match if x else y\nimport a
match not in x\nimport a
match [a]: 3; import a
match(x)[y: z]; import a
type X = int; import a\ntype = 3
type X[T: int = lambda: 3] = T; import a
case = 3; import a
print(match, case); import a
import a, b as c, d.e\\\n,f
import a . b, c. d
from . import (a, b as c,)
from .import a
from.a import b
from ... import a
from .. . a . b import c
from .... import a
from a import *
from . import *
from .a import (\n  b, # c\n  d as e\n)
from a import b as c, d
from __future__ import annotations
from \\\n a \\\n import \\\n b
from a import(b)
import a;import b;
import a; # c\nimport b
import match, type, case, _
from type import match
x = 1; \\\nimport b
if x: import a;\nimport b;
if x: \\\n import a\nimport b
if x: # c\n import a
# type: ignore\nimport a
#type:ignore[foo]\nimport a
# type: ignore [foo, b-ar] # x\nimport a
# type: ignore[foo bar]\nimport a
# type: ignorefoo\nimport a
# type: ignore foo # type: ignore\nimport a
# type: ignore[\nimport a
# type: ignore[]\nimport a
# type : ignore\nimport a
#  mypy:  ignore\nimport a
# mypy: ignore[x]\nimport a
# mypy: ignore-errors # type: ignore\nimport a
# mypy: strict # type: ignore\nimport a
# x # type: ignore\nimport a
## type: ignore\nimport a
'''x\n'''# type: ignore\nimport a
# type: ignore foo\nimport a
# type: int # type: ignore\nimport a
# mypy: ignore # type: ignore\nimport a
import a\n# type: ignore
\n\n# x\n  # type: ignore\nimport a
(\n# type: ignore\na)\nimport a
\\\n# type: ignore\nimport a
@foo # type: ignore\ndef f(): import a
# mypy: ignore-errors\nimport a\ndef f():\n x\n import b
# mypy: ignore-errors=no\nimport a\ndef f():\n x\n import b
# mypy: ignore-errors\n# mypy: ignore_errors=False\ndef f():\n x\n import b
if FOO: import a\nelse: import b\n# mypy: always-true=FOO
if FOO: import a\nelse: import b\n# mypy: strict, always_false="FOO, BAR"
if FOO: import a\nelse: import b\n# mypy: always-true = FOO , always-false=BAR
if FOO: import a\nelse: import b\n# mypy:always-true=FOO
 # mypy: always-true=FOO\nif FOO: import a\nelse: import b
x=(\n# mypy: always-true=FOO\n)\nif FOO: import a\nelse: import b
'''\n# mypy: always-true=FOO\n'''\nif FOO: import a\nelse: import b
f'''{\n# mypy: always-true=FOO\nx}'''\nif FOO: import a\nelse: import b
match x:\n# mypy: always-true=FOO\n case _:\n  if FOO: import a\n  else: import b
#mypy: always-true=FOO\nif FOO: import a\nelse: import b
# mypy: always-true=FOO\r\nif FOO: import a\r\nelse: import b\r\n
# mypy: always-true=FOO\rif FOO: import a\relse: import b\r
\ufeff# mypy: always-true=FOO\nif FOO: import a\nelse: import b
\ufeffimport a
class A: import a
class A(x, y=lambda: 1): import a
class A[T: (int, str) = int](B[T]): import a
def f(x: int = 3, *, y=lambda a: 1) -> lambda: 1: import a
def f[T](x: dict[str: T] = {1: 2}, *, a='):'): import a
for x in lambda: y: import a
with a as b, c as d: import a
with (a as b, c as d,): import a
async def f():\n async with a: import a\n async for x in y: import b
async  def f(): import a
if x := f(): import a
while x := 3: import a
if lambda: PY2: import a\nelse: import b
if x: pass; import a; import b
@d\n@e(x=[\n1])\ndef f():\n import a
@d\nclass A:\n import a
if PY3: pass\n@d\nclass A: pass\nimport b
x = [\n# foo '\n'a'] ; import a
if x:\n \x0c import a\n import b
\x0cimport a
if PY2:\n  \\\n  import a
if PY2:\n  import z\n  \\\n import a
if PY2:\n\tif y:\n\t\timport b\nimport c
if PY2:\n\tif y:\n    import b\nimport c
\\\nimport a
if x:\r import a\r import b\rimport c
if x:\r\n import a\r\n import b\r\nimport c
x='a\\\r\nimport b'\r\nimport c
x='a\\\rimport b'\rimport c
x = '''a\\'''\nimport b'''\nimport c
x = '''a\\\\'''\nimport b\n''''''
x = \"\"\"\"a\"\"\"; import a
x = ''; import a
x = 'a' 'b''c'\"d\"; import a
x = r'\\'; import b'\nimport a
x = br'\\'; import b'\nimport a
x = Rb'\\\\'; import a
class é: import ñ
f'{a['b']}'; import a
f'{x:{y}}'; import a
f'{x!r:>{w}}'; import a
f'''{\nx # }\n}'''; import a
f'{x\n}'; import a
f'\\{x}'; import a
f'\\\\{x}'; import a
f'\\N{DASH} {x}'; import a
rf'\\N{x}'; import a
f'{{'; import a
f'}}{{{x}}}'; import a
f'{x:{{}}}'; import a
f'{ {1:2}[1] }'; import a
f'{x:%H:%M}'; import a
f'{(lambda x: 1)}'; import a
f'{x:=10}'; import a
f'{(x:=10)}'; import a
f'{x!=y}'; import a
f'{x=}'; import a
f'{x=!r:^20}'; import a
f"{f"{f'{1}'}"}"; import a
f'''{f'{'''a'''}'}'''; import a
f'''{x:\n}'''; import a
f'''{x:#}'''; import a
f'{x #}'\n}'; import a
f'{\"#\"}'; import a
f'{x!r}' 'b' f'{\"'\"}'; import a
rf'\\'{x}'; import a
fr'\\{x}'; import a
f'{x:\\{y}}'; import a
f'{x:{y:{z}}}'; import a
f'\\'{x}'; import a
f'a\\\nb{x}'; import a
f'{x}''{'; import a
f'{x}' '{'; import a
f''; import a
f''''''; import a
f'''{x}'{y}''''''; import a
Fr'{x}{y:{z}.{w}}'; import a
f'{'\\n'}'; import a
f'{a[b[c]](d)}'; import a
f'{[i for i in {1:2}]}'; import a
t'{x}'; import a
rT'{x}'
f'{t\"a\"}'
f't{\"t'\"}'
if PY2:\n t'a'
def f(): t'a'
def __getattr__(n): ...
if PY2:\n def __getattr__(n): ...
class A:\n def __getattr__(n): ...
def f():\n def __getattr__(n): ...
async def __getattr__(n): ...
def __getattr__ (n): ...
try:\n  def __getattr__(n): ...\nfinally: pass
def __getattr__x(n): ...
__getattr__ = f
import __getattr__
def f():\n  import a\n  def g(): pass\n  import b\nimport c
1if 1else 2; import a
x = 1_000.0e+5j; import a
0xfor x; import a
x = 0b1or 0o7and 1.e5if 1.j else.5; import a
x = yield\nimport a
lambda: (yield)\nimport a
del x; import a
global x; import a
pass;import a
return; import a
importlib.x; import a
fromage = 1; import a
imports = 'import b'; import a
x = (yield from y); raise X from Y; import a
x = a if b else c; import a
x: int = 3; import a
x[1:2] = {a: b}; import a
x = a[b:c, ::d]; import a
print(f'{x}', end=';'); import a
if(x):import a
if[x]:import a
if-1:import a
if'x':import a
elif_ = 1; else_ = 2; import a
async_ = 1; import a
await x; import a
try:import a\nexcept(A,B):import b
try:\n import a\nexcept A as e:\n import b\nelse:\n import c\nfinally:\n import d
for a,b in(c):import a
while(1):import a
with(open(x))as y:import a
def f():import a;import b
class A:\n  class B:\n    def f(self):\n      if x:\n        import a\n  import b
""".strip("\n").split("\n")

# Bodies of methods and functions with an import: does mypy leave them out of modules whose errors it ignores?
EFFECTS = r"""
self.x = 1|self.x += 1|self.x: int|self.x: int = 1|self.x, y = z|y, (self.x, z) = w|[y, self.x] = w|*self.x, y = w
(self.x) = 1|(self).x = 1|y = self.x = 1|self.x.y = 1|self.x[0] = 1|self = 1|other.x = 1|x = self.x|del self.x
for self.x in y: pass|for y, self.x in z: pass|for y in self.x: pass|async for self.x in y: pass|f(self.x)
with y as self.x: pass|with y as (self.x, z): pass|with (y as self.x, z as w): pass|with (y as z, w as self.x): pass
with self.x as y: pass|with (self.x, y): pass|async with y as self.x: pass|with y as z, w as self.x.y: pass
yield|yield x|x = yield|x = (yield)|f((yield x))|await x|yield_ = 1|x.yielded|f'{(yield)}'|[(yield)]|'yield'|# yield
lambda: (yield)|x = lambda a, b=1: (yield)|f(lambda: (yield), 1)|f(lambda: 1, (yield))|(lambda: 1, (yield))
f(lambda: lambda: (yield))|{lambda: 1: (yield)}|x = lambda: (lambda: 0, 1)|f(lambda a: {a: (yield)})
def g(self): self.x = 1|def g(): yield|class A: x = 1|@d((yield))\n  def g(): pass|def g(a=(yield)): pass
if x: self.x = 1|if x: y\n  else: self.x = 1|if x: pass; self.x = 1|while x: self.x = 1|try: self.x = 1\n  finally: pass
if x:\n    if y:\n      self.x = 1|if x:\n    yield|for a in b:\n    self.x = 1
try:\n    pass\n  except E:\n    self.x = 1
match y:\n    case 1: self.x = 1|match y:\n    case 1:\n      yield|match y:\n    case 1 if self.x: pass|case = self.x
x = lambda a=self.x: 0|x == self.x|x <= self.x|f(x=self.x)|self.x == 1|x[self.x] = 1
x = y = self.x|self.x >>= 1|self.x **= 1
(self.x := 1)|[self.x for y in z]|[y for self.x in z]|return self.x|assert self.x, 1|raise self.x|global self_x
self.x(y).z = 1
x: self.x = 1|case: self.x = 1|lambda self: self.x|if (lambda: x): self.x = 1
y = 1; self.x = 1|self.x = 1; y = 1|self . x = 1
self.\\\n  x = 1|async def g():\n    yield|def g():\n    self.x = 1\n  y = 1
def g():\n    pass\n  self.x = 1|class A:\n    self.x = 1
""".strip().replace("\n", "|").split("|")
PARAMETERS = ["self", "self, y", "self: int = 1, /", "self, /, x", "*self", "*, self", "**self", "", "x, self",
              "self=(1, 2)"]


def unescape(text: str) -> str:
    """A case's \\n, \\\\ and the like; one that quotes them for Python's sake doubles them."""
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")


def effect_sources() -> list[str]:
    found = []
    for effect in EFFECTS:
        body = f"  import a\n  {unescape(effect)}\n  import b\n"
        for parameters in PARAMETERS if effect.startswith("self.x = 1") else PARAMETERS[:1]:
            found.append(f"class C:\n def f({parameters}):\n" + body.replace("\n ", "\n  ").replace("  i", "   i", 1))
        found.append(f"def f(self):\n{body}")
        found.append("class C:\n def m(self):\n  def f(self):\n" + "".join("  " + x + "\n" for x in body.splitlines()))
        found.append("class C:\n def m(self):\n  self.x = 1\n  def f[T](self):\n"
                     + "".join("  " + x + "\n" for x in body.splitlines()))
    found.append("class C:\n async def f(self): self.x = 1; import a\n async def g(self): import b; x = 1\n")
    found.append("def f():\n  import a\n  async def g(): yield\ndef h(): import b; yield\n")
    return found


def by_hand() -> list[str]:
    sources = [f"if {c}:\n import a\nelse:\n import b\n" for c in (c.replace("\0", "|") for c in CONDITIONS)]
    sources += [f"x = 1; assert {c.replace(chr(0), '|')}; import a" for c in CONDITIONS]
    return sources + [unescape(s) for s in STATEMENTS] + effect_sources()
