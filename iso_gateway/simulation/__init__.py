"""A day of a fleet without a clock: node, hosts and terminals on an event heap, with faults and invariants.

Everything is drawn from one seed, so that the same seed gives the same day, line by line. What the gateway promises
(`invariants`) is checked while the day runs and after everything has come to rest; a break is told with its seed and
the shortest story that shows it (`shrinking`, `report`).

``heap`` keeps the time, ``fleet`` says who takes part, ``gateway``, ``hosts``, ``terminals``, ``network`` and
``journal`` are the players, ``faults`` what goes wrong how often, and ``day`` the play.
"""
