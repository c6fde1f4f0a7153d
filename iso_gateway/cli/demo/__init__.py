"""``iso-gateway demo``: the main job on loopback, as a story of three terminals, and the proof that all ledgers agree.

``story.py`` is what the terminals do, ``process.py`` the gateway that is killed in the middle of it, ``proof.py``
compares what terminals, gateway and host have written down, ``stage.py`` puts them together and shows it.
"""

from iso_gateway.cli.demo.command import demo

__all__ = ["demo"]
