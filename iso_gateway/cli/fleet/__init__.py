"""``iso-gateway fleet``: the options, the terminals with their keys, the live line, and the host's ledger."""
