# What a message holds: one tuple of values, and a layout that all messages with the same elements share.

@cython.no_gc
@cython.final
cdef class Layout:
    """One set of data elements: their numbers, where each stands in a tuple of values, and their bitmap."""

    cdef uint64_t bits[WORDS]         # one for each element, from the left of the first word
    cdef int count
    cdef uint8_t numbers[HIGHEST + 1] # ascending
    cdef uint8_t place[HIGHEST + 1]   # number -> its place, from 1; 0: the set has no such element
    cdef int bitmaps                  # how many it takes to write them, where each announces the next
    cdef tuple keys                   # the numbers for Python


cdef PyObject* LAYOUTS[1024]
cdef int layouts_known = 0


cdef Layout layout_of(const uint64_t* bits):
    """Return the layout of these elements, remembered.

    At most 512 are: a fleet sends a few dozen, and a flood of nonsense ones must not fill the memory. At the bound
    all are forgotten, and the frequent ones come back by themselves.
    """
    global layouts_known
    cdef uint64_t mixed = bits[0] * 0x9E3779B97F4A7C15u ^ bits[1] * 0xC2B2AE3D27D4EB4Fu ^ bits[2] * 0x165667B19E3779F9u
    cdef unsigned int at = <unsigned int>((mixed ^ (mixed >> 29)) * 0x9E3779B97F4A7C15u >> 54)
    cdef Layout found
    cdef int each
    while LAYOUTS[at] != NULL:
        found = <Layout>LAYOUTS[at]
        if found.bits[0] == bits[0] and found.bits[1] == bits[1] and found.bits[2] == bits[2]:
            return found
        at = (at + 1) & 1023
    found = new_layout(bits)
    # Making it may have run the garbage collector, and that anybody's code, this one too.
    while LAYOUTS[at] != NULL:
        at = (at + 1) & 1023
    if layouts_known >= 512:
        for each in range(1024):
            Py_CLEAR(LAYOUTS[each])
        layouts_known = 0
        return found
    layouts_known += 1
    Py_INCREF(<PyObject*>found)
    LAYOUTS[at] = <PyObject*>found
    return found


cdef Layout new_layout(const uint64_t* bits):
    cdef Layout layout = Layout.__new__(Layout)
    cdef int number, each
    memcpy(layout.bits, bits, sizeof(layout.bits))
    for number in range(1, HIGHEST + 1):
        if has(bits, number):
            layout.numbers[layout.count] = number
            layout.count += 1
            layout.place[number] = layout.count
    layout.bitmaps = 3 if bits[2] else 2 if bits[1] else 1
    layout.keys = tuple([layout.numbers[each] for each in range(layout.count)])
    return layout


cdef inline bint has(const uint64_t* bits, int number) noexcept:
    return bits[(number - 1) >> 6] >> (63 - ((number - 1) & 63)) & 1


cdef inline void put_in(uint64_t* bits, int number) noexcept:
    bits[(number - 1) >> 6] |= FIRST >> ((number - 1) & 63)


cdef inline void take_out(uint64_t* bits, int number) noexcept:
    bits[(number - 1) >> 6] &= ~(FIRST >> ((number - 1) & 63))


cdef inline int number_of(object key) noexcept:
    """Return the data element that *key* names; 0 where there is none so high or low, and for what is no int."""
    cdef int overflow = 0
    cdef long number = PyLong_AsLongAndOverflow(<PyObject*>key, &overflow)
    if number == -1:
        PyErr_Clear()
    return <int>number if 1 <= number <= HIGHEST and not overflow else 0


@cython.no_gc
cdef class Storage:
    """The base class of `Message`, which adds what needs no speed: see ``storage.py``, its twin in Python."""

    # No cycle can lead through a message: values are text and bytes, and a spec knows no messages.
    cdef readonly str mti
    cdef readonly object spec
    cdef Layout layout
    cdef tuple carried
    cdef dict kept
    cdef bint trusted

    def __cinit__(self):
        self.layout = EMPTY
        self.carried = NOTHING

    @classmethod
    def _made(cls, str mti not None, fields, spec, kept, bint trusted):
        cdef uint64_t bits[WORDS]
        cdef int number, last = 0
        cdef Storage made
        # A copy, for looking at a key may run anybody's code.
        cdef dict given = dict(fields)
        bits[:] = [0, 0, 0]
        for key in given:
            number = number_of(key) if isinstance(key, int) else 0
            if number <= last:
                raise ValueError("the fields of a message are data elements, ascending")
            put_in(bits, number)
            last = number
        made = new_storage(cls, mti, spec)
        made.layout = layout_of(bits)
        made.carried = tuple(given.values())
        made.kept = None if kept is None else dict(kept)
        made.trusted = trusted
        return made

    @property
    def _fields(self):
        return dict(zip(self.layout.keys, self.carried))

    @property
    def _kept(self):
        return self.kept

    @property
    def _trusted(self):
        return self.trusted

    def __getitem__(self, key):
        cdef int place
        if not isinstance(key, int):
            return self._at(key)
        place = self.layout.place[number_of(key)]
        if place == 0:
            raise KeyError(key)
        return <object>PyTuple_GET_ITEM(<PyObject*>self.carried, place - 1)

    def get(self, key, default=None):
        cdef int place
        if isinstance(key, int):
            place = self.layout.place[number_of(key)]
            return <object>PyTuple_GET_ITEM(<PyObject*>self.carried, place - 1) if place else default
        try:
            return self._at(key)
        except KeyError:
            return default

    def __contains__(self, key):
        if isinstance(key, int):
            return self.layout.place[number_of(key)] != 0
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self):
        return iter(self.layout.keys)

    def __len__(self):
        return self.layout.count

    def keys(self):
        return dict.fromkeys(self.layout.keys).keys()

    def values(self):
        return self.carried

    def items(self):
        return tuple(zip(self.layout.keys, self.carried))

    def text(self, number):
        cdef int place = self.layout.place[number_of(number)]
        cdef str text
        if place == 0 or not PyUnicode_CheckExact(PyTuple_GET_ITEM(<PyObject*>self.carried, place - 1)):
            return ""
        text = <str>PyTuple_GET_ITEM(<PyObject*>self.carried, place - 1)
        # Nothing to strip, for most: what is below 0x80 and above the space is no white space.
        if text and c" " < text[0] < 0x80 and c" " < text[len(text) - 1] < 0x80:
            return text
        return text.strip()

    def only(self, numbers):
        cdef dict found = {}
        cdef int each
        for each in range(self.layout.count):
            number = <object>PyTuple_GET_ITEM(<PyObject*>self.layout.keys, each)
            if number in numbers:
                found[number] = <object>PyTuple_GET_ITEM(<PyObject*>self.carried, each)
        return found


cdef Storage new_storage(object cls, str mti, object spec):
    """Return an empty message of the class *cls*; layout and values have to follow."""
    # Through the slot, past `Message.__new__`, which is for users.
    cdef PyObject* fresh = (<PyTypeObject*>Storage).tp_new(<PyTypeObject*>cls, <PyObject*>NOTHING, NULL)
    if fresh == NULL:
        raise MemoryError
    cdef Storage made = <Storage>fresh
    Py_DECREF(fresh)
    made.mti = mti
    made.spec = spec
    return made
