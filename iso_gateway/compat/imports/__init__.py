"""Specs of other libraries, read as ours: users' jPOS packagers, moov JSON, j8583 XML and pyiso8583 dicts.

Each reader takes text and returns `Imported`: the data of a spec, and a note for everything that did not translate and
why. None of those libraries' own files is shipped; what their words mean was learned from their documentation.
"""
