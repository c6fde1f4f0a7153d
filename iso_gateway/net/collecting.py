"""Python's garbage collector in a process that lives long and keeps much."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Have Python's garbage collector look at few things, and seldom.

    A transaction leaves no reference cycle behind, so there is next to nothing to find; with the settings that Python
    starts with, looking for it in a journal of 80,000 rows took a quarter of the processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
