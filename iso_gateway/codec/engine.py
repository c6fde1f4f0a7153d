"""Which engine walks the plans: the compiled one where it is there, else the Python walker.

The rest of the codec reads `compiled` once, when it is imported. `iso_gateway.engines` runs before that and may
take the extension away again: it knows the environment and the files, which this pure part does not touch.
"""

from __future__ import annotations

from types import ModuleType

compiled: ModuleType | None
"""The extension module, or None where the Python walker does all the work."""

try:
    from iso_gateway.codec import _engine

    compiled = _engine
except ImportError:
    compiled = None
