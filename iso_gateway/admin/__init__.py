"""The admin socket of a running gateway or mock host: asking it how it is, and telling it what to do.

A Unix socket that only its own user can open. One JSON object on one line asks, one answers:
``{"verb": "status", "arguments": {}}`` and ``{"ok": {...}}`` or ``{"error": "..."}``.
"""
