#!/usr/bin/env python3
"""What outlets and archives are written to fails while the daemon runs: a
full disk, one that is only to read, no permission, no more open files.  Each
is said once in the log, told by status and metrics, keeps nothing else from
working, and when it is over all is there, once, without a restart."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

DATE = 'Sat, 22 Feb 2025 18:08:%02d GMT'
ATOM = '{http://www.w3.org/2005/Atom}'
served = [0]
size = [200]


def ever_new(handler):
    """An entry that was never there, each time, over a new connection."""
    served[0] += 1
    n = served[0]
    handler.close_connection = True
    return 200, {'Content-Type': 'application/rss+xml',
                 'Connection': 'close'}, rss(
        ('http://a.example/%d' % n, 'Number %d' % n, DATE % (n % 60),
         'x' * size[0]))


def may(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


site = Site({'/often%d' % i: ever_new for i in range(3)})
OFTEN = {'interval': '1s', 'interval-min': '1s', 'interval-max': '1s'}
feeds = {'f%d' % i: site.source('/often%d' % i, **OFTEN) for i in range(3)}
FOLDERS = ('www', 'archive')
KINDS = (('publishing', 'outlets', 'publish'),
         ('archiving', 'archives', 'archive'))


def status(mill):
    return json.loads(get(mill.url + '/status.json').body)


def visited(daemon, outcome, count=3):
    since = daemon.mark()
    return eventually(lambda: len([
        v for v in daemon.events('visit', since)
        if v['outcome'] == outcome]) >= count, 60)


def goes_on(mill, daemon, since, pattern, name):
    """Neither can be written, for this reason."""
    for what, kind, metric in KINDS:
        e = daemon.seen('failing', 40, since, what=what) or {}
        matches(pattern, e.get('error', ''), '%s, %s: the log says so' % (
            name, what)) or note(daemon.log[-3000:])
        ok(eventually(lambda: re.search(
            pattern, status(mill)[kind + '_error'] or ''), 20),
           'and the status of %s' % kind, status(mill))
        same(mill.metric(metric + '_failing'), 1, 'and a metric')
    r = mill.run('status')
    ok(r.status == 0 and 'an outlet cannot be written: ' in r.out and
       'an archive cannot be written: ' in r.out,
       'feedmill status says it in words', r)
    matches('<strong>An outlet cannot be written:</strong> outlet all: ',
            get(mill.url + '/status').body.decode(), 'and /status')
    ok(visited(daemon, 'ok'), 'it goes on storing', daemon.log[-3000:])
    same([status(mill)['database_error'], mill.metric('store_failing')],
         [None, 0], 'for the database is well')
    same(get(mill.url + '/').status, 200, 'what was written is served')
    for what, _, _ in KINDS:
        same(len([e for e in daemon.events('failing', since)
                  if e['what'] == what]), 1, what + ': it was said once') or \
            note(daemon.log[-3000:])


def recovers(mill, daemon, since):
    for what, kind, metric in KINDS:
        ok(daemon.seen('working again', 60, since, what=what),
           '%s works again, and says so' % what, daemon.log[-3000:])
        ok(eventually(lambda: status(mill)[kind + '_error'] is None, 20),
           'the status knows')
        same(mill.metric(metric + '_failing'), 0, 'and the metric')


def all_is_there(mill, daemon, top, name):
    """Every entry once on the pages of the outlet, once in the archive; none
    comes any more."""
    site.documents.update({'/often%d' % i: rss() for i in range(3)})
    since = daemon.mark()
    ok(eventually(lambda: {v['source'] for v in daemon.events('visit', since)
                           if v['outcome'] == 'not-modified'} == set(feeds), 60),
       'no more of them', daemon.log[-3000:])

    def links():
        return [link.get('href') for n in os.listdir(top + '/www')
                if n.endswith('.atom')
                for e in ET.parse(top + '/www/' + n).getroot().iter(
                    ATOM + 'entry')
                for link in e.findall(ATOM + 'link')
                if link.get('rel', 'alternate') == 'alternate']

    def posts():
        return [n for d, _, names in os.walk(top + '/archive')
                for n in names if n.endswith('.md') and
                os.path.basename(d) != 'lists']

    def counts():
        return [status(mill)['entries'], len(set(links())), len(posts())]

    eventually(lambda: len(set(counts())) == 1, 40)
    stored, shown, archived = counts()
    same(shown, stored, name + ': each is in the outlet')
    same(archived, stored, 'each is in the archive')
    main = ET.parse(top + '/www/all.atom').getroot()
    ids = [e.findtext(ATOM + 'id') for e in main.iter(ATOM + 'entry')]
    same(len(ids), len(set(ids)), 'none is there twice')
    left = [n for d, _, names in os.walk(top) for n in names
            if n.startswith('.') or n.endswith(('~', '.tmp'))]
    same([n for n in left if 'tmp' in n], [], 'no half of a file is left')
    site.documents.update({'/often%d' % i: ever_new for i in range(3)})


# -------------------------------------- file systems of their own: two faults

if may(['unshare', '-Ur', '-m', 'sh', '-c',
        'mount -t tmpfs -o size=1m tmpfs /mnt']):
    mill = Mill(feeds=feeds)
    for name in FOLDERS:
        os.makedirs(mill.path(name))
    mounts = ' && '.join("mount -t tmpfs -o size=4m tmpfs '%s'" %
                         mill.path(name) for name in FOLDERS)
    daemon = Daemon(['unshare', '-Ur', '-m', 'sh', '-c', mounts +
                     ' && exec "$@"', 'sh', *mill.argv('-v', 'run')],
                    mill.env())
    inside = '/proc/%d/root%s' % (daemon.process.pid, mill.state)
    ok(eventually(lambda: os.path.exists(inside + '/www/all.atom') and
                  os.path.exists(inside + '/archive'), 30),
       'on small disks', daemon.log)
    visited(daemon, 'ok')
    since = daemon.mark()
    for name in FOLDERS:
        with open(inside + '/%s/filler' % name, 'wb', buffering=0) as f:
            try:
                while True:
                    f.write(b'x' * 4096)
            except OSError:
                pass
    size[0] = 20000
    goes_on(mill, daemon, since, 'No space left', 'the disk is full')
    size[0] = 200
    for name in FOLDERS:
        os.unlink(inside + '/%s/filler' % name)
    recovers(mill, daemon, since)

    def remount(how):
        return may(['nsenter', '-t', str(daemon.process.pid), '-U', '-m',
                    '--preserve-credentials', 'sh', '-c', ' && '.join(
                        "mount -o remount,bind,%s '%s'" % (
                            how, mill.path(n)) for n in FOLDERS)])

    since = daemon.mark()
    if eventually(lambda: remount('ro'), 10):
        goes_on(mill, daemon, since, 'Read-only', 'only to read')
        ok(remount('rw'), 'to write again')
        recovers(mill, daemon, since)
    else:
        skip('only to read', 'it cannot be mounted so')
    all_is_there(mill, daemon, inside, 'after both')
    same(daemon.stop(40), 0, 'it ends well') or note(daemon.log[-3000:])
else:
    skip('small disks', 'no mounts in a user namespace')

# ---------------------------------------------------------- permission lost

mill = Mill(feeds=feeds)
daemon = mill.start()
ok(eventually(lambda: os.path.exists(mill.path('www', 'all.atom')) and
              mill.posts(), 30), 'in a folder', daemon.log)


def folders():
    return [d for name in FOLDERS for d, _, _ in os.walk(mill.path(name))]


def lock(closed):
    """Nobody may make a file there, not even root."""
    daemon.signal(signal.SIGSTOP)       # all of them at once, for it
    try:
        if os.geteuid() == 0:
            return may(['chattr', '+i' if closed else '-i', *folders()])
        for d in folders():
            os.chmod(d, 0o555 if closed else 0o755)
        return True
    finally:
        daemon.signal(signal.SIGCONT)


since = daemon.mark()
if lock(True):
    at_end(lambda: lock(False))
    goes_on(mill, daemon, since, 'not permitted|Permission denied',
            'no permission any more')
    lock(False)
    recovers(mill, daemon, since)
else:
    skip('no permission any more', 'chattr +i is not to be had here')

# ------------------------------------------------------ no more open files

pid = daemon.process.pid


def lowest_free():
    used = {int(n) for n in os.listdir('/proc/%d/fd' % pid)}
    return min(set(range(len(used) + 1)) - used)


def cpu_s():
    with open('/proc/%d/stat' % pid) as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def limit(files):
    return may(['prlimit', '--pid', str(pid), '--nofile=%d:' % files])


def ask(connection, path):
    connection.request('GET', path)
    return connection.getresponse().read().decode()


if shutil.which('prlimit'):
    kept = http.client.HTTPConnection('127.0.0.1', mill.port, timeout=20)
    ask(kept, '/healthz')
    since = daemon.mark()
    limit(min(lowest_free() for _ in range(20) if not time.sleep(0.02)))
    for what, _, _ in KINDS:
        e = daemon.seen('failing', 40, since, what=what) or {}
        matches('Too many open files', e.get('error', ''),
                'no more open files, %s: the log says so' % what)
    ok(visited(daemon, 'postponed'), 'feeds are put off: it is no fault of '
       'theirs', daemon.log[-3000:])
    ok(eventually(lambda: 'feedmill_archive_failing 1\n' in
                  ask(kept, '/metrics'), 10), 'metrics tell')
    page = ask(kept, '/metrics')
    found = dict(re.findall(r'(?m)^(?:feedmill_)?(\w+) (\S+)$', page))
    same([found['publish_failing'], found['sources_failing'],
          found['store_failing']], ['1', '0', '0'], 'what it is, and what not')
    ok(int(found['process_open_fds']) >= int(found['process_max_fds']) - 2,
       'how many are open, and may be', page)
    kept.close()
    r = mill.run('status')
    ok(r.status == 0 and 'Too many open files' in r.out and
       'put off: no more files may be open' in r.out,
       'feedmill status is answered all the same', r)
    # Who cannot be let in is no reason to turn round and round.
    outside = socket.create_connection(('127.0.0.1', mill.port), 20)
    outside.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    before = cpu_s()
    time.sleep(3)
    ok(cpu_s() - before < 1, 'who waits outside costs nothing',
       cpu_s() - before)
    limit(1024)
    recovers(mill, daemon, since)
    outside.settimeout(20)
    matches('200 OK', outside.recv(4096).decode(), 'and is answered then')
    outside.close()
    same(mill.metric('sources_failing'), 0, 'no feed was blamed')
else:
    skip('no more open files', 'there is no prlimit')
all_is_there(mill, daemon, mill.state, 'after all')
same(daemon.stop(40), 0, 'it ends well') or note(daemon.log[-3000:])
done()
