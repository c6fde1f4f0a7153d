"""A point-of-sale terminal: what it asks, what it remembers, and what it makes of the answers.

`records`, `scripts`, `orders` and `result` are pure: time, STAN and memory are handed in. `state` keeps the memory in
a file, `client` carries one request over a connection. It knows nothing of the gateway or the host.
"""
