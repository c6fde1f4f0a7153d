"""``iso-gateway keys``: the operator's hand on a key store, beside a running gateway too.

``reach.py`` opens the store; ``begin.py``, ``coming.py``, ``going.py``, ``life.py`` and ``listing.py`` are the
commands. No secret is ever an argument, and no output shows a key.
"""
