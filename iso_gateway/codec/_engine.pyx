# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The compiled engine: the rows of a plan walked over the bytes in one pass, content checked on the way.

It answers well or not at all: what it does not know or like it refuses with None, and the Python walker goes over
it again, finds the place and words the error. So it holds no prose, and every check here may be stricter than the
walker's, never the reverse. `lowering` turns the rows of a plan into what `Engine` takes.

No pointer is read before it is known that the bytes are there: a length is compared with what is left, and is at
most what its row allows. Values are told apart by their exact types, also those of a message that is trusted,
which is trusted in its characters and no more.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    #ifndef ISO_GATEWAY_ENGINE_SOURCE
    #define ISO_GATEWAY_ENGINE_SOURCE ""
    #endif
    """
    const char* ISO_GATEWAY_ENGINE_SOURCE

cdef extern from "Python.h":
    ctypedef struct PyObject
    ctypedef struct PyTypeObject:
        PyObject* (*tp_new)(PyTypeObject*, PyObject*, PyObject*)
    int PyUnicode_1BYTE_KIND
    void Py_INCREF(PyObject*)
    void Py_DECREF(PyObject*)
    void Py_CLEAR(PyObject*)
    void PyErr_Clear()
    PyObject* PyUnicode_New(Py_ssize_t, Py_UCS4)
    void* PyUnicode_DATA(PyObject*)
    int PyUnicode_KIND(PyObject*)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject*)
    bint PyUnicode_Check(PyObject*)
    bint PyUnicode_CheckExact(PyObject*)
    PyObject* PyBytes_FromStringAndSize(const char*, Py_ssize_t)
    char* PyBytes_AS_STRING(PyObject*)
    Py_ssize_t PyBytes_GET_SIZE(PyObject*)
    bint PyBytes_CheckExact(PyObject*)
    PyObject* PyTuple_New(Py_ssize_t)
    PyObject* PyTuple_GET_ITEM(PyObject*, Py_ssize_t)
    void PyTuple_SET_ITEM(PyObject*, Py_ssize_t, PyObject*)
    bint PyLong_CheckExact(PyObject*)
    long PyLong_AsLongAndOverflow(PyObject*, int*)
    long long PyLong_AsLongLongAndOverflow(PyObject*, int*)

SOURCE = ISO_GATEWAY_ENGINE_SOURCE.decode("ascii")

cdef enum:
    HIGHEST = 192  # the highest data element: three bitmaps
    WORDS = 3
    # Marks of a character or byte in the tables of a row.
    BAD = 1        # not of the row's format
    UNKNOWN = 2    # no character of the row's character set, or none that a byte holds
    WIDE = 4       # over 0x7F
    NO_DIGIT = 8
    # Marks of a hexadecimal character.
    LOWER = 0x10
    NO_HEX = 0x80
    # How a body lies on the wire: see `plan`; the first one is ours, a row that the engine has not learnt.
    REFUSED = -1
    TEXT = 0
    PACKED = 1
    BYTES = 2
    HEX = 3
    CODED = 4
    SIGNED = 5
    # How a length prefix is written.
    FIXED = 0
    DIGITS = 1
    PACKED_DIGITS = 2
    BINARY = 3

cdef uint64_t FIRST = 1ull << 63

cdef struct Row:
    int op
    int prefix
    int width              # the bytes of the prefix
    int step               # units of the length to one of the prefix, 1 or 2
    Py_ssize_t low
    Py_ssize_t high
    uint8_t zero           # the byte of the digit 0 in a prefix of digits
    uint8_t pad            # the character of the unused nibble
    bint left
    bint signed            # x+n: the first character has marks of its own
    bint numeric           # format n: a number can be written
    const uint8_t* marks_in   # marks by byte
    const uint8_t* marks_out  # marks by character
    const uint8_t* first_in
    const uint8_t* first_out
    const uint8_t* into    # byte -> character
    const uint8_t* out     # character -> byte

cdef struct Draft:
    # Values by data element, owned; only those whose bits are set are there.
    uint64_t bits[WORDS]
    uint64_t gone[WORDS]
    PyObject* values[HIGHEST + 1]

cdef tuple NOTHING = ()

include "_engine_tables.pxi"
include "_engine_storage.pxi"
include "_engine_read.pxi"
include "_engine_write.pxi"

fill_tables()
cdef uint64_t[3] _none = [0, 0, 0]
cdef Layout EMPTY = new_layout(_none)


@cython.final
cdef class Engine:
    """One plan, lowered: see `lowering.engine_for`, which makes it, and `engine.Engine`, which says what it does."""

    cdef Row rows[HIGHEST + 1]
    cdef uint64_t known[WORDS]    # the data elements of the spec
    cdef uint8_t mtis[10000]
    cdef bint mti_packed
    cdef bint hexed
    cdef Py_ssize_t mti_size
    cdef Py_ssize_t word_size     # the bytes of one bitmap
    cdef object message_class
    cdef object carrier
    cdef list tables              # what the rows point into

    def __init__(self, bint mti_packed, bint bitmap_hex, mtis, rows, message_class, carrier):
        cdef int number
        cdef Row* row
        self.mti_packed = mti_packed
        self.mti_size = 2 if mti_packed else 4
        self.hexed = bitmap_hex
        self.word_size = 16 if bitmap_hex else 8
        self.message_class = message_class
        self.carrier = carrier
        self.tables = []
        if not issubclass(message_class, Storage):
            raise TypeError("no class of messages that are stored here")
        for mti in mtis:
            self.mtis[<int>int(mti) % 10000] = 1
        for number in range(HIGHEST + 1):
            self.rows[number].op = REFUSED
        for number, op, prefix, width, step, low, high, zero, pad, left, signed, numeric, tables in rows:
            if not 2 <= number <= HIGHEST:
                raise ValueError("no data element")
            row = &self.rows[number]
            put_in(self.known, number)
            if op == REFUSED:
                continue
            if not (TEXT <= op <= SIGNED and FIXED <= prefix <= BINARY and 0 <= width <= 6 and step in (1, 2)):
                raise ValueError("a row that is not known here")
            if not 0 <= low <= high <= 0x7FFFFFFF:
                raise ValueError("lengths that are not known here")
            row.prefix, row.width, row.step, row.low, row.high = prefix, width, step, low, high
            row.zero, row.pad, row.left, row.signed, row.numeric = zero, pad, left, signed, numeric
            row.marks_in, row.marks_out = self.table(tables[0]), self.table(tables[1])
            row.first_in, row.first_out = self.table(tables[2]), self.table(tables[3])
            row.into, row.out = self.table(tables[4]), self.table(tables[5])
            row.op = op

    cdef const uint8_t* table(self, bytes table) except NULL:
        if len(table) != 256:
            raise ValueError("a table has 256 entries")
        self.tables.append(table)
        return <const uint8_t*>PyBytes_AS_STRING(<PyObject*>table)

    def decode(self, data, spec, bint strict):
        cdef Py_buffer view
        if PyBytes_CheckExact(<PyObject*>data):
            return self.walk(<const uint8_t*>PyBytes_AS_STRING(<PyObject*>data), PyBytes_GET_SIZE(<PyObject*>data), spec, strict)
        try:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        except (BufferError, TypeError):
            return None
        try:
            return self.walk(<const uint8_t*>view.buf, view.len, spec, strict)
        finally:
            PyBuffer_Release(&view)

    cdef object walk(self, const uint8_t* at, Py_ssize_t size, object spec, bint strict):
        cdef const uint8_t* end = at + size
        cdef const uint8_t* start
        cdef uint64_t bits[WORDS]
        cdef int mti, each, number, wrong = BAD | UNKNOWN if strict else UNKNOWN
        cdef bint ours = True
        cdef Py_ssize_t length, taken
        cdef const Row* row
        cdef Layout layout
        cdef PyObject* values
        cdef PyObject* value
        cdef dict kept = None
        cdef Storage made
        if size < self.mti_size + self.word_size:
            return None
        mti = self.mti_at(at)
        if mti < 0:
            return None
        at += self.mti_size
        start = at
        bits[1] = 0
        bits[2] = 0
        if not bitmap_word(at, self.hexed, &bits[0], &ours):
            return None
        at += self.word_size
        if bits[0] & FIRST:
            if end - at < self.word_size or not bitmap_word(at, self.hexed, &bits[1], &ours):
                return None
            at += self.word_size
            bits[0] ^= FIRST
            if bits[1] == 0:
                ours = False
        if bits[0] & ~self.known[0] or bits[1] & ~self.known[1]:
            return None
        if not ours:
            kept = {0: (<const char*>start)[:at - start]}
        layout = layout_of(bits)
        values = PyTuple_New(layout.count)
        if values == NULL:
            PyErr_Clear()
            return None
        for each in range(layout.count):
            number = layout.numbers[each]
            row = &self.rows[number]
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
                break
            PyTuple_SET_ITEM(values, each, value)
            if not ours:
                if kept is None:
                    kept = {}
                kept[number] = (<const char*>at)[:taken]
            at += taken
        else:
            if at == end:
                value = short_text(4, mti)
                made = new_storage(self.message_class, <str>value, spec)
                Py_DECREF(value)
                made.layout = layout
                made.carried = <tuple>values
                Py_DECREF(values)
                made.kept = kept
                made.trusted = True
                return made
        Py_DECREF(values)
        return None

    cdef inline int mti_at(self, const uint8_t* at) noexcept:
        """Return the message type as a number; -1 where it is none of this spec."""
        cdef int each, number = 0
        cdef unsigned int digit
        if self.mti_packed:
            for each in range(2):
                if at[each] >> 4 > 9 or (at[each] & 15) > 9:
                    return -1
                number = number * 100 + (at[each] >> 4) * 10 + (at[each] & 15)
        else:
            for each in range(4):
                digit = <unsigned int>at[each] - c'0'
                if digit > 9:
                    return -1
                number = number * 10 + digit
        return number if self.mtis[number] else -1

    cdef inline int mti_of(self, object mti) noexcept:
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
        return number if self.mtis[number] else -1

    def encode(self, message, spec):
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
        cdef int each, number, mti
        cdef bint trusted
        cdef dict kept = None
        if not isinstance(message, Storage):
            return None
        said = <Storage>message
        trusted = said.spec is spec
        if trusted:
            kept = said.kept
            trusted = said.trusted
        elif said.kept is not None:
            # Whether these bytes count depends on whether the two specs are equal, which takes its time to say.
            return None
        mti = self.mti_of(said.mti)
        layout = said.layout
        if mti < 0 or layout.bits[0] & ~self.known[0] or layout.bits[1] & ~self.known[1] or layout.bits[2]:
            return None
        total = self.mti_size
        if kept is not None and 0 in kept:
            bitmap = <PyObject*>kept[0]
            if not PyBytes_CheckExact(bitmap):
                return None
            total += PyBytes_GET_SIZE(bitmap)
        else:
            total += layout.bitmaps * self.word_size
        for each in range(layout.count):
            number = layout.numbers[each]
            row = &self.rows[number]
            if row.op == REFUSED:
                return None
            value = PyTuple_GET_ITEM(<PyObject*>said.carried, each)
            length = length_of(row, value)
            if length < 0 or not (trusted or is_good(row, value, length)):
                return None
            lengths[each] = length
            total += row.width + body_size(row, length)
            if kept is not None and number in kept:
                raw = <PyObject*>kept[number]
                if not PyBytes_CheckExact(raw) or PyBytes_GET_SIZE(raw) != body_size(row, length):
                    return None
        data = PyBytes_FromStringAndSize(NULL, total)
        if data == NULL:
            PyErr_Clear()
            return None
        into = self.write_mti(<uint8_t*>PyBytes_AS_STRING(data), mti)
        if bitmap != NULL:
            memcpy(into, PyBytes_AS_STRING(bitmap), PyBytes_GET_SIZE(bitmap))
            into += PyBytes_GET_SIZE(bitmap)
        else:
            memcpy(into, &layout.hexed[0] if self.hexed else &layout.raw[0], layout.bitmaps * self.word_size)
            into += layout.bitmaps * self.word_size
        for each in range(layout.count):
            number = layout.numbers[each]
            row = &self.rows[number]
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
        written = <object>data
        Py_DECREF(data)
        return written

    cdef inline uint8_t* write_mti(self, uint8_t* into, int mti) noexcept:
        cdef int each
        if self.mti_packed:
            into[0] = (mti // 1000) << 4 | mti // 100 % 10
            into[1] = (mti // 10 % 10) << 4 | mti % 10
        else:
            for each in range(3, -1, -1):
                into[each] = c'0' + mti % 10
                mti //= 10
        return into + self.mti_size

    def message(self, mti, fields, passed, spec):
        cdef Draft draft
        cdef int number, type_number = self.mti_of(mti)
        cdef Storage made = None
        if type_number < 0 or type(fields) is not dict or (passed is not None and type(passed) is not dict):
            return None
        memset(draft.bits, 0, sizeof(draft.bits))
        memset(draft.gone, 0, sizeof(draft.gone))
        try:
            if passed is not None:
                for key, value in (<dict>passed).items():
                    number = number_of(key) if isinstance(key, int) else 0
                    if number < 2:
                        return None
                    self.take(&draft, number, value)
            if not self.gather(&draft, <dict>fields, spec):
                return None
            made = self.made(type_number, spec)
            made.layout = layout_of(draft.bits)
            made.carried = self.assembled(&draft, made.layout, None, None)
            made.trusted = not passed
            return made
        finally:
            forget(&draft)

    def evolve(self, message, changes, mti):
        cdef Draft draft
        cdef Storage before, made
        cdef int number, type_number
        cdef uint64_t bits[WORDS]
        if not isinstance(message, Storage) or type(changes) is not dict:
            return None
        before = <Storage>message
        type_number = self.mti_of(before.mti if mti is None else mti)
        if type_number < 0:
            return None
        memset(draft.bits, 0, sizeof(draft.bits))
        memset(draft.gone, 0, sizeof(draft.gone))
        try:
            if not self.gather(&draft, <dict>changes, before.spec):
                return None
            for number in range(WORDS):
                bits[number] = (before.layout.bits[number] & ~draft.gone[number]) | draft.bits[number]
            made = self.made(type_number, before.spec)
            made.layout = layout_of(bits)
            made.carried = self.assembled(&draft, made.layout, before.layout, before.carried)
            made.trusted = before.trusted
            if before.kept is not None:
                made.kept = still(before, made)
            return made
        finally:
            forget(&draft)

    cdef Storage made(self, int mti, object spec):
        cdef PyObject* text = short_text(4, mti)
        if text == NULL:
            raise MemoryError
        cdef Storage message = new_storage(self.message_class, <str>text, spec)
        Py_DECREF(text)
        return message

    cdef inline void take(self, Draft* draft, int number, object value) noexcept:
        """Put *value* into *draft*."""
        if has(draft.bits, number):
            Py_DECREF(draft.values[number])
        Py_INCREF(<PyObject*>value)
        draft.values[number] = <PyObject*>value
        put_in(draft.bits, number)

    cdef bint gather(self, Draft* draft, dict changes, object spec) except -1:
        """Put what *changes* say into *draft*; false where there is more to one of them than a number and a value."""
        cdef int number
        for key, value in changes.items():
            number = number_of(key) if isinstance(key, int) else 0
            if number < 2:
                return False
            if value is not None:
                self.take(draft, number, self.carry(number, value, spec))
                continue
            put_in(draft.gone, number)
            if has(draft.bits, number):
                take_out(draft.bits, number)
                Py_DECREF(draft.values[number])
        return True

    cdef inline object carry(self, int number, object value, object spec):
        """Return *value* as its data element carries it.

        Raises:
            EncodeError: the element cannot hold that.
        """
        cdef const Row* row = &self.rows[number]
        cdef Py_ssize_t length
        if row.op != REFUSED:
            length = length_of(row, <PyObject*>value)
            if length >= 0 and is_good(row, <PyObject*>value, length):
                return value
            if row.numeric and PyLong_CheckExact(<PyObject*>value):
                text = digits_of(row, value)
                if text is not None:
                    return text
        return self.carrier(spec, number, value)

    cdef tuple assembled(self, Draft* draft, Layout layout, Layout before, tuple values):
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


cdef dict still(Storage before, Storage after):
    """Return the bodies kept of *before* that still hold in *after*; None where none does."""
    cdef dict left = {}
    cdef int number, was, now
    for key, raw in before.kept.items():
        number = number_of(key) if isinstance(key, int) else 0
        if number == 0:
            if memcmp(before.layout.bits, after.layout.bits, sizeof(before.layout.bits)) == 0:
                left[key] = raw
            continue
        was = before.layout.place[number]
        now = after.layout.place[number]
        if was and now and before.carried[was - 1] == after.carried[now - 1]:
            left[key] = raw
    return left or None
