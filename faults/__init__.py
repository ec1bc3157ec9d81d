"""Faults under load, with real processes: what is killed, what clients saw, and the checkers that count what was lost.

`make faults` runs it and writes docs/faults.md; `tests/faults` runs a short round of it and proves of each checker that
it finds what it is there to find. Traffic goes to this machine alone.
"""
