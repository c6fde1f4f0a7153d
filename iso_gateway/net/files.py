"""How many connections the system lets a process have: each is an open file."""

from __future__ import annotations

import resource
from typing import Final

BESIDES: Final = 64
"""Open files that are no connections: listeners, logs, journals, the admin socket."""


def make_room(connections: int) -> str:
    """Have the system allow this process *connections* beside its other files.

    The soft limit is raised as far as needed, up to the hard one, which takes no rights.

    Returns:
        Empty; or, where there is not so much room, how much there is and what to do.
    """
    wanted = connections + BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return ""
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    except (ValueError, OSError):  # macOS calls its hard limit infinite, and has another one
        possible = soft
    if possible == wanted:
        return ""
    return (
        f"the system allows {possible} open files, enough for {max(0, possible - BESIDES)} of {connections} "
        f"connections; raise the hard limit (ulimit -Hn {wanted}, LimitNOFILE={wanted}) or ask for fewer"
    )
