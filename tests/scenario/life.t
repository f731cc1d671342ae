#!/usr/bin/env python3
"""Two days of fifty sources, told by what their server saw.

Every hour is a round of `run --once --now`, a process of its own; in between
a daemon runs for some seconds and asks every second.  Documents and validators
change every few hours, in the ways that lead readers astray:
each kind of source below is one of them.  Then every request of the origin's
log is judged as a publisher would judge it, by what was served to that URL
before:

	unconditional	  no validators: right once, at the first visit
	good		  all validators that were served last, byte for byte
	incomplete	  one of the two, the other left out
	out of sequence	  served once, but not last
	made up		  never served
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

SOURCES, HOURS, NAP_AT, NAP_S = 50, 48, 20, 12
ANSWERS = 90                # more than anybody asks
STEP = 3                    # hours of each version
WINDOW = 6                  # entries in a document
START = 1740000000          # of the first Last-Modified


def http_date(seconds):
    return time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(seconds))


def document(n, version, first=None):
    newest = version + WINDOW
    return rss(*[('http://s%d.example/%d' % (n, i), 'Item %d' % i,
                  http_date(START + 3600 * i), 'text %d' % i)
                 for i in range(first or newest - WINDOW, newest)]).decode()


def ok_with(body, tag=None, date=None, **more):
    headers = []
    if tag is not None:
        headers.append(['ETag', tag])
    if date is not None:
        headers.append(['Last-Modified', date])
    return {'headers': headers, 'body': body, 'conditional': True, **more}


def tag_of(n, v):
    return '"%d-%d"' % (n, v)


def date_of(v):
    return http_date(START + v * 7001)


# What is answered to request i, in version v of source n.

def both(n, i, v):
    return ok_with(document(n, v), tag_of(n, v), date_of(v))


def weak(n, i, v):
    return ok_with(document(n, v), 'W/' + tag_of(n, v))


def date_only(n, i, v):
    return ok_with(document(n, v), date=date_of(v))


def unquoted(n, i, v):
    return ok_with(document(n, v), '%d-%d-gzip' % (n, v), gzip=True)


def same_date(n, i, v):
    return ok_with(document(n, v), tag_of(n, v), date_of(0))


def touched(n, i, v):
    return ok_with(document(n, 0), tag_of(n, v), date_of(v))


def new_on_304(n, i, v):
    """Another ETag with every answer, the older ones are still good."""
    older = ['"%d-%d-%d"' % (n, v, j) for j in range(v * STEP, i)]
    return ok_with(document(n, v), '"%d-%d-%d"' % (n, v, i),
                   conditional=older or True)


def back_in_time(n, i, v):
    return ok_with(document(n, v), date=http_date(START - v * 7001))


def failing(n, i, v):
    if i % 4 == 2:
        return {'status': 503 if i % 8 == 2 else 500, 'body': 'no',
                'headers': [['ETag', '"error"'],
                            ['Last-Modified', http_date(START * 1.01)]]}
    return both(n, i, v)


def delta(n, i, v):
    if i == 0:
        return both(n, i, v)
    answer = ok_with(document(n, v, v + WINDOW - 1), tag_of(n, v))
    return {**answer, 'status': 226,
            'headers': answer['headers'] + [['IM', 'feed']]}


def odd_date(n, i, v):
    return ok_with(document(n, v), date='2025-02-%02dT00:00:00Z' % (v + 1))


def redirected(n, i, v):
    return {'status': 302, 'headers': [['Location', '/target/%d' % n]]}


KINDS = [both, weak, date_only, unquoted, same_date, touched, new_on_304,
         back_in_time, failing, delta, odd_date, redirected]

script, feeds = {}, {}
origin = Origin()
for n in range(SOURCES):
    kind = KINDS[n % len(KINDS)]
    path = '/%s/%d' % (kind.__name__, n)
    script[path] = [kind(n, i, i // STEP) for i in range(ANSWERS)]
    if kind is redirected:
        script['/target/%d' % n] = [both(n, i, i // STEP)
                                    for i in range(ANSWERS)]
    feeds['s%d' % n] = {'url': origin.url(path)}
origin.set(script)
mill = Mill(fetch={'interval': '1s', 'interval-min': '1s',
                   'interval-max': '2s', 'jitter': '0%',
                   'concurrency-per-host': 64, 'flood-limit': 'none',
                   'allow-private-addresses': True}, feeds=feeds)

missed = []
for hour in range(HOURS):
    if hour == NAP_AT:
        daemon = mill.start()
        time.sleep(NAP_S)
        # Ended when nobody is asked: an answer on its way would be lost.
        mill.set(fetch={**mill.sections['fetch'], 'interval': '1h',
                        'interval-max': '1h'})
        daemon.signal(signal.SIGHUP)
        daemon.seen('reloaded')
        time.sleep(0.5)
        stopped = daemon.stop()
        missed += [e for e in daemon.events() if 'missed' in e['event']]
    r = mill.round()
    missed += [e for e in r.events() if 'missed' in e['event']]

# ---------------------------------------------------------------- judgement

CONDITIONS = (('if-none-match', 'etag'),
              ('if-modified-since', 'last-modified'))


def judge(sent, history):
    """One request's word; history: what was served before, oldest first."""
    last = history[-1] if history else {}
    if not any(sent.values()):
        return 'unconditional'
    if any(v is not None and v not in [h[c] for h in history]
           for c, v in sent.items()):
        return 'made up'
    if sent == last:
        return 'good'
    if any(v is not None and v != last[c] for c, v in sent.items()):
        return 'out of sequence'
    return 'incomplete'


