# cython: language_level=3
"""The compiled engine: the plan walked over the bytes in one pass. What it does not know or like it refuses, with None."""

cdef extern from *:
    """
    #ifndef ISO_GATEWAY_ENGINE_SOURCE
    #define ISO_GATEWAY_ENGINE_SOURCE ""
    #endif
    """
    const char* ISO_GATEWAY_ENGINE_SOURCE

SOURCE = ISO_GATEWAY_ENGINE_SOURCE.decode("ascii")
