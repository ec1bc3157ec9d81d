"""Exports: the books as files that other software reads, streamed in flat memory and pinned to one position.

`asked.py` says what may be asked for, `datasets.py` what the rows are, `source.py` reads them in windows, a writer for
each format makes the file, `export.py` puts them together and tells position, rows and digest. `desk.py` keeps the
exports that were asked for over HTTP. Nothing here decides or changes anything of the ledger.
"""
