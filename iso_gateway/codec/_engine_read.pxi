# Bytes -> values. Every function answers NULL, and sets no error, where something is not as it should be.

cdef inline Py_ssize_t prefix(const Row* row, const uint8_t* at) noexcept:
    """Return the length that the prefix at *at* says, which is all there; -1 where it is none of this field's."""
    cdef Py_ssize_t said = 0
    cdef unsigned int digit
    cdef int each
    if row.prefix == DIGITS:
        # ASCII and EBCDIC alike: all digits of a character set follow upon its zero.
        for each in range(row.width):
            digit = <unsigned int>at[each] - row.zero
            if digit > 9:
                return -1
            said = said * 10 + digit
    elif row.prefix == PACKED_DIGITS:
        for each in range(row.width):
            digit = at[each]
            if digit >> 4 > 9 or (digit & 15) > 9:
                return -1
            said = said * 100 + (digit >> 4) * 10 + (digit & 15)
    elif row.prefix == BINARY:
        for each in range(row.width):
            said = said << 8 | at[each]
    else:
        for each in range(row.width):
            digit = UNHEX[at[each]]
            if digit > 15:
                return -1
            said = said << 4 | digit
    said = (said - row.extra) * row.step
    return said if row.low <= said <= row.high else -1


cdef inline Py_ssize_t body_size(const Row* row, Py_ssize_t length) noexcept:
    """Return the bytes that a body of *length* units takes."""
    if row.op == PACKED:
        return (length + 1) >> 1
    if row.op == SIGNED:
        return 1 + (length >> 1)
    return length


cdef inline PyObject* characters(const Row* row, const uint8_t* at, Py_ssize_t size, int wrong) noexcept:
    """Return the text of *size* bytes, one for each character; *wrong* are the marks that it must not have."""
    cdef unsigned int marks = 0
    cdef Py_ssize_t each, number = 0
    cdef PyObject* text
    cdef uint8_t* into
    cdef const uint8_t* marked = row.marks_in
    if row.signed and size:
        marks = row.first_in[at[0]]
        for each in range(1, size):
            marks |= marked[at[each]]
    else:
        for each in range(size):
            marks |= marked[at[each]]
    if marks & wrong:
        return NULL
    if size <= 4 and size and not marks & NO_DIGIT:
        for each in range(size):
            number = number * 10 + (row.into[at[each]] - c'0')
        return short_text(size, number)
    text = PyUnicode_New(size, 255 if marks & WIDE else 127)
    if text != NULL and size:
        into = <uint8_t*>PyUnicode_DATA(text)
        if row.op == TEXT:
            memcpy(into, at, size)
        else:
            for each in range(size):
                into[each] = row.into[at[each]]
    return text


cdef inline void unpack(uint8_t* into, const uint8_t* at, Py_ssize_t digits, bint left) noexcept:
    """Write the characters of *digits* nibbles; of an odd number the pad, on the *left* or right, is passed over."""
    cdef Py_ssize_t each
    if digits & 1 and left:
        into[0] = PAIR[2 * at[0] + 1]
        into += 1
        at += 1
    for each in range(digits >> 1):
        memcpy(into + 2 * each, &PAIR[2 * at[each]], 2)
    if digits & 1 and not left:
        into[digits - 1] = PAIR[2 * at[digits >> 1]]


cdef inline PyObject* nibbles(const Row* row, const uint8_t* at, Py_ssize_t digits, int wrong) noexcept:
    """Return the text of a packed body; a sign goes before the digits where the row has one."""
    cdef unsigned int marks = 0
    cdef Py_ssize_t each, number = 0, size = digits
    cdef uint8_t shown[4]
    cdef PyObject* text
    cdef uint8_t* into
    cdef uint8_t sign = 0
    memset(shown, 0, sizeof(shown))
    if row.op == SIGNED:
        sign = at[0]
        marks = row.first_in[sign]
        at += 1
        digits -= 1
    elif 0 < digits <= 4:
        unpack(shown, at, digits, row.left)
        for each in range(digits):
            marks |= row.marks_out[shown[each]]
            number = number * 10 + (shown[each] - c'0')
        if marks & wrong:
            return NULL
        if not marks & NO_DIGIT:
            return short_text(digits, number)
        marks = 0
    text = PyUnicode_New(size, 255 if marks & WIDE else 127)
    if text == NULL or size == 0:
        return text
    into = <uint8_t*>PyUnicode_DATA(text)
    if row.op == SIGNED:
        into[0] = sign
        into += 1
    unpack(into, at, digits, row.left)
    for each in range(digits):
        marks |= row.marks_out[into[each]]
    if marks & wrong:
        Py_DECREF(text)
        return NULL
    return text


