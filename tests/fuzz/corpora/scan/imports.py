import a, b.c as d
from ..e import (f, # c
 g as h,)
from . import *
from.import(x)
