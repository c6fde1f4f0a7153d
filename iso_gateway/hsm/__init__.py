"""Security modules: whatever holds keys and answers Verify and Secure.

``client.py`` is what the gateway calls, ``key_table.py`` what the keys are held in. ``open_module.py`` holds none.
"""
