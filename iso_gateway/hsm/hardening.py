"""What a process that holds keys asks of the system, so that they stay in it.

No core file, no debugger or ``/proc/PID/mem`` of the same user, nothing on the swap device, and no life after its
parent. What the system does not grant is told, not raised: a module without it still beats keys in the gateway.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
from typing import Final

_SET_PARENT_DEATH_SIGNAL: Final = 1
_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVILEGES: Final = 38
_LOCK_CURRENT_AND_FUTURE: Final = 3


def harden() -> list[str]:
    """Close this process off; return what the system did not grant, a line each."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return ["debuggers of the same user are not kept out, and memory may be swapped: this system is not Linux"]
    libc = ctypes.CDLL(None, use_errno=True)
    missing = []
    if libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0):
        missing.append("debuggers of the same user are not kept out: PR_SET_DUMPABLE was refused")
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # Under a limit, what is allocated later could not be locked, and the allocation itself would fail.
    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    if not unlimited or libc.mlockall(_LOCK_CURRENT_AND_FUTURE):
        missing.append("keys may be swapped to disk: memory is not locked (LimitMEMLOCK=infinity allows it)")
    return missing


def die_with_parent() -> None:
    """Have the system kill this process when its parent ends, on Linux; a closed socket ends it elsewhere."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
