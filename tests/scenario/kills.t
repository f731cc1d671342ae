#!/usr/bin/env python3
"""Killed at random moments, again and again, it loses and repeats nothing.

A short one; `make soak HOURS=1` goes on for longer.
"""
import os
import random
import sys

import feedmill as fm

sys.path.insert(0, os.path.join(fm.ROOT, 'tests', 'bench'))
import kills  # noqa: E402

SECONDS, LIFE_S = 15, 1.5

seed = int(os.environ.get('SEED') or random.randrange(1 << 30))
print('# SEED=%d' % seed)
try:
    entries, deaths = kills.run(fm.BINARY, SECONDS, seed, LIFE_S)
    fault = None
except kills.Fault as e:
    entries, deaths, fault = 0, 0, str(e)
fm.ok(fault is None, 'killed at random moments it loses and repeats nothing')
print('# %s' % (fault or '%d entries, %d deaths' % (entries, deaths)))
fm.ok(deaths > 0 and entries > kills.SOURCES * kills.WINDOW,
      'it was killed, and there was something to lose')
fm.done()
