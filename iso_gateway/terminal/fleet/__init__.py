"""Many terminals at a given rate, whatever becomes of their transactions: load for a gateway or host, and a verdict.

`schedule` says when what is due, `member` is one terminal, `course` carries the answers' outcomes to the `tally`, all
of them pure; `driver` is the edge with the connections. At the end `agreement` compares the terminals' ledger with the
host's, `verdict` judges, and `page` draws.
"""
