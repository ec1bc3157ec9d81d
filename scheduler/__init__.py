"""Time as a caller: jobs ask a view what is due, and issue the same commands as the API.

No job decides anything: windows and expiries are decided from the clock at command time, a job only records them. Each
command has a key that is derived from the thing it is about, so a job that fires twice, late, or in two processes does
the thing once. May import `projections` and all below it.
"""
