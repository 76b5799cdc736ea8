import import a
import b
