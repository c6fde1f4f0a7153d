# Values as people give them -> messages, and messages with some values changed.

cdef struct Draft:
    # Values by data element, owned; only those whose bits are set are there.
    uint64_t bits[WORDS]
    uint64_t gone[WORDS]
    PyObject* values[HIGHEST + 1]


cdef object composed(Engine engine, object mti, object fields, object passed, object spec):
    cdef Draft draft
    cdef int number, type_number = mti_of(engine, mti)
    cdef Storage made = None
    if type_number < 0 or type(fields) is not dict or (passed is not None and type(passed) is not dict):
        return None
    memset(draft.bits, 0, sizeof(draft.bits))
    memset(draft.gone, 0, sizeof(draft.gone))
    try:
        if passed is not None:
            for key, value in (<dict>passed).items():
                number = number_of(key) if isinstance(key, int) else 0
                if number == 0:
                    return None
                take(&draft, number, value)
        if not gather(engine, &draft, <dict>fields, spec):
            return None
        made = new_message(engine, type_number, spec)
        made.layout = layout_of(draft.bits)
        made.carried = assembled(&draft, made.layout, None, None)
        made.trusted = not passed
        return made
    finally:
        forget(&draft)


cdef object evolved(Engine engine, object message, object changes, object mti, object echo):
    cdef Draft draft
    cdef Storage before, made
    cdef int number, type_number
    cdef uint64_t bits[WORDS]
    if not isinstance(message, Storage) or type(changes) is not dict:
        return None
    before = <Storage>message
    type_number = mti_of(engine, before.mti if mti is None else mti)
    if type_number < 0:
        return None
    memset(draft.bits, 0, sizeof(draft.bits))
    memset(draft.gone, 0, sizeof(draft.gone))
    memcpy(bits, before.layout.bits, sizeof(bits))
    if echo is not None:
        memset(bits, 0, sizeof(bits))
        for key in <tuple?>echo:
            number = number_of(key)
            if number and before.layout.place[number]:
                put_in(bits, number)
    try:
        if not gather(engine, &draft, <dict>changes, before.spec):
            return None
        for number in range(WORDS):
            bits[number] = (bits[number] & ~draft.gone[number]) | draft.bits[number]
        made = new_message(engine, type_number, before.spec)
        made.layout = layout_of(bits)
        made.carried = assembled(&draft, made.layout, before.layout, before.carried)
        made.trusted = before.trusted
        if before.kept is not None:
            made.kept = still(before, made, echo)
        return made
    finally:
        forget(&draft)


cdef Storage new_message(Engine engine, int mti, object spec):
    cdef PyObject* text = short_text(4, mti)
    if text == NULL:
        raise MemoryError
    cdef Storage message = new_storage(engine.message_class, <str>text, spec)
    Py_DECREF(text)
    return message


cdef inline void take(Draft* draft, int number, object value) noexcept:
    """Put *value* into *draft*."""
    if has(draft.bits, number):
        Py_DECREF(draft.values[number])
    Py_INCREF(<PyObject*>value)
    draft.values[number] = <PyObject*>value
    put_in(draft.bits, number)


cdef bint gather(Engine engine, Draft* draft, dict changes, object spec) except -1:
    """Put what *changes* say into *draft*; false where there is more to one of them than a number and a value."""
    cdef int number
    for key, value in changes.items():
        number = number_of(key) if isinstance(key, int) else 0
        if number == 0:
            return False
        if value is not None:
            take(draft, number, carry(engine, number, value, spec))
            continue
        put_in(draft.gone, number)
        if has(draft.bits, number):
            take_out(draft.bits, number)
            Py_DECREF(draft.values[number])
    return True


cdef inline object carry(Engine engine, int number, object value, object spec):
    """Return *value* as its data element carries it.

    Raises:
        EncodeError: the element cannot hold that.
    """
    cdef const Row* row = &engine.rows[number]
    cdef Py_ssize_t length
    if row.op != REFUSED:
        length = length_of(row, <PyObject*>value)
        if length >= 0 and is_good(row, <PyObject*>value, length, BAD | UNKNOWN):
            return value
        if row.numeric and PyLong_CheckExact(<PyObject*>value):
            text = digits_of(row, value)
            if text is not None:
                return text
    return engine.carrier(spec, number, value)


cdef tuple assembled(Draft* draft, Layout layout, Layout before, tuple values):
    """Return the values for *layout*: those of *draft*, and of *before* what it does not have."""
    cdef PyObject* made = PyTuple_New(layout.count)
    cdef PyObject* value
    cdef int each, number
    if made == NULL:
        raise MemoryError
    for each in range(layout.count):
        number = layout.numbers[each]
        if has(draft.bits, number):
            value = draft.values[number]
        else:
            value = PyTuple_GET_ITEM(<PyObject*>values, before.place[number] - 1)
        Py_INCREF(value)
        PyTuple_SET_ITEM(made, each, value)
    done = <tuple>made
    Py_DECREF(made)
    return done


cdef void forget(Draft* draft) noexcept:
    cdef int number
    cdef int word
    for word in range(WORDS):
        if draft.bits[word]:
            for number in range(64 * word + 1, 64 * word + 65):
                if has(draft.bits, number):
                    Py_DECREF(draft.values[number])


cdef object digits_of(const Row* row, object value):
    """Return the digits of an int, with leading zeros where the row is fixed; None where they do not fit it."""
    cdef int overflow = 0
    cdef long long number = PyLong_AsLongLongAndOverflow(<PyObject*>value, &overflow)
    cdef uint8_t digits[20]
    cdef Py_ssize_t size = 0, length
    cdef PyObject* text
    cdef uint8_t* into
    if overflow or number < 0:
        return None
    while number or not size:
        digits[size] = c'0' + number % 10
        number //= 10
        size += 1
    length = row.high if row.prefix == FIXED else size
    if not max(size, row.low) <= length <= row.high or (row.step == 2 and length & 1):
        return None
    text = PyUnicode_New(length, 127)
    if text == NULL:
        raise MemoryError
    into = <uint8_t*>PyUnicode_DATA(text)
    memset(into, c'0', length - size)
    while size:
        size -= 1
        into[length - 1 - size] = digits[size]
    made = <object>text
    Py_DECREF(text)
    return made


cdef dict still(Storage before, Storage after, object echo):
    """Return the bodies kept of *before* that still hold in *after*; None where none does."""
    cdef dict left = {}
    cdef int number, was, now
    for key, raw in before.kept.items():
        number = number_of(key) if isinstance(key, int) else 0
        if number == 0:
            # The bitmap of a request says nothing about that of its answer.
            if echo is None and memcmp(before.layout.bits, after.layout.bits, sizeof(before.layout.bits)) == 0:
                left[key] = raw
            continue
        was = before.layout.place[number]
        now = after.layout.place[number]
        if was and now and (echo is None or number in echo) and before.carried[was - 1] == after.carried[now - 1]:
            left[key] = raw
    return left or None
