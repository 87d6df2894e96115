"""How long openpyxl takes to write the ledger entries that `cargo bench --bench ledger` exports, and in how much memory.

    baiying export entries --month 2026-11 --format csv --out entries.csv --names   (or the bench's own, see below)
    python3 openpyxl_entries.py entries.csv out.xlsx

`write_only` mode, openpyxl's fastest and the one that keeps no cells in memory, with lxml; values without any style,
border, height or digest, which is less than what it is measured beside. Rows are read from the CSV beforehand, numbers
and times as such; only the writing is timed, and the peak is told before and after it.
"""

import csv
import resource
import sys
import time
from datetime import datetime

from openpyxl import Workbook
from openpyxl.xml import LXML


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def value(column, text):
    if column in ("entry", "amount") and text.lstrip("-").isdigit():
        return int(text)
    if column == "at" and text[:4].isdigit():
        return datetime.fromisoformat(text).replace(tzinfo=None)
    return text or None


source, out = sys.argv[1:3]
with open(source, encoding="utf-8-sig", newline="") as file:
    reader = csv.reader(file)
    header = next(reader)
    rows = [[value(column, text) for column, text in zip(header, row)] for row in reader]
before = peak_mib()
began = time.monotonic()
book = Workbook(write_only=True)
sheet = book.create_sheet("entries")
sheet.append(header)
for row in rows:
    sheet.append(row)
book.save(out)
took = time.monotonic() - began
print(f"{len(rows)} entries, write_only, lxml {LXML}: {took:.2f} s, peak resident {peak_mib():.0f} MiB ({before:.0f} MiB before)")
