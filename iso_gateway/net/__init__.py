"""The edge: trio, sockets and the clock, and nothing that knows what a message means.

Nobody else in iso_gateway opens a stream to a terminal or a host, or asks what time it is. What the
operating system raises is turned into the errors of `iso_gateway.errors` here (`failures`), so that inside only
those are known.
"""
