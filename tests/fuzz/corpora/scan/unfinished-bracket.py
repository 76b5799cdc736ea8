x = (
import a
