# Fields in a row as the dicts of pyiso8583 have them: text by key, and the bytes of length and data by key.

cdef extern from "Python.h":
    bint PyDict_CheckExact(PyObject*)
    Py_ssize_t PyDict_GET_SIZE "PyDict_Size" (PyObject*)
    PyObject* PyDict_GetItem(PyObject*, PyObject*)
    int PyDict_Next(PyObject*, Py_ssize_t*, PyObject**, PyObject**)
    PyObject* PyUnicode_Decode(const char*, Py_ssize_t, const char*, const char*)
    PyObject* PyUnicode_AsEncodedString(PyObject*, const char*, const char*)
    bint PyUnicode_IS_ASCII(PyObject*)
    void* PyMem_Calloc(size_t, size_t)
    void PyMem_Free(void*)


@cython.final
cdef class Fields:
    """Some fields in their order, and the rows of the specification that they were made from.

    A specification is a dict of dicts that anybody may change, so every call compares the rows with their copies
    first. ``compat/iso8583/lowered.py`` makes it.
    """

    cdef Row* rows
    cdef tuple keys       # of the fields
    cdef tuple codecs     # bytes, what CODED is encoded in
    cdef tuple used       # the keys of the rows that are compared
    cdef tuple copies     # what those rows were

    def __init__(self, tuple used not None, tuple copies not None, tuple fields not None):
        cdef Py_ssize_t each
        cdef Row* row
        if self.rows != NULL or len(used) != len(copies) or not all([type(copy) is dict for copy in copies]):
            raise ValueError("the rows are dicts, and each has its key")
        self.used, self.copies = used, copies
        self.keys = tuple([field[0] for field in fields])
        self.codecs = tuple([<bytes?>field[8] for field in fields])
        self.rows = <Row*>PyMem_Calloc(len(fields) + 1, sizeof(Row))
        if self.rows == NULL:
            raise MemoryError
        for each in range(len(fields)):
            row = &self.rows[each]
            _, row.op, row.prefix, row.width, row.high, row.zero, row.pad, row.left, _ = fields[each]
            row.low = row.high if row.prefix == FIXED else 0
            row.step = 1
            if row.op not in (TEXT, PACKED, BYTES, CODED) or not FIXED <= row.prefix <= BINARY:
                raise ValueError("a field that is not known here")
            if not (0 <= row.high <= 0xFFFF and 0 <= row.width <= 6 and (row.width == 0) == (row.prefix == FIXED)):
                raise ValueError("lengths that are not known here")

    def __dealloc__(self):
        PyMem_Free(self.rows)

    def read(self, spec, bytes data not None, Py_ssize_t start, dict values not None, dict raws not None):
        """Put the fields that begin at byte *start* into both dicts; return where they end, -1 for what is refused."""
        cdef const uint8_t* at = <const uint8_t*>PyBytes_AS_STRING(<PyObject*>data)
        cdef const uint8_t* end = at + len(data)
        cdef const Row* row
        cdef Py_ssize_t each, length, taken
        cdef PyObject* made
        if not self.is_current(spec) or not 0 <= start <= len(data):
            return -1
        at += start
        for each in range(len(self.keys)):
            row = &self.rows[each]
            head = NO_BYTES
            length = row.high
            if row.width:
                if end - at < row.width:
                    return -1
                length = prefix(row, at)
                if length < 0:
                    return -1
                head = (<const char*>at)[:row.width]
                at += row.width
            taken = body_size(row, length)
            if end - at < taken:
                return -1
            made = dict_value(row, at, taken, length, PyBytes_AS_STRING(<PyObject*>self.codecs[each]))
            if made == NULL:
                PyErr_Clear()
                return -1
            value = <object>made
            Py_DECREF(made)
            key = self.keys[each]
            values[key] = value
            raws[key] = {"len": head, "data": (<const char*>at)[:taken]}
            at += taken
        return at - <const uint8_t*>PyBytes_AS_STRING(<PyObject*>data)

    def write(self, spec, dict values not None, list pieces not None, dict raws not None):
        """Append the bytes of the fields to *pieces* and put them into *raws*; return whether that could be done."""
        cdef const Row* row
        cdef Py_ssize_t each, length
        cdef PyObject* value
        cdef PyObject* made
        if not self.is_current(spec):
            return False
        for each in range(len(self.keys)):
            row = &self.rows[each]
            key = self.keys[each]
            value = PyDict_GetItem(<PyObject*>values, <PyObject*>key)
            if value == NULL or not PyUnicode_CheckExact(value):
                return False
            held = <object>value  # a codec of Python's may run, and take it out of the dict
            made = dict_raw(row, value, &length, PyBytes_AS_STRING(<PyObject*>self.codecs[each]))
            if made == NULL:
                PyErr_Clear()
                return False
            raw = <object>made
            Py_DECREF(made)
            if not row.low <= length <= row.high:
                return False
            head = NO_BYTES
            if row.width:
                made = PyBytes_FromStringAndSize(NULL, row.width)
                if made == NULL:
                    PyErr_Clear()
                    return False
                write_prefix(row, <uint8_t*>PyBytes_AS_STRING(made), length)
                head = <object>made
                Py_DECREF(made)
                pieces.append(head)
            pieces.append(raw)
            raws[key] = {"len": head, "data": raw}
        return True

    cdef bint is_current(self, object spec) except -1:
        """Say whether *spec* has the rows that this was made from."""
        cdef Py_ssize_t each, ours, theirs
        cdef PyObject* row
        cdef PyObject* copy
        cdef PyObject* name
        cdef PyObject* value
        cdef PyObject* other_name
        cdef PyObject* other
        if type(spec) is not dict:
            return False
        for each in range(len(self.used)):
            copy = <PyObject*>self.copies[each]
            row = PyDict_GetItem(<PyObject*>spec, <PyObject*>self.used[each])
            if row == NULL or not PyDict_CheckExact(row) or PyDict_GET_SIZE(row) != PyDict_GET_SIZE(copy):
                return False
            ours = theirs = 0
            while PyDict_Next(row, &ours, &name, &value):
                # The very same objects in the same order, as a rule; else they are compared as dicts are.
                if not PyDict_Next(copy, &theirs, &other_name, &other) or name != other_name or value != other:
                    # Comparing may run anybody's code, which may take the row out of the specification.
                    held = <object>row
                    if held != self.copies[each]:
                        return False
                    break
        return True


