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
    HEXED = 8
    # How a length prefix is written.
    FIXED = 0
    DIGITS = 1
    PACKED_DIGITS = 2
    BINARY = 3
    HEX_DIGITS = 4
    # How a bitmap is written.
    RAW = 0
    HEXADECIMAL = 1
    HEXADECIMAL_EBCDIC = 2

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
    int extra              # what the prefix says on top of the length, in its own units
    bint binary            # values are bytes
    bint asks              # what the tables do not know is asked of Python: characters of several bytes
    bint signed            # x+n: the first character has marks of its own
    bint numeric           # format n: a number can be written
    const uint8_t* marks_in   # marks by byte
    const uint8_t* marks_out  # marks by character
    const uint8_t* first_in
    const uint8_t* first_out
    const uint8_t* into    # byte -> character
    const uint8_t* out     # character -> byte

cdef tuple NOTHING = ()

include "_engine_tables.pxi"
include "_engine_storage.pxi"
include "_engine_read.pxi"
include "_engine_write.pxi"
include "_engine_compose.pxi"
include "_engine_tlv.pxi"

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
    cdef uint8_t mti_zero         # the byte of the digit 0 where it is not
    cdef Py_ssize_t mti_size
    cdef int form                 # of the bitmaps
    cdef Py_ssize_t word_size     # the bytes of 64 bits
    cdef int fixed                # how many times 64 bits are always there; 0: each first bit announces the next
    cdef int most                 # how many times 64 bits can be
    cdef object message_class
    cdef object carrier
    cdef object reader
    cdef object writer
    cdef list tables              # what the rows point into

    def __cinit__(
        self, int mti_zero, int form, int fixed, int most, mtis, rows, message_class, carrier, reader, writer
    ):
        cdef int number
        cdef Row* row
        if not (0 <= mti_zero <= 0xF0 and RAW <= form <= HEXADECIMAL_EBCDIC and 0 <= fixed <= WORDS and 1 <= most <= WORDS):
            raise ValueError("a message type or bitmap that is not known here")
        self.mti_packed = mti_zero == 0
        self.mti_zero = mti_zero
        self.mti_size = 2 if self.mti_packed else 4
        self.form = form
        self.word_size = 8 if form == RAW else 16
        self.fixed = fixed
        self.most = most
        self.message_class = message_class
        self.carrier = carrier
        self.reader = reader
        self.writer = writer
        self.tables = []
        if not issubclass(message_class, Storage):
            raise TypeError("no class of messages that are stored here")
        for mti in mtis:
            number = int(mti)
            if not 0 <= number < 10000:
                raise ValueError("a message type has four digits")
            self.mtis[number] = 1
        for number in range(HIGHEST + 1):
            self.rows[number].op = REFUSED
        for number, op, asks, prefix, width, step, extra, low, high, zero, pad, left, signed, numeric, tables in rows:
            if not 1 <= number <= HIGHEST:
                raise ValueError("no data element")
            row = &self.rows[number]
            put_in(self.known, number)
            if op == REFUSED:
                continue
            if not ((TEXT <= op <= SIGNED or op == HEXED) and FIXED <= prefix <= HEX_DIGITS and 0 <= width <= 6):
                raise ValueError("a row that is not known here")
            if not (step in (1, 2) and 0 <= extra <= 12 and 0 <= low <= high <= 0x7FFFFFFF):
                raise ValueError("lengths that are not known here")
            row.asks, row.prefix, row.width, row.step, row.extra = asks, prefix, width, step, extra
            row.low, row.high, row.zero, row.pad, row.left = low, high, zero, pad, left
            row.signed, row.numeric, row.binary = signed, numeric, op in (BYTES, HEX, HEXED)
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
            return walk(self, <const uint8_t*>PyBytes_AS_STRING(<PyObject*>data), PyBytes_GET_SIZE(<PyObject*>data), spec, strict)
        try:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        except (BufferError, TypeError):
            return None
        try:
            return walk(self, <const uint8_t*>view.buf, view.len, spec, strict)
        finally:
            PyBuffer_Release(&view)

    def encode(self, message, spec):
        return written(self, message, spec)

    def behind(self, message, number):
        return bytes_behind(self, message, number)

    def message(self, mti, fields, passed, spec):
        return composed(self, mti, fields, passed, spec)

    def evolve(self, message, changes, mti, echo):
        return evolved(self, message, changes, mti, echo)


include "_engine_dicts.pxi"
