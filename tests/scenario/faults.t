#!/usr/bin/env python3
"""What surrounds a database fails while the daemon runs: a full disk, no
permission, another process, damage.  Each time it says so once, in the log,
in its status and its metrics; goes on asking and serving; and goes on storing
when the fault is gone, without a restart and without a loss."""
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

DATE = 'Sat, 22 Feb 2025 18:08:%02d GMT'
served = [0]
size = [200]


def ever_new(handler):
    """An entry that was never there, each time."""
    served[0] += 1
    n = served[0]
    return 200, {'Content-Type': 'application/rss+xml'}, rss(
        ('http://a.example/%d' % n, 'Number %d' % n, DATE % (n % 60),
         'x' * size[0]))


site = Site({'/often%d' % i: ever_new for i in range(3)})
OFTEN = {'interval': '1s', 'interval-min': '1s', 'interval-max': '1s'}
feeds = {'f%d' % i: site.source('/often%d' % i, **OFTEN) for i in range(3)}


def told(mill, pattern, name):
    """What /status.json says of the database, waited for; None: nothing."""
    def look():
        a = get(mill.url + '/status.json')
        if a.status != 200:
            return False
        error = json.loads(a.body)['database_error']
        return error is None if pattern is None else \
            re.search(pattern, error or '')
    return ok(eventually(look, 20), name)


def keys(mill):
    db = sqlite3.connect(mill.path('feedmill.db'))
    found = [k for (k,) in db.execute('SELECT key FROM entries')]
    db.close()
    same(len(found), len(set(found)), 'nothing is there twice')
    return set(found)


def stored(mill, daemon):
    """A new entry after this moment: it stores again."""
    since = daemon.mark()
    return eventually(lambda: [v for v in daemon.events('visit', since)
                               if v.get('new') == '1'], 60)


def goes_on(mill, daemon, pattern, name, failures=True, isolated=False):
    """The fault is there."""
    event = daemon.seen('database failing', 40) or {}
    matches(pattern, event.get('reason', ''), name + ': the log says so') or \
        note(daemon.log[-3000:])
    told(mill, pattern, 'and the status')
    same(mill.metric('store_failing'), 1, 'and a metric')
    if not isolated:
        r = mill.run('status')
        ok(r.status == 0 and 'the database cannot be written: ' in r.out,
           'feedmill status says it in words', r)
    if failures:
        ok(eventually(lambda: mill.metric('store_failures_total') > 0, 20),
           'visits that are lost are counted')
    n = len(site.asked())
    ok(eventually(lambda: len(site.asked()) > n, 90), 'it goes on asking')
    same(get(mill.url + '/healthz').status, 200, 'and serving')
    same(len(daemon.events('database failing')), 1, 'it was said once') or \
        note(daemon.log[-3000:])


def recovers(mill, daemon):
    """It is gone."""
    ok(daemon.seen('database works again', 90), 'it works again, and says so',
       daemon.log[-3000:])
    ok(stored(mill, daemon), 'what is new is stored', daemon.log[-3000:])
    same(mill.metric('store_failing'), 0, 'the metric knows')
    told(mill, None, 'and the status')


def ends_sound(mill, daemon):
    same(daemon.stop(40), 0, 'it ends well') or note(daemon.log[-3000:])
    new = sum(int(v.get('new', 0)) for v in daemon.events('visit'))
    r = mill.run('db', 'check')
    same(r.status, 0, 'and the database is sound') or note(r)
    ok(len(keys(mill)) >= new, 'with all that was told as stored',
       (len(keys(mill)), new))


def in_namespace(mill, mount, env=None):
    """A daemon whose state folder is a file system of its own."""
    os.makedirs(mill.state, exist_ok=True)
    return Daemon(['unshare', '-Ur', '-m', 'sh', '-c', mount +
                   ' && exec "$@"', 'sh', *mill.argv('-v', 'run')],
                  mill.env(env))


