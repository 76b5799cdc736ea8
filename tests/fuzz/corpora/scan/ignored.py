# type: int # type: ignore [a, b]
import a
