x = "a
import b
'''