"""Security modules: whatever holds keys and answers Verify and Secure.

``client.py`` is what the gateway calls: the module in its process, or in one of its own (``own_process.py``,
``serving.py``). ``software.py`` carries out commands with the keys of a ``key_table.py``.
"""
