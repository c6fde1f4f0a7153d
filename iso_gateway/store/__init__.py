"""The journal: where duplicate detection, debts and outcomes change in one commit.

``journal.py`` is the interface that every store has; ``memory.py`` is the one that forgets when the process ends.
"""
