"""Taking over movements of an older system from a file: a profile says what its columns mean.

`profile` reads the description of a file, `reader` turns the file into raw rows with their line numbers, `rows` turns
a raw row into a movement, and `importer` submits movements through the one door for writing. Nothing here prints, and
nothing here knows a bank's name.
"""