counts, by_kind, offenders = {}, {}, []
histories, plain = {}, 0
requests = origin.requests()
for q in requests:
    if 'redirected' in q['path']:
        plain += not any(c in q['h'] for c, _ in CONDITIONS)
        continue
    history = histories.setdefault(q['path'], [])
    sent = {c: q['h'].get(c) for c, _ in CONDITIONS}
    word = judge(sent, history)
    counts[word] = counts.get(word, 0) + 1
    if word not in ('good', 'unconditional') or \
            word == 'unconditional' and history:
        offenders.append((q['n'], q['path'], word, sent, history[-2:]))
    if q['answer']['status'] in (200, 226, 304):
        served = {n.lower(): v for n, v in q['answer']['headers']}
        now = {c: served.get(v) for c, v in CONDITIONS}
        if q['answer']['status'] == 304 and history:
            now = {c: v or history[-1][c] for c, v in now.items()}
        history.append(now)
redirects = len([q for q in requests if 'redirected' in q['path']])
statuses = {}
for q in requests:
    code = q['answer']['status']
    statuses[code] = statuses.get(code, 0) + 1
judged = len(requests) - redirects
WORDS = ('unconditional', 'good', 'incomplete', 'out of sequence', 'made up')
counts = {w: counts.get(w, 0) for w in WORDS}
note('%d sources, %d hours, %d requests: %s' % (
    SOURCES, HOURS, judged, ', '.join('%d %s' % (counts[w], w)
                                      for w in WORDS)))
note('%d more to URLs that only redirect; answers: %s' % (
    redirects, ', '.join('%d of %d' % (c, s)
                         for s, c in sorted(statuses.items()))))

ok(stopped == 0 and judged > SOURCES * (HOURS + 4),
   '(asked at every hour, and by the daemon)', judged)
same(counts['unconditional'], SOURCES,
     'asks without conditions once for each source, never again') or \
    note(offenders[:5])
same(counts['made up'], 0, 'never sends a validator it was not given') or \
    note(offenders[:5])
same(counts['out of sequence'], 0, 'never one that is not the last') or \
    note(offenders[:5])
same(counts['incomplete'], 0, 'never one of two without the other') or \
    note(offenders[:5])
same(counts['good'], judged - SOURCES, 'so all others are good')
same(plain, redirects, 'and none goes to a URL that only redirects')
same([q['h'][n] for q in requests for n in ('cookie', 'referer')
      if n in q['h']], [], 'no cookie, no Referer in two days')
same([q['target'] for q in requests if q['path'] not in script], [],
     'nothing but the configured URLs and where they lead is asked')
ok(statuses[304] > 1.5 * statuses[200], 'most answers are 304', statuses)

# ------------------------------------------------------- nothing is lost

expected = set()
for n in range(SOURCES):
    kind = KINDS[n % len(KINDS)]
    path = '/target/%d' % n if kind is redirected else \
        '/%s/%d' % (kind.__name__, n)
    asked = len([q for q in requests if q['path'] == path])
    newest = 0 if kind is touched else (asked - 1) // STEP
    if kind is failing and newest * STEP % 4 == 2 and \
            (asked - 1) % STEP == 0:
        newest -= 1         # the last answer was an error
    expected |= {'http://s%d.example/%d' % (n, i)
                 for i in range(newest + WINDOW)}
keys = {e['url'] for e in mill.export().values()}
same_set(keys, expected, 'and every entry has arrived, once')
same(missed, [], 'no gap was seen where there was none')
done()