def may(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


namespaces = may(['unshare', '-Ur', '-m', 'sh', '-c',
                  'mount -t tmpfs -o size=1m tmpfs /mnt'])

# -------------------------------------------------------------- a full disk

mill = Mill(feeds=feeds, archive=None)
if namespaces:
    daemon = in_namespace(mill, "mount -t tmpfs -o size=8m tmpfs '%s'" %
                          mill.state)
    daemon.seen('visit', source='f1')
    inside = '/proc/%d/root%s' % (daemon.process.pid, mill.state)
    ok(eventually(lambda: os.path.exists(inside + '/feedmill.db-wal'), 20),
       'on a small disk', daemon.log)
    with open(inside + '/filler', 'wb', buffering=0) as f:
        try:
            while True:
                f.write(b'x' * 4096)
        except OSError:
            pass
    size[0] = 40000         # none fits into what is allocated already
    goes_on(mill, daemon, 'disk is full|no space|ENOSPC|input/output',
            'the disk is full', isolated=True)
    size[0] = 200
    os.unlink(inside + '/filler')
    recovers(mill, daemon)
    # What is in there goes with the namespace: look before.
    r = subprocess.run(
        ['nsenter', '-t', str(daemon.process.pid), '-U', '-m',
         '--preserve-credentials', *mill.argv('db', 'check')],
        env=mill.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    same(r.returncode, 0, 'the database is sound') or note(r.stdout.decode())
    same(daemon.stop(40), 0, 'it ends well') or note(daemon.log[-3000:])
else:
    skip('the disk is full', 'no mounts in a user namespace')

# Full when nobody runs: all that only reads does without the room.
mill = Mill(feeds=feeds, archive=None)
mill.round()
if namespaces:
    full = ("mount -t tmpfs -o size=8m tmpfs /mnt && cp -a '%s'/. /mnt/ && "
            "mount --bind /mnt '%s' && (cat /dev/zero >/mnt/filler || true) "
            '2>/dev/null && ' % (mill.state, mill.state))

    def on_full_disk(*words):
        return mill.run(*words, wrapper=['unshare', '-Ur', '-m', 'sh', '-c',
                                         full + 'exec "$@"', 'sh'])

    r = on_full_disk('run')
    ok(r.status == 74 and 'the disk is full' in r.err,
       'on a disk that is full it does not start, and says why', r)
    for words in (('export', '--format', 'jsonl'), ('search', 'number'),
                  ('status',), ('db', 'check'),
                  ('db', 'backup', os.path.join(mill.dir, 'backup.db'))):
        r = on_full_disk(*words)
        ok(r.status == 0 and r.out, 'but %s works' % ' '.join(words[:2]), r)
else:
    skip('a disk that is full', 'no mounts in a user namespace')

# A limit of the process is no signal, but told as well, and outlived.
mill = Mill(feeds=feeds)
r = mill.run('run', '--once', wrapper=['sh', '-c', 'ulimit -f 200 && '
                                       'exec "$@"', 'sh'])
ok(r.status == 74 and 'cannot start' in r.err,
   'a file that may not grow: it says so', r)
ok(mill.round().status == 0 and mill.run('db', 'check').status == 0,
   'and starts when it may')

# Without standard files nothing else is taken for them.
mill = Mill(feeds=feeds)
r = mill.run('run', '--once', wrapper=['sh', '-c', 'exec "$@" <&- >&- 2>&-',
                                       'sh'])
same(r.status, 0, 'nobody listens: it works')
same([n for n in os.listdir(mill.state) if os.path.isfile(mill.path(n)) and
      b'event=' in read(mill.path(n))], [], 'and logs into no file of its own')
r = mill.run('export', wrapper=['sh', '-c', 'exec "$@" >&-', 'sh'])
ok(r.status == 74 and 'Bad file descriptor' in r.err,
   'what cannot be printed fails', r)

# ------------------------------------------------------------ only to read

mill = Mill(feeds=feeds, archive=None)
mill.round()
if namespaces:
    exported = mill.export()
    bind = ("mount --bind '%s' '%s' && mount -o remount,bind,ro '%s'" %
            ((mill.state,) * 3))
    daemon = in_namespace(mill, bind)
    same(daemon.wait(20), 74, 'on a disk that is only to read it does not '
         'start') or note(daemon.log)
    matches('cannot start.*[Rr]ead-only', daemon.log, 'and says why')
    for words in (('export', '--format', 'jsonl'), ('search', 'number'),
                  ('status',), ('db', 'check')):
        r = mill.run(*words, wrapper=['unshare', '-Ur', '-m', 'sh', '-c',
                                      bind + ' && exec "$@"', 'sh'])
        ok(r.status == 0 and r.out, 'but %s works' % words[0], r)
else:
    skip('a disk that is only to read', 'no mounts in a user namespace')

# ------------------------------------------------- permission lost meanwhile

mill = Mill(feeds=feeds, archive=None)
daemon = mill.start()
daemon.seen('visit', source='f1')
wal = mill.path('feedmill.db-wal')
eventually(lambda: os.path.exists(wal), 20)
if os.geteuid() == 0 and may(['chattr', '+i', wal]):
    at_end(lambda: may(['chattr', '-i', wal]))
    try:
        with open(wal, 'ab'):
            works = False
    except OSError:
        works = True
    goes_on(mill, daemon, 'could not .*database', 'no permission any more')
    ok(works, 'nobody may write')
    may(['chattr', '-i', wal])
    recovers(mill, daemon)
else:
    skip('no permission any more', 'chattr +i is not to be had here')

# ------------------------------------------- another process has it locked

seen = daemon.mark()
db = sqlite3.connect(mill.path('feedmill.db'), isolation_level=None)
db.execute('BEGIN EXCLUSIVE')
event = daemon.seen('database failing', 30, since=seen) or {}
matches('another process holds it, waiting', event.get('reason', ''),
        'locked by another process: the log says so') or note(daemon.log)
told(mill, 'another process', 'and the status')
ok(mill.metric('store_failing') == 1 and
   mill.metric('store_queue_visits') > 0, 'metrics tell that visits wait')
same(get(mill.url + '/healthz').status, 200, 'it goes on serving')
lost = mill.metric('store_failures_total')
db.execute('COMMIT')
recovers(mill, daemon)
same(mill.metric('store_failures_total'), lost, 'no visit was lost')
db.execute('BEGIN EXCLUSIVE')
start = time.monotonic()
daemon.signal(signal.SIGTERM)
status = daemon.wait(60)
ok(status is not None and time.monotonic() - start < 20,
   'nor is the end held up for ever', (status, daemon.log[-2000:]))
db.execute('COMMIT')
db.close()

db = sqlite3.connect(mill.path('feedmill.db'), isolation_level=None)
db.execute('PRAGMA locking_mode=EXCLUSIVE')
db.execute('BEGIN EXCLUSIVE')
r = mill.run('run', seconds=40)
ok(r.status == 75 and 'another process holds it' in r.err,
   'locked for good: it does not start, and says why', r)
db.execute('COMMIT')
db.close()

# ---------------------------------------------------- a second one, refused

daemon = mill.start()
daemon.seen('visit', source='f1')
r = mill.run('run', seconds=20)
said = r.events('cannot start')
ok(r.status == 75 and len(said) == 1 and said[0]['level'] == 'error' and
   'in use by another feedmill (pid %d)' % daemon.process.pid in
   said[0]['error'], 'a second daemon is refused with the pid of the first', r)
matches('daemon running', mill.run('status').out, 'the first has the status')
same([mill.metric('store_failing'), mill.metric('store_failures_total')],
     [0, 0], 'and nothing fails there')
linked = Mill(feeds={}, database=os.path.join(mill.dir, 'link.db'))
os.symlink(mill.path('feedmill.db'), linked.sections['database'])
for words in (['run', '--once'], ['db', 'vacuum']):
    r = linked.run(*words)
    ok(r.status == 75 and 'pid %d' % daemon.process.pid in r.err,
       'also by another name of the database: ' + words[0], r)
n = len(site.asked())
ok(eventually(lambda: len(site.asked()) > n, 20), 'the first goes on')

# ------------------------------------------------------ killed, WAL is left

ok(stored(mill, daemon), 'more is stored')
before = {v['source'] for v in daemon.events('visit')}
known = keys(mill)
daemon.kill()
ok(os.path.getsize(wal) > 0, 'killed: a log is left behind')
left = os.path.getsize(wal)
daemon = mill.start()
event = daemon.seen('the database was not closed: taking up its log') or {}
same(event.get('bytes'), str(left), 'the next start says so')
same(mill.metric('store_log_left_bytes'), left, 'and a metric')
told(mill, None, 'the status has nothing to complain of')
ok(stored(mill, daemon), 'it goes on from there', daemon.log)
ends_sound(mill, daemon)
ok(known <= keys(mill), 'nothing that was stored is gone')
daemon = mill.start()
stored(mill, daemon)
daemon.kill()
write(wal, os.urandom(os.path.getsize(wal)))
daemon = mill.start()
ok(stored(mill, daemon), 'a log that is rubbish is no hindrance', daemon.log)
ends_sound(mill, daemon)

# ------------------------------------------------------------------- damage

whole = read(mill.path('feedmill.db'))
daemon = mill.start()
stored(mill, daemon)
with open(mill.path('feedmill.db'), 'r+b') as f:
    f.seek(16384)
    f.write(b'\xa5' * 65536)
# What it has in memory it does not read: nobody may notice for long.
n = len(site.asked())
ok(eventually(lambda: len(site.asked()) > n, 90),
   'damaged while it runs: it goes on')
same(get(mill.url + '/healthz').status, 200, 'and serves')
ok(daemon.stop(40) is not None, 'it can be stopped', daemon.log[-2000:])
r = mill.run('db', 'check')
ok(r.status in (0, 65), 'check finds what its memory has not healed', r)
for suffix in ('-wal', '-shm'):
    if os.path.exists(mill.path('feedmill.db' + suffix)):
        os.unlink(mill.path('feedmill.db' + suffix))
# Where it is read each time: where the keys are found.
write(mill.path('feedmill.db'), whole)
db = sqlite3.connect(mill.path('feedmill.db'))
root, = db.execute("SELECT rootpage FROM sqlite_master "
                   "WHERE name = 'entries_key'").fetchone()
page, = db.execute('PRAGMA page_size').fetchone()
db.close()
known = keys(mill)
damaged = bytearray(whole)
damaged[(root - 1) * page:root * page] = b'\xa5' * page
write(mill.path('feedmill.db'), bytes(damaged))
daemon = mill.start()
same([e for e in daemon.events() if 'not closed' in e['event']], [],
     'one that was closed has no log')
same(mill.metric('store_log_left_bytes'), 0, 'nor a metric of it')
goes_on(mill, daemon, 'it is damaged .try `feedmill db check`',
        'keys that are damaged')
ok(daemon.stop(40) is not None, 'it can be stopped', daemon.log[-2000:])
for suffix in ('-wal', '-shm'):
    if os.path.exists(mill.path('feedmill.db' + suffix)):
        os.unlink(mill.path('feedmill.db' + suffix))
for name, at in (('header', 0), ('first pages', 100)):
    damaged = bytearray(whole)
    damaged[at:at + 40000] = b'\xa5' * 40000
    write(mill.path('feedmill.db'), bytes(damaged))
    r = mill.run('run', seconds=30)
    ok(r.status == 65 and 'cannot start' in r.err and 'database' in r.err,
       'a damaged %s: it does not start, and says why' % name, r)
write(mill.path('feedmill.db'), whole)
daemon = mill.start()
ok(stored(mill, daemon), 'put back from a backup: it goes on', daemon.log)
told(mill, None, 'the status knows')
same(mill.metric('store_failing'), 0, 'and the metric')
ends_sound(mill, daemon)
ok(known < keys(mill), 'with all that was in it')

# ------------------------------------------- few descriptors, many who want

def slow(handler):
    time.sleep(0.3)
    return 200, {'Content-Type': 'application/rss+xml'}, rss(
        ('http://b.example' + handler.path, 'T', DATE % 1, 'x'))


site.documents.update({'/s%d' % i: slow for i in range(60)})
mill = Mill(fetch={'concurrency': 60, 'concurrency-per-host': 60},
            feeds={'s%d' % i: site.source('/s%d' % i) for i in range(60)},
            archive=None)
daemon = Daemon(['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh',
                 *mill.argv('-v', 'run')], mill.env())
ok(daemon.seen('ready'), 'few files may be open', daemon.log)
ok([e for e in daemon.events() if 'few open files' in e['event']],
   'it says so', daemon.log)
matches(r'^process_max_fds 64$', get(mill.url + '/metrics').body.decode(),
        'and a metric')
crowd = []
for i in range(64):
    crowd.append(socket.create_connection(('127.0.0.1', mill.port), 10))
ok(eventually(lambda: len(daemon.events('visit')) >= 60, 60),
   'a crowd at the server does not keep it from asking', daemon.log[-3000:])
same({e['outcome'] for e in daemon.events('visit')}, {'ok'},
     'nor costs any feed its visit')
for c in crowd:
    c.close()
same(get(mill.url + '/healthz').status, 200,
     'and who waited behind the crowd is answered')
same(daemon.stop(40), 0, 'it ends well')
done()
