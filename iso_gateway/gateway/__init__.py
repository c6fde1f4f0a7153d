"""The gateway as a process: its configuration, and the wiring of the pure node to sockets, journal and keys.

``shape.py`` is what a configuration file may say, ``config.py`` reads one and tells every fault, ``app.py`` runs the
node on trio, ``journaling.py`` commits for it, ``lines.py`` writes its log.
"""
