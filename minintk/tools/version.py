"""The version, read from the package's file: in the folder above a clone, `import minintk` finds the clone instead."""

import pathlib
import re

_TEXT = pathlib.Path(__file__).parents[1].joinpath("__init__.py").read_text(encoding="utf-8")
VERSION = re.search('__version__ = "(.*)"', _TEXT)[1]
