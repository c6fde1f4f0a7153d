"""The specifications that come with pyiso8583, for programs that start from a copy of them.

They are dicts of dicts, as there; pyiso8583's manual explains their properties. The field titles and sizes are
pyiso8583's (Konstantin Novichikhin, MIT license: LICENSE.pyiso8583 beside this file).
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["default", "default_ascii"]

_TABLE: Final = """\
h       fixed     0  Message Header
t       fixed     4  Message Type
p       fixed    16  Bitmap, Primary
1       fixed    16  Bitmap, Secondary
2       LLVAR    19  Primary Account Number (PAN)
3       fixed     6  Processing Code
4       fixed    12  Amount, Transaction
5       fixed    12  Amount, Settlement
6       fixed    12  Amount, Cardholder Billing
7       fixed    10  Transmission Date and Time
8       fixed     8  Amount, Cardholder Billing Fee
9       fixed     8  Conversion Rate, Settlement
10      fixed     8  Conversion Rate, Cardholder Billing
11      fixed     6  System Trace Audit Number
12      fixed     6  Time, Local Transaction
13      fixed     4  Date, Local Transaction
14      fixed     4  Date, Expiration
15      fixed     4  Date, Settlement
16      fixed     4  Date, Conversion
17      fixed     4  Date, Capture
18      fixed     4  Merchant Type
19      fixed     3  Acquiring Institution Country Code
20      fixed     3  PAN Country Code
21      fixed     3  Forwarding Institution Country Code
22      fixed     3  Point-of-Service Entry Mode
23      fixed     3  PAN Sequence Number
24      fixed     3  Network International ID (NII)
25      fixed     2  Point-of-Service Condition Code
26      fixed     2  Point-of-Service Capture Code
27      fixed     1  Authorizing ID Response Length
28      fixed     9  Amount, Transaction Fee
29      fixed     9  Amount, Settlement Fee
30      fixed     9  Amount, Transaction Processing Fee
31      fixed     9  Amount, Settlement Processing Fee
32      LLVAR    11  Acquiring Institution ID Code
33      LLVAR    11  Forwarding Institution ID Code
34      LLVAR    28  Primary Account Number, Extended
35      LLVAR    37  Track 2 Data
36      LLLVAR  104  Track 3 Data
37      fixed    12  Retrieval Reference Number
38      fixed     6  Authorization ID Response
39      fixed     2  Response Code
40      fixed     3  Service Restriction Code
41      fixed     8  Card Acceptor Terminal ID
42      fixed    15  Card Acceptor ID Code
43      fixed    40  Card Acceptor Name/Location
44      LLVAR    25  Additional Response Data
45      LLVAR    76  Track 1 Data
46      LLLVAR  999  Additional Data - ISO
47      LLLVAR  999  Additional Data - National
48      LLLVAR  999  Additional Data - Private
49      fixed     3  Currency Code, Transaction
50      fixed     3  Currency Code, Settlement
51      fixed     3  Currency Code, Cardholder Billing
52      fixed    16  PIN
53      fixed    16  Security-Related Control Information
54      LLLVAR  240  Additional Amounts
55      LLLVAR  510  ICC data
56      LLLVAR  999  Reserved ISO
57-60   LLLVAR  999  Reserved National
61-63   LLLVAR  999  Reserved Private
64      fixed    16  MAC
65      fixed    16  Bitmap, Extended
66      fixed     1  Settlement Code
67      fixed     2  Extended Payment Code
68      fixed     3  Receiving Institution Country Code
69      fixed     3  Settlement Institution Country Code
70      fixed     3  Network Management Information Code
71      fixed     4  Message Number
72      fixed     4  Message Number, Last
73      fixed     6  Date, Action
74      fixed    10  Credits, Number
75      fixed    10  Credits, Reversal Number
76      fixed    10  Debits, Number
77      fixed    10  Debits, Reversal Number
78      fixed    10  Transfer, Number
79      fixed    10  Transfer, Reversal Number
80      fixed    10  Inquiries, Number
81      fixed    10  Authorizations, Number
82      fixed    12  Credits, Processing Fee Amount
83      fixed    12  Credits, Transaction Fee Amount
84      fixed    12  Debits, Processing Fee Amount
85      fixed    12  Debits, Transaction Fee Amount
86      fixed    16  Credits, Amount
87      fixed    16  Credits, Reversal Amount
88      fixed    16  Debits, Amount
89      fixed    16  Debits, Reversal Amount
90      fixed    42  Original Data Elements
91      fixed     1  File Update Code
92      fixed     2  File Security Code
93      fixed     5  Response Indicator
94      fixed     7  Service Indicator
95      fixed    42  Replacement Amounts
96      fixed    16  Message Security Code
97      fixed    17  Amount, Net Settlement
98      fixed    25  Payee
99      LLVAR    11  Settlement Institution ID Code
100     LLVAR    11  Receiving Institution ID Code
101     LLVAR    17  File Name
102     LLVAR    28  Account ID 1
103     LLVAR    28  Account ID 2
104     LLLVAR  100  Transaction Description
105-111 LLLVAR  999  Reserved for ISO Use
112-119 LLLVAR  999  Reserved for National Use
120-127 LLLVAR  999  Reserved for Private Use
128     fixed    16  MAC
"""
"""Key or keys, length, maximum, title; all in ASCII, bytes as hexadecimal characters."""

_BINARY: Final = frozenset({"p", "1", "52", "55", "64", "65", "96", "128"})
"""What `default` has in bytes; half as many as characters."""


def _specification(binary: frozenset[str]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for line in _TABLE.splitlines():
        keys, length, size, desc = line.split(maxsplit=3)
        first, _, last = keys.partition("-")
        for key in map(str, range(int(first), int(last) + 1)) if last else [first]:
            made[key] = {
                "data_enc": "b" if key in binary else "ascii",
                "len_enc": "ascii",
                "len_type": length.count("L"),
                "max_len": int(size) // 2 if key in binary else int(size),
                "desc": desc,
            }
    return made


default: dict[str, dict[str, Any]] = _specification(_BINARY)
"""ASCII with binary bitmaps, PIN, ICC data and MACs."""
default_ascii: dict[str, dict[str, Any]] = _specification(frozenset())
"""ASCII throughout."""
