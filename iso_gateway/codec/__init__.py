"""Bytes <-> `Message`: MTI, bitmaps, fields, their parts, and what of them may be shown.

The way through the files: `build` reads a spec's data and finds every fault in it, `spec` is the result, `plan`
is the same thing lowered to plain rows, `walker` runs over the rows, and `trace` runs over them again, slowly,
when the walker refused: it finds the exact place and words the error. `message` is what comes out; `parts`,
`tlv` read inside a field; `mask` and `describe` decide what people see.
"""

# The first import of all: whoever imports whatever of the codec, which engine runs was decided before.
import iso_gateway.engines  # noqa: F401