cdef bytes NO_BYTES = b""


cdef inline PyObject* dict_value(const Row* row, const uint8_t* at, Py_ssize_t size, Py_ssize_t length, const char* codec) noexcept:
    """Return the text of a body; NULL where it has none, perhaps with an error set."""
    cdef PyObject* text
    cdef uint8_t* into
    cdef uint8_t high = 0
    cdef Py_ssize_t each
    if row.op == CODED:
        return PyUnicode_Decode(<const char*>at, size, codec, NULL)
    if row.op == PACKED and length & 1 and (row.pad == 0 or not pad_is_ours(row, at, length)):
        return NULL
    if row.op == TEXT:
        for each in range(size):
            high |= at[each]
        if high & 0x80:
            return NULL
    else:
        size = length if row.op == PACKED else 2 * size
    text = PyUnicode_New(size, 127)
    if text == NULL or size == 0:
        return text
    into = <uint8_t*>PyUnicode_DATA(text)
    if row.op == TEXT:
        memcpy(into, at, size)
    else:
        unpack(into, at, size, row.left)
    return text


cdef inline PyObject* dict_raw(const Row* row, PyObject* value, Py_ssize_t* length, const char* codec) noexcept:
    """Return the body that says the text *value*, and its *length*; NULL where none does, perhaps with an error set."""
    cdef Py_ssize_t size = PyUnicode_GET_LENGTH(value)
    cdef PyObject* raw
    if row.op == CODED:
        raw = PyUnicode_AsEncodedString(value, codec, NULL)
        length[0] = PyBytes_GET_SIZE(raw) if raw != NULL else 0
        return raw
    if not PyUnicode_IS_ASCII(value):
        return NULL
    length[0] = size
    if row.op == TEXT:
        return PyBytes_FromStringAndSize(<const char*>PyUnicode_DATA(value), size)
    if size & 1 and (row.op == BYTES or row.pad == 0):
        return NULL
    if row.op == BYTES:
        length[0] = size >> 1
    raw = PyBytes_FromStringAndSize(NULL, (size + 1) >> 1)
    if raw != NULL and size and not pack(<uint8_t*>PyBytes_AS_STRING(raw), <const uint8_t*>PyUnicode_DATA(value), size, row):
        Py_DECREF(raw)
        return NULL
    return raw
