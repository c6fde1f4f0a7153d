"""The judgement of what terminals do: what was seen, the rules that it is held against, and the report.

Pure, but for the reading of rules from files. The host tells its `Judge` of each message and of each answer that went
out; nothing here makes the host say anything else than it would.
"""
