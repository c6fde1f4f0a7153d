"""The back office: what is owed, which transactions there are, what happened to one, and what an operator does.

Pure: a journal and the moment are handed in. The same questions are answered by a running gateway over its admin
socket, and from the journal of a stopped one.
"""
