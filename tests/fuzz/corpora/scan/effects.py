class C:
 async def f(self, *a):
  import a
  with (x as y, z as (self.b, c)): pass
 def g(s): import b; [s.x, y] = lambda: (yield)