cdef inline bint pad_is_ours(const Row* row, const uint8_t* at, Py_ssize_t digits) noexcept:
    """Say whether the unused nibble of an odd number of packed digits, which begin at *at*, is what we write."""
    if not digits & 1:
        return True
    return (PAIR[2 * at[0]] if row.left else PAIR[2 * at[digits >> 1] + 1]) == row.pad


cdef inline PyObject* from_hex(const uint8_t* nibble, const uint8_t* at, Py_ssize_t size, bint* ours) noexcept:
    """Return the bytes that *size* hexadecimal characters say; *ours* becomes false where some are lower case."""
    cdef PyObject* value
    cdef unsigned int marks = 0, high, low
    cdef uint8_t* into
    cdef Py_ssize_t each
    if size & 1:
        return NULL
    value = PyBytes_FromStringAndSize(NULL, size >> 1)
    if value == NULL:
        return NULL
    into = <uint8_t*>PyBytes_AS_STRING(value)
    for each in range(size >> 1):
        high = nibble[at[2 * each]]
        low = nibble[at[2 * each + 1]]
        marks |= high | low
        into[each] = high << 4 | (low & 15)
    if marks & NO_HEX:
        Py_DECREF(value)
        return NULL
    ours[0] = not marks & LOWER
    return value


cdef inline PyObject* value_at(const Row* row, const uint8_t* at, Py_ssize_t size, Py_ssize_t length, int wrong, bint* ours) noexcept:
    """Return what the body of *size* bytes says; *ours* becomes false where we would write it otherwise."""
    ours[0] = True
    if row.op == TEXT or row.op == CODED:
        return characters(row, at, size, wrong)
    if row.op == PACKED:
        ours[0] = pad_is_ours(row, at, length)
        return nibbles(row, at, length, wrong)
    if row.op == BYTES:
        return PyBytes_FromStringAndSize(<const char*>at, size)
    if row.op == HEX:
        return from_hex(UNHEX, at, size, ours)
    if row.op == HEXED:
        return from_hex(UNHEX_EBCDIC, at, size, ours)
    if length == 0:
        return NULL
    ours[0] = pad_is_ours(row, at + 1, length - 1)
    return nibbles(row, at, length, wrong)


cdef inline bint bitmap_word(int form, const uint8_t* at, uint64_t* word, bint* ours) noexcept:
    """Read one bitmap, of 8 bytes or 16 characters; false where its characters are not hexadecimal."""
    cdef const uint8_t* nibbles_of = &UNHEX[0] if form == HEXADECIMAL else &UNHEX_EBCDIC[0]
    cdef uint64_t bits = 0
    cdef unsigned int marks = 0, nibble
    cdef int each
    if form == RAW:
        for each in range(8):
            bits = bits << 8 | at[each]
    else:
        for each in range(16):
            nibble = nibbles_of[at[each]]
            marks |= nibble
            bits = bits << 4 | (nibble & 15)
    word[0] = bits
    if marks & LOWER:
        ours[0] = False
    return not marks & NO_HEX


cdef inline int mti_at(Engine engine, const uint8_t* at) noexcept:
    """Return the message type as a number; -1 where it is none of this spec."""
    cdef int each, number = 0
    cdef unsigned int digit
    if engine.mti_packed:
        for each in range(2):
            if at[each] >> 4 > 9 or (at[each] & 15) > 9:
                return -1
            number = number * 100 + (at[each] >> 4) * 10 + (at[each] & 15)
    else:
        for each in range(4):
            digit = <unsigned int>at[each] - engine.mti_zero
            if digit > 9:
                return -1
            number = number * 10 + digit
    return number if engine.mtis[number] else -1


