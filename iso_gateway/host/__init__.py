"""The mock acquirer: a host for terminals and gateways to be tried against, which keeps accounts and a ledger.

What is decided is pure: `authorizer` says what each message gets, on `accounts`, `ledger`, `totals` and `magic`
cents; time, randomness and bytes are handed in. `server` is the edge: it carries the decisions out over connections.
It knows nothing of the gateway.
"""
