"""How fast the ledger is, measured beside what it could have been: `python -m bench`, or `make bench`.

Every comparator runs in the same run, on the same machine and the same PostgreSQL, turn by turn with what it is
compared with; the figures that matter are ratios. May import the whole house; nothing of the house imports this.
"""
