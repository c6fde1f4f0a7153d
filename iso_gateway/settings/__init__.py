"""The one reader of everything that people write: configuration, profiles, rules.

`reader` walks a declared shape beside the data and tells every fault; `words` says what was expected; `merge` lays
settings over those that they take over.
"""

from iso_gateway.settings.merge import merged
from iso_gateway.settings.reader import read

__all__ = ["merged", "read"]
