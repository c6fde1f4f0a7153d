# One data object among its like: the search of `tlv.find`, for tags of one or two bytes and lengths of one.

def find_object(bytes objects not None, bytes wanted not None):
    """Return the value of the first object with the tag *wanted*, or None; False where there is anything rarer."""
    cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(<PyObject*>objects)
    cdef Py_ssize_t pos = 0, end = PyBytes_GET_SIZE(<PyObject*>objects), start, tag, first = -1, length = 0
    cdef Py_ssize_t size = PyBytes_GET_SIZE(<PyObject*>wanted)
    cdef const uint8_t* sought = <const uint8_t*>PyBytes_AS_STRING(<PyObject*>wanted)
    while pos < end:
        start = pos
        if data[pos] == 0x00 or data[pos] == 0xFF:
            return False
        pos += 2 if data[pos] & 0x1F == 0x1F else 1
        tag = pos - start
        if pos >= end or data[pos] >= 0x80 or (tag == 2 and data[pos - 1] >= 0x80) or data[pos] > end - pos - 1:
            return False
        if first < 0 and tag == size and memcmp(&data[start], sought, size) == 0:
            first, length = pos + 1, data[pos]
        pos += 1 + data[pos]
    if first < 0:
        return None
    return objects[first:first + length]
