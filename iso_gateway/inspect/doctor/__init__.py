"""What bytes are: which framing and spec they fit, and where a spec almost fits, which small edit makes it fit.

`wraps` takes frames apart in every way that there is, `sanity` says how much sense a message makes, `edits` lists what
may be wrong with one field of a spec, `search` joins them. All of it is bounded by counts; nothing asks the clock.
"""
