"""The module of the tests of a keyed gateway as a process of its own: ``python keyed_process.py --control N``."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

from iso_gateway.hsm.serving import Opened, Unlocked, keep
from tests.support.keyed_edge import all_keys
from tests.support.module_keys import module


def opened() -> Opened:
    """Open a module over the keys of `keyed_edge`; what is changed in it is gone with its process."""
    made = module(*all_keys())
    return Opened(made, made.close)


def command() -> Sequence[str]:
    """Return what starts it."""
    return [sys.executable, "-P", "-s", __file__]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int)
    asked = parser.parse_args()
    keep(socket.socket(fileno=asked.control), lambda: Unlocked(opened, lambda: None))


if __name__ == "__main__":
    main()
