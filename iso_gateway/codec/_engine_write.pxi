# Values -> bytes. Every function answers below zero, and sets no error, where something is not as it should be.

cdef inline Py_ssize_t length_of(const Row* row, PyObject* value) noexcept:
    """Return the length of *value* in the units of its row; -1 where it is of another type or too long or short."""
    cdef Py_ssize_t length
    if row.binary:
        if not PyBytes_CheckExact(value):
            return -1
        length = PyBytes_GET_SIZE(value) << (row.op != BYTES)
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


cdef inline bint is_good(const Row* row, PyObject* value, Py_ssize_t length, int wrong) noexcept:
    """Say whether *value*, whose length is known to be good, has no character with the marks *wrong*."""
    cdef unsigned int marks = 0
    cdef const uint8_t* at
    cdef const uint8_t* marked = row.marks_out
    cdef Py_ssize_t each
    if row.binary:
        return True
    at = <const uint8_t*>PyUnicode_DATA(value)
    if row.signed and length:
        marks = row.first_out[at[0]]
        at += 1
        length -= 1
    for each in range(length):
        marks |= marked[at[each]]
    return not marks & wrong


cdef inline uint8_t* write_prefix(const Row* row, uint8_t* into, Py_ssize_t length) noexcept:
    cdef Py_ssize_t said = (length >> 1 if row.step == 2 else length) + row.extra
    cdef int each
    if row.prefix == DIGITS:
        for each in range(row.width - 1, -1, -1):
            into[each] = row.zero + said % 10
            said //= 10
    elif row.prefix == PACKED_DIGITS:
        for each in range(row.width - 1, -1, -1):
            into[each] = (said // 10 % 10) << 4 | said % 10
            said //= 100
    elif row.prefix == BINARY:
        for each in range(row.width - 1, -1, -1):
            into[each] = said & 0xFF
            said >>= 8
    else:
        for each in range(row.width - 1, -1, -1):
            into[each] = PAIR[2 * (said & 15) + 1]
            said >>= 4
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


cdef inline void to_hex(const uint8_t* pair, uint8_t* into, const uint8_t* at, Py_ssize_t size) noexcept:
    cdef Py_ssize_t each
    for each in range(size):
        memcpy(into + 2 * each, &pair[2 * at[each]], 2)


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
    if row.binary:
        to_hex(&PAIR[0] if row.op == HEX else &PAIR_EBCDIC[0], into, <const uint8_t*>PyBytes_AS_STRING(value), length >> 1)
        return True
    at = <const uint8_t*>PyUnicode_DATA(value)
    if row.op == SIGNED:
        into[0] = at[0]
        return pack(into + 1, at + 1, length - 1, row)
    for each in range(length):
        marks |= row.marks_out[at[each]]
        into[each] = row.out[at[each]]
    return not marks & UNKNOWN


cdef inline int mti_of(Engine engine, object mti) noexcept:
    """Return the message type *mti*, any object, as a number; -1 where it is none of this spec."""
    cdef PyObject* text = <PyObject*>mti
    cdef const uint8_t* at
    cdef int each, number = 0
    cdef unsigned int digit
    if not PyUnicode_Check(text) or PyUnicode_GET_LENGTH(text) != 4 or PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND:
        return -1
    at = <const uint8_t*>PyUnicode_DATA(text)
    for each in range(4):
        digit = <unsigned int>at[each] - c'0'
        if digit > 9:
            return -1
        number = number * 10 + digit
    return number if engine.mtis[number] else -1


cdef inline uint8_t* write_mti(Engine engine, uint8_t* into, int mti) noexcept:
    cdef int each
    if engine.mti_packed:
        into[0] = (mti // 1000) << 4 | mti // 100 % 10
        into[1] = (mti // 10 % 10) << 4 | mti % 10
    else:
        for each in range(3, -1, -1):
            into[each] = engine.mti_zero + mti % 10
            mti //= 10
    return into + engine.mti_size


cdef inline bint known(Engine engine, const uint64_t* bits) noexcept:
    """Say whether the spec has all these data elements."""
    return not (bits[0] & ~engine.known[0] | bits[1] & ~engine.known[1] | bits[2] & ~engine.known[2])


cdef uint8_t* write_bitmaps(Engine engine, uint8_t* into, Layout layout) noexcept:
    cdef uint8_t raw[8 * WORDS]
    cdef uint64_t bits
    cdef int word, each, words = engine.fixed or layout.bitmaps
    for word in range(words):
        # The first bit of each says that another one follows, but of one that is always there whole.
        bits = layout.bits[word] | (FIRST if word + 1 < words and not engine.fixed else 0)
        for each in range(8):
            raw[8 * word + each] = bits >> (56 - 8 * each) & 0xFF
    if engine.form == RAW:
        memcpy(into, raw, 8 * words)
    else:
        to_hex(&PAIR[0] if engine.form == HEXADECIMAL else &PAIR_EBCDIC[0], into, raw, 8 * words)
    return into + words * engine.word_size


cdef object written(Engine engine, object message, object spec):
    cdef Storage said
    cdef const Row* row
    cdef Layout layout
    cdef Py_ssize_t lengths[HIGHEST + 1]
    cdef Py_ssize_t total, length
    cdef PyObject* value
    cdef PyObject* raw
    cdef PyObject* bitmap = NULL
    cdef PyObject* data
    cdef uint8_t* into
    cdef int each, number, mti, wrong
    cdef bint trusted
    cdef dict kept = None
    cdef dict elements = None
    if not isinstance(message, Storage):
        return None
    said = <Storage>message
    trusted = said.spec is spec
    if trusted:
        # A copy: a codec of Python's may run below, and whoever has the dict may change it meanwhile.
        kept = None if said.kept is None else said.kept.copy()
        trusted = said.trusted
    elif said.kept is not None:
        # Whether these bytes count depends on whether the two specs are equal, which takes its time to say.
        return None
    wrong = UNKNOWN if trusted else BAD | UNKNOWN
    mti = mti_of(engine, said.mti)
    layout = said.layout
    if mti < 0 or not known(engine, layout.bits) or layout.bitmaps > (engine.fixed or engine.most):
        return None
    total = engine.mti_size
    if kept is not None and 0 in kept:
        bitmap = <PyObject*>kept[0]
        # A longer one has in it what stands among the fields.
        if not PyBytes_CheckExact(bitmap) or PyBytes_GET_SIZE(bitmap) > (engine.fixed or engine.most) * engine.word_size:
            return None
        total += PyBytes_GET_SIZE(bitmap)
    else:
        total += (engine.fixed or layout.bitmaps) * engine.word_size
    for each in range(layout.count):
        number = layout.numbers[each]
        row = &engine.rows[number]
        if row.op == REFUSED:
            return None
        value = PyTuple_GET_ITEM(<PyObject*>said.carried, each)
        raw = <PyObject*>kept[number] if kept is not None and number in kept else NULL
        length = length_of(row, value)
        if row.asks and (raw != NULL or length < 0 or not is_good(row, value, length, wrong)):
            if elements is None:
                elements = {}
            element = <bytes?>engine.writer(number, <object>value, None if raw == NULL else <object>raw, trusted)
            elements[number] = element
            total += PyBytes_GET_SIZE(<PyObject*>element)
            continue
        if length < 0 or not (trusted or is_good(row, value, length, wrong)):
            return None
        if raw != NULL and (not PyBytes_CheckExact(raw) or PyBytes_GET_SIZE(raw) != body_size(row, length)):
            return None
        lengths[each] = length
        total += row.width + body_size(row, length)
    data = PyBytes_FromStringAndSize(NULL, total)
    if data == NULL:
        PyErr_Clear()
        return None
    into = write_mti(engine, <uint8_t*>PyBytes_AS_STRING(data), mti)
    if bitmap != NULL:
        memcpy(into, PyBytes_AS_STRING(bitmap), PyBytes_GET_SIZE(bitmap))
        into += PyBytes_GET_SIZE(bitmap)
    else:
        into = write_bitmaps(engine, into, layout)
    for each in range(layout.count):
        number = layout.numbers[each]
        row = &engine.rows[number]
        if elements is not None and number in elements:
            raw = <PyObject*>elements[number]
            memcpy(into, PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
            into += PyBytes_GET_SIZE(raw)
            continue
        length = lengths[each]
        if row.width:
            into = write_prefix(row, into, length)
        if kept is not None and number in kept:
            raw = <PyObject*>kept[number]
            memcpy(into, PyBytes_AS_STRING(raw), body_size(row, length))
        elif not write_body(row, into, PyTuple_GET_ITEM(<PyObject*>said.carried, each), length):
            Py_DECREF(data)
            return None
        into += body_size(row, length)
    whole = <object>data
    Py_DECREF(data)
    return whole


cdef object bytes_behind(Engine engine, object message, object number):
    """Return how many bytes follow the body of *number*, which no third bitmap stands behind."""
    cdef Storage said
    cdef const Row* row
    cdef Py_ssize_t length, total = 0
    cdef int each, first
    if not isinstance(message, Storage):
        return None
    said = <Storage>message
    first = said.layout.place[number_of(number)]
    if first == 0 or said.kept is not None or said.layout.bits[2]:
        return None
    for each in range(first, said.layout.count):
        row = &engine.rows[said.layout.numbers[each]]
        if row.op == REFUSED or row.asks:
            return None
        length = length_of(row, PyTuple_GET_ITEM(<PyObject*>said.carried, each))
        if length < 0:
            return None
        total += row.width + body_size(row, length)
    return total
