#!/usr/bin/env python3
"""Whatever is asked of it at whatever moment, it goes on and loses nothing.

A short one, the same each time; `make soak HOURS=1` goes on for longer, and
SEED= asks for another.
"""
import os
import sys

import feedmill as fm

sys.path.insert(0, os.path.join(fm.ROOT, 'tests', 'bench'))
import chaos  # noqa: E402

SECONDS = 12

seed = int(os.environ.get('SEED') or 1)
print('# SEED=%d' % seed)
try:
    steps, entries = chaos.run(fm.BINARY, SECONDS, seed, fm.note)
    fault = None
except chaos.Fault as e:
    steps, entries, fault = 0, 0, str(e)
fm.ok(fault is None, 'anything at any moment: it goes on and loses nothing',
      fault)
fm.ok(steps > 5 and entries > chaos.SOURCES, 'something happened')
fm.done()
