#!/usr/bin/env python3
"""The polling series of ../shared through the real program, step by step:
what each step brings and what the table holds at the end is known."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

series = Series()
FIELDS = ('key', 'ts', 'title', 'updates', 'source', 'first_ts')


def counts(visit):
    return {k: int(visit.get(k, 0)) for k in ('new', 'updated', 'duplicate')}


def expected_counts(step, source, policy):
    """(counts, are the duplicates exact): the README says when they are."""
    s = series.expected[step]['sources'][source]
    c = s[policy]
    return ({'new': c.get('new', 0), 'updated': c.get('update', 0),
             'duplicate': c.get('duplicate', 0)},
            s['event'] not in ('truncated', 'html', 'empty'))


def misses(step, policy, visits):
    """What differs from the expected counts of this step."""
    wrong = []
    by_source = {v['source']: v for v in visits}
    if [v['source'] for v in visits] != series.order:
        wrong.append('asked: %r' % [v['source'] for v in visits])
    for source in series.order:
        if source not in by_source:
            wrong.append(source + ': no visit')
            continue
        visit = by_source[source]
        want, exact = expected_counts(step, source, policy)
        got = counts(visit)
        if visit.get('outcome') in ('not-modified', 'unchanged') or not exact:
            got.pop('duplicate'), want.pop('duplicate')
        if got != want:
            wrong.append('%s (%s): got %r, expected %r' % (
                source, visit.get('outcome'), got, want))
    return wrong


def table(entries, fields=FIELDS):
    return {k: {f: e.get(f) for f in fields} for k, e in entries.items()}


def same_table(got, expected, name, fields=FIELDS):
    got, expected = table(got, fields), table(expected, fields)
    wrong = ['missing: ' + k for k in expected if k not in got]
    wrong += ['unexpected: ' + k for k in got if k not in expected]
    for k in expected:
        for f in fields:
            if k in got and got[k][f] != expected[k][f]:
                wrong.append('%s: %s is %r, expected %r' % (
                    k, f, got[k][f], expected[k][f]))
    ok(not wrong, name, '%d differences\n' % len(wrong) + '\n'.join(wrong))


def every_step(policy, updates, again):
    """Each step in a round of its own; with again, twice."""
    mill = series.mill(updates)
    repeated = []
    for step in series.steps:
        series.step(step)
        r = mill.round()
        wrong = misses(step, policy, r.events('visit'))
        # 1: a source failed; here and there one is damaged on purpose.
        if r.status not in (0, 1):
            wrong.append(str(r))
        ok(not wrong, '%s: step %d brings what it should' % (updates, step),
           '\n'.join(wrong))
        if again:
            repeated += [v for v in mill.round().events('visit')
                         if counts(v)['new'] or counts(v)['updated']]
    if again:
        ok(not repeated, updates + ': asked again, a step brings nothing',
           repeated)
    same_table(mill.export(), series.items(policy),
               updates + ': the table at the end')
    return mill


def order_free():
    """As many at once as it likes: the same entries, whoever was first."""
    mill = series.mill('changed', fetch={'concurrency': 64})
    wrong = []
    for step in series.steps:
        series.step(step)
        got = sum(counts(v)['new'] for v in mill.round().events('visit'))
        want = series.expected[step]['total']['P3'].get('new', 0) \
            if 'P3' in series.expected[step].get('total', {}) else \
            sum(expected_counts(step, s, 'P3')[0]['new']
                for s in series.order)
        if got != want:
            wrong.append('step %d: %d new, expected %d' % (step, got, want))
    ok(not wrong, 'many at once: as many new entries in each step',
       '\n'.join(wrong))
    same_set(mill.export(), series.items('P3'), 'many at once: the same keys')


def long_running():
    """One daemon over all steps, asking every second."""
    series.step(0)
    mill = series.mill('strict', fetch={
        'concurrency': 1, 'flood-limit': 0, 'allow-private-addresses': True,
        'updates': 'strict', 'interval': '1s', 'interval-min': '1s',
        'interval-max': '1s', 'jitter': '0%', 'concurrency-per-host': 1})
    daemon = mill.start()
    wrong = []
    since = 0
    for step in series.steps:
        series.step(step)
        seen = daemon.mark() if step else 0

        def all_asked():
            # A visit that was under way at the switch may be of the old.
            names = [v['source'] for v in daemon.events('visit', seen)]
            return all(names.count(s) >= 2 for s in series.order)

        if not eventually(all_asked, 60, 0.2):
            wrong.append('step %d: not every source was asked' % step)
            break
        got = sum(counts(v)['new'] for v in daemon.events('visit', since))
        want = sum(expected_counts(step, s, 'P1')[0]['new']
                   for s in series.order)
        if got != want:
            wrong.append('step %d: %d new, expected %d' % (step, got, want))
        since = daemon.mark()
    ok(not wrong, 'a running daemon: as many new entries in each step',
       '\n'.join(wrong) + '\n' + daemon.log[-1500:])
    same(daemon.stop(), 0, 'a running daemon: stops') or \
        note(daemon.log[-6000:])
    in_seconds = [{k: dict(e, ts=e['ts'] and e['ts'] // 1000)
                   for k, e in t.items()}
                  for t in (mill.export(), series.items('P1'))]
    same_table(*in_seconds, 'a running daemon: the same keys and newest times',
               ('key', 'ts'))


def killed(reference):
    """kill -9 somewhere in each step, then the step again: no difference."""
    seed = int(os.environ.get('SEED') or random.randrange(1 << 32))
    dice = random.Random(seed)
    note('SEED=%d' % seed)
    mill = series.mill('changed')
    hit = 0
    for step in series.steps:
        series.step(step)
        daemon = Daemon(mill.argv('-v', 'run', '--once', '--now'), mill.env())
        # Somewhere in the round: after so many visits and a bit.
        visits = dice.randrange(len(series.order))
        eventually(lambda: len(daemon.events('visit')) >= visits or
                   daemon.process.poll() is not None, 30, 0.001)
        time.sleep(dice.random() * 0.05)
        hit += daemon.process.poll() is None
        daemon.kill()
        r = mill.round()
        if r.status not in (0, 1):
            note(r)
    ok(hit > 0, 'killed: %d of %d rounds were cut off' % (
        hit, len(series.steps)))
    same_table(mill.export(), reference, 'killed in each step: the same table')


reference = every_step('P3', 'changed', again=True).export()
every_step('P1', 'strict', again=False)
order_free()
killed(reference)
long_running()
done()
