if PY3:
	for x in lambda: y: import a
	else: import b
elif (x := 1): import c
else:
  try: import d
  except* E: import e
