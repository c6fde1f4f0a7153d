"""Where a message starts and ends in a stream of bytes.

Framing is what lies around an ISO 8583 message on a connection: a length, and perhaps network headers such as
the TPDU. ``Framing.parse("2be+tpdu")`` reads the short form that configurations and ``--framing`` use;
``framing.framer()`` cuts a stream into frames, ``framing.frame(payload)`` makes one.
"""

from __future__ import annotations

from iso_gateway.framing.framer import Frame, Framer
from iso_gateway.framing.grammar import Framing

__all__ = ["Frame", "Framer", "Framing"]
