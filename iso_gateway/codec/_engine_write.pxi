# Values -> bytes. Every function answers below zero, and sets no error, where something is not as it should be.

cdef inline Py_ssize_t length_of(const Row* row, PyObject* value) noexcept:
    """Return the length of *value* in the units of its row; -1 where it is of another type or too long or short."""
    cdef Py_ssize_t length
    if row.op == HEX or row.op == BYTES:
        if not PyBytes_CheckExact(value):
            return -1
        length = PyBytes_GET_SIZE(value) << (row.op == HEX)
    else:
        # One byte to each character of the text: whatever has wider ones needs a walker that knows its codec.
        if not PyUnicode_CheckExact(value) or PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND:
            return -1
        length = PyUnicode_GET_LENGTH(value)
        if row.op == SIGNED and length == 0:
            return -1
    if length < row.low or length > row.high or (row.step == 2 and length & 1):
        return -1
    return length


cdef inline bint is_good(const Row* row, PyObject* value, Py_ssize_t length) noexcept:
    """Say whether *value*, whose length is known to be good, has the characters of its format."""
    cdef unsigned int marks = 0
    cdef const uint8_t* at
    cdef const uint8_t* marked = row.marks_out
    cdef Py_ssize_t each
    if row.op == HEX or row.op == BYTES:
        return True
    at = <const uint8_t*>PyUnicode_DATA(value)
    if row.signed and length:
        marks = row.first_out[at[0]]
        at += 1
        length -= 1
    for each in range(length):
        marks |= marked[at[each]]
    return not marks & (BAD | UNKNOWN)


cdef inline uint8_t* write_prefix(const Row* row, uint8_t* into, Py_ssize_t length) noexcept:
    cdef Py_ssize_t said = length >> 1 if row.step == 2 else length
    cdef int each
    if row.prefix == DIGITS:
        for each in range(row.width - 1, -1, -1):
            into[each] = row.zero + said % 10
            said //= 10
    elif row.prefix == PACKED_DIGITS:
        for each in range(row.width - 1, -1, -1):
            into[each] = (said // 10 % 10) << 4 | said % 10
            said //= 100
    else:
        for each in range(row.width - 1, -1, -1):
            into[each] = said & 0xFF
            said >>= 8
    return into + row.width


cdef inline bint pack(uint8_t* into, const uint8_t* at, Py_ssize_t digits, const Row* row) noexcept:
    """Write *digits* characters as nibbles, an odd number with the pad; false where one is no upper-case nibble."""
    cdef unsigned int marks = 0, high, low
    cdef unsigned int pad = UNHEX[row.pad] & 15 if row.pad else 0
    cdef Py_ssize_t each
    if digits & 1 and row.left:
        low = UNHEX[at[0]]
        marks |= low
        into[0] = pad << 4 | (low & 15)
        into += 1
        at += 1
    for each in range(digits >> 1):
        high = UNHEX[at[2 * each]]
        low = UNHEX[at[2 * each + 1]]
        marks |= high | low
        into[each] = high << 4 | (low & 15)
    if digits & 1 and not row.left:
        high = UNHEX[at[digits - 1]]
        marks |= high
        into[digits >> 1] = high << 4 | pad
    return not marks & (NO_HEX | LOWER)


cdef inline bint write_body(const Row* row, uint8_t* into, PyObject* value, Py_ssize_t length) noexcept:
    """Write the body of *value*, whose type and length are known to be good; false where a character cannot be."""
    cdef const uint8_t* at
    cdef unsigned int marks = 0
    cdef Py_ssize_t each
    if row.op == TEXT:
        memcpy(into, PyUnicode_DATA(value), length)
        return True
    if row.op == PACKED:
        return pack(into, <const uint8_t*>PyUnicode_DATA(value), length, row)
    if row.op == BYTES:
        memcpy(into, PyBytes_AS_STRING(value), length)
        return True
    if row.op == HEX:
        at = <const uint8_t*>PyBytes_AS_STRING(value)
        for each in range(length >> 1):
            memcpy(into + 2 * each, &PAIR[2 * at[each]], 2)
        return True
    at = <const uint8_t*>PyUnicode_DATA(value)
    if row.op == SIGNED:
        into[0] = at[0]
        return pack(into + 1, at + 1, length - 1, row)
    for each in range(length):
        marks |= row.marks_out[at[each]]
        into[each] = row.out[at[each]]
    return not marks & UNKNOWN
