#!/usr/bin/env python3
"""How many tips a second JioNLP finds the times of: pip install jionlp; jionlp_time.py TEXTS.jsonl [COUNT]

TEXTS.jsonl: as `BAIYING_TEXTS=FILE cargo bench --bench understand` writes it. One core.
"""
import json
import sys
import time

import jionlp

path, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
texts = [json.loads(line)["text"] for line, _ in zip(open(path, encoding="utf-8"), range(count))]
base = time.mktime((2026, 11, 22, 9, 0, 0, 0, 0, -1))
jionlp.ner.extract_time(texts[0], time_base=base)
begin, found = time.process_time(), 0
for text in texts:
    found += len(jionlp.ner.extract_time(text, time_base=base) or [])
spent = time.process_time() - begin
print(f"JioNLP {len(texts) / spent:.0f} tips/s of processor time, {found} times in {len(texts)} tips")
