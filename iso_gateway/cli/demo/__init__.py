"""``iso-gateway demo``: the main job on loopback, as a story of three terminals, and the proof that all ledgers agree.

``story.py`` is what the terminals do, ``proof.py`` compares what terminals, gateway and host have written down,
``stage.py`` starts them and shows it.
"""

from iso_gateway.cli.demo.command import demo

__all__ = ["demo"]
