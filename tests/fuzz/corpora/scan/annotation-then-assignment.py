class A:
 def f(self):
  import a
  x[0]: int = y; z += 1 = self.x
