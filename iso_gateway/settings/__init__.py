"""The one reader of everything that people write: configuration, profiles, rules.

`reader` walks a declared shape beside the data and tells every fault; `words` says what was expected.
"""

from iso_gateway.settings.reader import read

__all__ = ["read"]
