"""What may happen: money, dates, facts and the decisions that record them.

Pure ground floor of the house. No clock, no I/O, no HTTP; imports nothing of the other packages.
"""
