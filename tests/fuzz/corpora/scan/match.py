match x, *y: # c

 case (1 | (_)): import a
 case y if MYPY:
  import b
match[x]: int
