if sys.platform in ('linux','x'): import a
if sys.platform in {'linux': 1}: import a
if sys.platform in ('linux', x): import a
if (sys).platform == 'linux': import a
if sys.platform.startswith('lin', **k): import a
if sys.platform.startswith('linuxlinux'): import a
if sys.platform == b'linux': import a
if sys.platform == '\154inux': import a
if sys.platform == "": import a
if a.sys.platform == 'x': import a
if x + sys.platform == 'x': import a
if sys.version_info == (3,): import a
if sys.version_info[:2:1] >= (3,12): import a
if sys.version_info[2:] >= (12,): import a
if (3,12) > sys.version_info: import a
if sys.version_info > 4: import a
if sys.version_info[0] == 2.0: import a
if sys.version_info[0] > 2 > 5: import a
if sys.version_info[x:2] >= (3, 12): import a
if sys . version_info >= (3,12,): import a
if a.b().MYPY: import a
if not MYPY(): import a
if not MYPY == 1: import a
if PY2 or x: import a
if not not PY2: import a
if 0: import a
if PY2 or PY2: import a
if (yield): import a
if x.y.PY2: import a
if ....PY2: import a
if not sys.AF: import a
if not MYPY or not MYPY: import a
if x and MYPY: import a
if None.PY2: import a
if await x.PY2: import a
if x.PY2(): import a
if (PY2)or(AF): import a
if TYPE_CHECKING: import a
if x is not PY2: import a
if [x for x in y if PY2]: import a