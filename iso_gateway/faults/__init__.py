"""What goes wrong on purpose: one grammar for scenario files, the command line, magic amounts and tests.

A *fault* says what becomes of one answer, or of the whole host (`fault`, `grammar`). *Conditions* say which messages
are meant (`when`, `pattern`). Pure: chance and time are handed in.
"""
