"""Why a message cannot be read: the likeliest causes, each with what speaks for it and what to change.

`outside` looks for what lies around it, `ends` at where it stops, `bits` at a second bitmap, `slips` at single bits and
lengths, `content` at single values, `forms` at whole kinds of elements that are written otherwise; single elements are
left to the doctor's search. `likeliest` joins them: what convinces no check is not told. All of it is bounded by
counts; nothing asks the clock.
"""
