x = '''a\'''
import b'''; f"{f"{f'{1}'}"!r:{w}>{p}}"; rb'\''; import c
t'\N{DASH}{{{x}}}'
