#!/usr/bin/env python3
"""Rounds of the release build under valgrind: no bad access, no leak."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

if not shutil.which('valgrind'):
    skip_all('valgrind is absent')
series = Series()
NAMES = ['nytimes-feedx', 'reuters-gb2312', 'cdt-wordpress', 'youtube-a']
VALGRIND = ['valgrind', '-q', '--error-exitcode=99', '--leak-check=full',
            '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite']
mill = series.mill(names=NAMES, binary=RELEASE)
for step in (0, 2, 3):
    series.step(step)
    r = mill.round(wrapper=VALGRIND, seconds=180)
    # 1: a source failed, as the truncated documents of 2 and 3 do.
    ok(r.status in (0, 1) and '==' not in r.err,
       'step %d under valgrind' % step, r)
    same(len(r.events('visit')), len(NAMES), 'every source was asked')
for words in (['export', '--format', 'jsonl'], ['check', '--dump'],
              ['status']):
    r = mill.run(*words, wrapper=VALGRIND, seconds=180)
    ok(r.status in (0, 69) and '==' not in r.err,
       'feedmill %s under valgrind' % ' '.join(words), r)
done()
