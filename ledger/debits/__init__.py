"""The files that go to a bank and come back: mandates (EB13, EB14) and debits (EB21, EB22), fixed width, CP949.

**Reconstructed.** The layouts below follow what is publicly known of the Korean interbank service's files (names, order
and rough widths of the fields, "failures only" in the files of results); they were put together without its
specification and have not been tried against it. Whoever connects a real institution checks every width here first.

A file is a header, one line for each record, and a trailer; each line ends with a line feed (a carriage return before
it is accepted) and has as many bytes as its file has: 120 (mandates) or 150 (debits). Text is CP949, left-justified and
padded with spaces; numbers are digits, right-justified and padded with zeros. Dates are YYMMDD.

Mandates, 120 bytes (`EB13` asks, `EB14` answers):

| line | field | bytes |
| --- | --- | --- |
| header | `H` | 1 |
| | serial, 00000000 | 8 |
| | institution | 10 |
| | file name, `EB13` + MMDD | 8 |
| | day of the applications | 6 |
| | spaces | 87 |
| record | `R` | 1 |
| | serial, from 00000001 | 8 |
| | institution | 10 |
| | day of the application | 6 |
| | what: 1 new, 3 ended | 1 |
| | payer's number | 20 |
| | bank and branch | 7 |
| | bank account | 16 |
| | birth date (YYMMDD) or business number | 16 |
| | taking branch, spaces | 4 |
| | kind of money, spaces | 2 |
| | result: spaces; in `EB14` N | 1 |
| | code of the failure | 4 |
| | spaces | 24 |
| trailer | `T` | 1 |
| | serial, 99999999 | 8 |
| | institution | 10 |
| | file name | 8 |
| | records | 8 |
| | new, changed, ended, ended by others: records of each | 4 x 8 |
| | spaces | 43 |
| | authentication code, spaces | 10 |

Debits, 150 bytes (`EB21` asks, `EB22` answers):

| line | field | bytes |
| --- | --- | --- |
| header | `H` | 1 |
| | serial, 00000000 | 8 |
| | institution | 10 |
| | file name, `EB21` + MMDD | 8 |
| | day of collection | 6 |
| | bank and branch of the settlement account | 7 |
| | settlement account | 16 |
| | spaces | 94 |
| record | `R` | 1 |
| | serial, from 00000001 | 8 |
| | institution | 10 |
| | bank and branch | 7 |
| | bank account; in `EB22` spaces | 16 |
| | amount asked for; in `EB22` amount collected | 13 |
| | birth date (YYMMDD) or business number; in `EB22` spaces | 13 |
| | result: space; in `EB22` N nothing, P in part | 1 |
| | code of the failure | 4 |
| | text for the passbook | 16 |
| | kind of money, spaces | 2 |
| | payer's number | 20 |
| | institution's own use, spaces | 5 |
| | 1 all or nothing, 2 a part may be taken | 1 |
| | spaces | 33 |
| trailer | `T` | 1 |
| | serial, 99999999 | 8 |
| | institution | 10 |
| | file name | 8 |
| | records in this file | 8 |
| | all or nothing: records, amount; in `EB22` wholly collected | 8, 13 |
| | a part may be taken: records, amount; in `EB22` collected in part | 8, 13 |
| | spaces | 63 |
| | authentication code, spaces | 10 |

A file of results lists the records that failed, and those collected in part, under the serials of the file that asked;
all others were done. What is taken back later comes as an `EB22` whose records have the code of a return (0061) and the
amount that was taken back.
"""

from __future__ import annotations

from ledger.debits.debits import DebitFile, DebitLine, read_debits, read_results, write_debits, write_results
from ledger.debits.layout import CODES, FileRefused, ResultLine, Results, word_of
from ledger.debits.mandates import (
    MandateFile,
    MandateLine,
    read_mandate_results,
    read_mandates,
    write_mandate_results,
    write_mandates,
)

__all__ = [
    "CODES",
    "DebitFile",
    "DebitLine",
    "FileRefused",
    "MandateFile",
    "MandateLine",
    "ResultLine",
    "Results",
    "read_debits",
    "read_mandate_results",
    "read_mandates",
    "read_results",
    "word_of",
    "write_debits",
    "write_mandate_results",
    "write_mandates",
    "write_results",
]
