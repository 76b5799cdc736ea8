if x:
	\
 import a
import bimport c