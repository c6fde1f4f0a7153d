"""``iso-gateway owed|txn``: the back office, on a running gateway and on a stopped one's journal."""
