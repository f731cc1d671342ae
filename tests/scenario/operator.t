#!/usr/bin/env python3
"""What an operator does to a daemon without meaning harm: a log nobody
reads, signals at the wrong moment, a state folder far down, a pipe that
ends."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ITEM = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
site = Site({'/%d' % i: rss(ITEM) for i in range(40)})


def answers(url):
    """The status, None while nobody answers."""
    try:
        return get(url).status
    except OSError:
        return None


# ------------------------------------------------------- a log nobody reads

mill = Mill(feeds={'a': site.source('/1')})
mill.sections['http']['access-log'] = True
mill.set()
ours, theirs = os.pipe()
daemon = subprocess.Popen(mill.argv('-v', 'run'), env=mill.env(),
                          stdin=subprocess.DEVNULL, stderr=theirs)
at_end(lambda: (daemon.kill(), daemon.wait()))
os.close(theirs)
ok(eventually(lambda: answers(mill.url + '/healthz') == 200), 'it serves')


# More than a pipe holds.


def fill():
    return sum(answers(mill.url + '/none/' + 200 * 'x') == 404
               for _ in range(400))


same(fill(), 400, 'and goes on when its log is full')
os.read(ours, 1 << 20)
answers(mill.url + '/healthz')
matches('lines=[1-9]', os.read(ours, 1 << 20).decode(),
        'who reads it again is told how many lines are missing')
fill()
daemon.terminate()
try:
    same(daemon.wait(30), 0, 'a full log does not keep it from stopping')
except subprocess.TimeoutExpired:
    ok(False, 'a full log does not keep it from stopping')
os.close(ours)
done()
