#!x
# mypy: always-true="A, B", ignore-errors, always_false=C
if A: import a
assert C # type: ignore[x]
