"""Security modules: whatever holds keys and answers Verify and Secure.

So far ``open_module.py`` alone: it holds no key, and says so.
"""
