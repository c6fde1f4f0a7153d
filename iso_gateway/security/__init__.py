"""Keys and what is done with them: pure algorithms, and references to keys that live elsewhere.

So far: the sealing of card numbers for the journal. MACs and PIN blocks come with the security module.
"""
