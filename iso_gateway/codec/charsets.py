"""The character sets that text can be in: names of Python's codecs.

Not every codec of Python is here: some warn, some never fail, some take their time.
"""

from __future__ import annotations

from typing import Final

ONE_BYTE: Final = ("ascii", "latin-1", "cp037", "cp500", "cp1140")
"""A byte to the character."""
SEVERAL_BYTES: Final = ("gbk", "gb18030", "big5", "shift_jis", "euc_kr", "utf-8")
TEXTS: Final = (*ONE_BYTE, *SEVERAL_BYTES)
