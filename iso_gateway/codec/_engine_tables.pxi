# Characters and nibbles by number, and the texts that come so often that one object stands for each of them.

cdef uint8_t UNHEX[256]     # the nibble of a hexadecimal character
cdef uint8_t UNHEX_EBCDIC[256]
cdef uint8_t PAIR[512]      # the two hexadecimal characters of a byte, one after the other
cdef uint8_t PAIR_EBCDIC[512]
cdef PyObject* SHORT[11110] # all texts of one to four digits, made when first seen: currencies, dates, codes
cdef Py_ssize_t SHORT_FROM[5]


cdef void fill_tables() noexcept:
    cdef int each
    cdef const char* digits = "0123456789ABCDEF"
    for each in range(256):
        UNHEX[each] = UNHEX_EBCDIC[each] = NO_HEX
        PAIR[2 * each] = <uint8_t>digits[each >> 4]
        PAIR[2 * each + 1] = <uint8_t>digits[each & 15]
    for each in range(10):
        UNHEX[c'0' + each] = UNHEX_EBCDIC[0xF0 + each] = each
    for each in range(6):
        UNHEX[c'A' + each] = UNHEX_EBCDIC[0xC1 + each] = 10 + each
        UNHEX[c'a' + each] = UNHEX_EBCDIC[0x81 + each] = (10 + each) | LOWER
    for each in range(512):
        # From 0 to 9 and from A to F all characters of EBCDIC are as far apart as those of ASCII.
        PAIR_EBCDIC[each] = PAIR[each] + (0xF0 - c'0' if PAIR[each] <= c'9' else 0xC1 - c'A')
    SHORT_FROM[:] = [0, 0, 10, 110, 1110]


cdef PyObject* short_text(Py_ssize_t size, Py_ssize_t number) noexcept:
    """Return the text of *size* digits, 1 to 4, that writes *number*; NULL where there is no memory."""
    cdef Py_ssize_t at = SHORT_FROM[size] + number
    cdef PyObject* text = SHORT[at]
    cdef uint8_t* into
    if text == NULL:
        text = PyUnicode_New(size, 127)
        if text == NULL:
            return NULL
        into = <uint8_t*>PyUnicode_DATA(text)
        while size:
            size -= 1
            into[size] = c'0' + number % 10
            number //= 10
        SHORT[at] = text
    Py_INCREF(text)
    return text