cdef int read_bitmaps(Engine engine, const uint8_t* at, const uint8_t* end, uint64_t* bits, bint* ours) noexcept:
    """Read the bitmaps before the fields and return how many there are; 0 where something is not as it should be.

    *bits* are those of data elements; *ours* becomes false where some character is not as we write it.
    """
    cdef int found = 0
    cdef bint again = True
    bits[0] = bits[1] = bits[2] = 0
    while again:
        if end - at < engine.word_size or not bitmap_word(engine.form, at, &bits[found], ours):
            return 0
        at += engine.word_size
        found += 1
        if engine.fixed:
            again = found < engine.fixed
        else:
            again = found < engine.most and bits[found - 1] & FIRST
            if again:
                bits[found - 1] ^= FIRST
    if engine.fixed and not has(engine.known, 1):
        # It announces nothing and names nothing: we write it clear.
        if bits[0] & FIRST:
            bits[0] ^= FIRST
            ours[0] = False
    return found


cdef object asked(Engine engine, int number, const uint8_t* at, const uint8_t* end, Py_ssize_t length, bint strict):
    """Return what Python reads in a body of *length* units that begins at *at*: value, size and whether it is ours.

    None where it reads nothing, and where it fails: the walker will fail too, and at a better place.
    """
    try:
        return engine.reader(number, (<const char*>at)[:end - at], length, strict)
    except Exception:
        return None


cdef object walk(Engine engine, const uint8_t* at, Py_ssize_t size, object spec, bint strict):
    cdef const uint8_t* end = at + size
    cdef const uint8_t* start
    cdef uint64_t bits[WORDS]
    cdef int mti, each, number, bitmaps, wrong = BAD | UNKNOWN if strict else UNKNOWN
    cdef bint ours = True
    cdef Py_ssize_t length, taken
    cdef const Row* row
    cdef Layout layout
    cdef PyObject* values
    cdef PyObject* value
    cdef tuple owned
    cdef dict kept = None
    cdef Storage made
    if size < engine.mti_size:
        return None
    mti = mti_at(engine, at)
    if mti < 0:
        return None
    at += engine.mti_size
    start = at
    bitmaps = read_bitmaps(engine, at, end, bits, &ours)
    if not bitmaps or not known(engine, bits):
        return None
    at += bitmaps * engine.word_size
    layout = layout_of(bits)
    if not ours or (not engine.fixed and bitmaps != layout.bitmaps):
        kept = {0: (<const char*>start)[:at - start]}
    values = PyTuple_New(layout.count)
    if values == NULL:
        PyErr_Clear()
        return None
    owned = <tuple>values  # goes whatever happens below
    Py_DECREF(values)
    for each in range(layout.count):
        number = layout.numbers[each]
        row = &engine.rows[number]
        if row.op == REFUSED:
            break
        length = row.high
        if row.prefix != FIXED:
            if end - at < row.width:
                break
            length = prefix(row, at)
            if length < 0:
                break
            at += row.width
        taken = body_size(row, length)
        if end - at < taken:
            break
        value = value_at(row, at, taken, length, wrong, &ours)
        if value == NULL:
            # A refusal, or no memory: the walker will see.
            PyErr_Clear()
            if not row.asks:
                break
            answer = asked(engine, number, at, end, length, strict)
            if answer is None:
                break
            value = <PyObject*>(<tuple?>answer)[0]
            taken = (<tuple>answer)[1]
            ours = (<tuple>answer)[2]
            if not 0 <= taken <= end - at:
                break
            Py_INCREF(value)
        PyTuple_SET_ITEM(values, each, value)
        if not ours:
            if kept is None:
                kept = {}
            kept[number] = (<const char*>at)[:taken]
        at += taken
    else:
        if at == end:
            made = new_message(engine, mti, spec)
            made.layout = layout
            made.carried = owned
            made.kept = kept
            made.trusted = True
            return made
    return None
