"""Why a reversal is refused though nothing is wrong with it: the words of the log, which the judge knows too."""

from __future__ import annotations

from typing import Final

BY_THE_HOST: Final = "this host refuses reversals"
BY_THE_AMOUNT: Final = "the amount of the original asked for this refusal"
ON_PURPOSE: Final = frozenset({BY_THE_HOST, BY_THE_AMOUNT})
