"""Other people's implementations, asked by tests and benches alone.

psec and pyemv use names of cryptography that warn; every warning is an error in our tests, so theirs are let pass here,
for their calls only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from cryptography.utils import CryptographyDeprecationWarning


def quiet(theirs: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Return what *theirs* returns, whatever cryptography has to say of how they call it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return theirs(*given, **named)
