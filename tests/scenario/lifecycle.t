#!/usr/bin/env python3
"""Starting, reloading, stopping, being one of a kind, and systemd's talk."""
import os
import shutil
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ITEM = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
OTHER = ('http://b.example/1', 'Two', 'Sun, 23 Feb 2025 18:08:09 GMT', 'y')
site = Site({'/a.xml': rss(ITEM), '/b.xml': rss(OTHER)})


def answers(url):
    """The status, None while nobody answers."""
    try:
        return get(url).status
    except OSError:
        return None


# ----------------------------------------------------- one daemon, reloaded

mill = Mill(feeds={'a': site.source('/a.xml')}, publish={
    'all': {'directory': 'www'},
    'page': {'directory': 'www', 'formats': ['opml', 'html']}})
daemon = mill.start()
ready = daemon.seen('ready') or {}
same(ready.get('serving'), '%s/all.atom %s/page.html' % (mill.url, mill.url),
     'ready says where it serves')
visit = daemon.seen('visit', source='a')
ok(visit and visit['outcome'] == 'ok' and visit['new'] == '1',
   'a new source is asked at once', daemon.log)

r = mill.run('status')
ok(r.status == 0 and 'a' in r.out, 'status answers', r)
r = mill.run('status', '--format', 'json')
ok(r.status == 0 and json.loads(r.out), 'status answers in JSON', r)
r = mill.run('status', '--why', 'a')
ok(r.status == 0 and 'interval' in r.out, 'status tells why', r)

r = mill.run('run', seconds=20)
same(r.status, 75, 'a second daemon is refused') or note(r)
matches(str(daemon.process.pid), r.err, 'and told who holds the database')

mill.set(feeds={'a': site.source('/a.xml'), 'b': site.source('/b.xml')})
daemon.signal(signal.SIGHUP)
ok(daemon.seen('reloaded'), 'SIGHUP reloads', daemon.log)
ok(daemon.seen('visit', source='b'), 'the added source is asked', daemon.log)
same(len(site.asked('/a.xml')), 1, 'the other one is not asked for it')

mill.set(feeds={'a': site.source('/a.xml'), 'c': {'url': 'ftp://nowhere/'}})
since = daemon.mark()
r = mill.run('reload')
ok(r.status != 0 and 'ftp' in r.out + r.err, 'a bad reload is told', r)
daemon.signal(signal.SIGHUP)
eventually(lambda: any(e['level'] == 'error' for e in
                       daemon.events(since=since)), 10)
ok([e for e in daemon.events(since=since) if e['level'] == 'error'],
   'and logged', daemon.log)
page = get(mill.url + '/metrics').body.decode()
matches(r'^feedmill_config_last_reload_successful 0$', page,
        'a metric tells it')
matches(r'^feedmill_sources 2$', page, 'the running state stays as it is')
values = {k: float(v) for k, v in
          re.findall(r'^([a-z_]+) ([0-9.e+]+)$', page, re.M)}
ok(time.time() - 60 < values.get('process_start_time_seconds', 0) <=
   time.time() + 1, 'when it was started', page)
same([k for k in ('process_cpu_seconds_total', 'process_open_fds',
                  'process_max_fds', 'process_resident_memory_bytes',
                  'feedmill_database_size_bytes')
      if values.get(k, 0) <= 0], [], 'what every program tells is told')
# As promtool(1) would have it.
same([k for k, kind in re.findall(r'^# TYPE (\S+) (\S+)$', page, re.M)
      if not re.match(r'(feedmill|process)_[a-z_]+$', k) or
      (kind == 'counter') != k.endswith('_total') or
      re.search('milli|micro|minutes|hours|kilo|percent', k)], [],
     'in base units, and counters are totals')

mill.set(feeds={'a': site.source('/a.xml'), 'b': site.source('/b.xml')})
r = mill.run('reload')
same(r.status, 0, 'a good reload is told too') or note(r)

before = len(site.requests)
start = time.monotonic()
same(daemon.stop(15), 0, 'SIGTERM ends it with 0')
ok(time.monotonic() - start < 5, 'within seconds')
ok(daemon.seen('stopping'), 'it says so', daemon.log)

daemon = mill.start()
time.sleep(2)
same(len(site.requests), before, 'started again it asks nothing not due')
same(daemon.stop(), 0, 'it stops again')

daemon = mill.start()
daemon.kill()
daemon = mill.start()
time.sleep(2)
same(len(site.requests), before, 'nor after kill -9')
same(daemon.stop(), 0, 'and stops')


# ------------------------------------------------- stopped with work at hand

lost = []
for i in range(8):
    mill = Mill(feeds={'a': site.source('/a.xml')})
    daemon = Daemon(mill.argv('run'), mill.env())
    daemon.seen('visit')
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGHUP)
    status = daemon.wait(15)
    merged = mill.path('www', 'all.atom')
    if status != 0 or not os.path.exists(merged) or \
            b'http://a.example/1' not in read(merged):
        lost.append('status %s\n%s' % (status, daemon.log[-3000:]))
ok(not lost, 'stopped right after a visit it still publishes what is due',
   lost and lost[0])


# ---------------------------------------------------------------- sd_notify

class Notify:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0.1)
        self.got = []
        at_end(self.socket.close)

    def said(self, line, seconds=10):
        def look():
            try:
                while True:
                    self.got += self.socket.recv(4096).decode().splitlines()
            except (TimeoutError, socket.timeout):
                return any(g.startswith(line) for g in self.got)
        return eventually(look, seconds)


mill = Mill(feeds={'a': site.source('/a.xml')})
address = os.path.join(mill.dir, 'notify')
notify = Notify(address)
daemon = mill.start(env={'NOTIFY_SOCKET': address, 'WATCHDOG_USEC': '600000'})
ok(notify.said('READY=1'), 'systemd is told READY=1', notify.got)
ok(notify.said('WATCHDOG=1'), 'WATCHDOG=1', notify.got)
ok(notify.said('STATUS='), 'STATUS=', notify.got)
daemon.signal(signal.SIGHUP)
ok(notify.said('RELOADING=1'), 'RELOADING=1', notify.got)
beats = notify.got.count('WATCHDOG=1')
ok(eventually(lambda: notify.said('WATCHDOG=1', 0) and
              notify.got.count('WATCHDOG=1') >= beats + 3, 10),
   'the watchdog is fed again and again', notify.got)
daemon.signal(signal.SIGTERM)
ok(notify.said('STOPPING=1'), 'STOPPING=1', notify.got)
same(daemon.wait(), 0, 'it ends')


# -------------------------------------------------------- a socket passed on

if shutil.which('systemd-socket-activate'):
    mill = Mill(feeds={'a': site.source('/a.xml')},
                http={'listen': ['127.0.0.1:%d' % free_port()]})
    activated = Daemon(['systemd-socket-activate', '--fdname=http',
                        '-l', '127.0.0.1:%d' % mill.port, *mill.argv('run')],
                       mill.env())
    # It starts the daemon at the first connection.
    first = eventually(lambda: answers(mill.url + '/healthz'), 20)
    same(first, 200, 'the socket systemd passes is served') or \
        note(activated.log)
    same(activated.stop(), 0, 'it stops')
else:
    skip('the socket systemd passes is served',
         'systemd-socket-activate is absent')


# ---------------------------------------------------------- without network

def dead_port():
    s = socket.socket()
    s.bind(('127.0.0.1', 0))        # bound, not listening: refused
    at_end(s.close)
    return s.getsockname()[1]


mill = Mill(
    fetch={'interval': '1s', 'interval-min': '1s', 'interval-max': '2s',
           'allow-private-addresses': True},
    feeds={'dead': {'url': 'http://127.0.0.1:%d/' % dead_port()},
           'nowhere': {'url': 'http://feed.invalid/rss'},
           'elsewhere': {'url': 'http://other.invalid/rss'}})
daemon = mill.start()
outcomes = {}
for name in ('dead', 'nowhere', 'elsewhere'):
    visit = daemon.seen('visit', 30, source=name) or {}
    outcomes[name] = visit.get('outcome')
same(outcomes, {'dead': 'connect', 'nowhere': 'dns', 'elsewhere': 'dns'},
     'without a network each source says what failed') or note(daemon.log)
ok(any('network' in e['event'] for e in daemon.events()) or
   eventually(lambda: any('network' in e['event']
                          for e in daemon.events()), 15),
   'and that the network is down is said', daemon.log[-3000:])
ok(get(mill.url + '/healthz').status in (200, 503), 'it serves meanwhile')
# The tries are 10, 20, 40, 80 s apart: whoever waits for one is not answered.
same([mill.run('fetch', 'elsewhere').status for _ in range(4)], 4 * [1],
     'who asks for a source is told, without waiting for the next try')
ok(daemon.seen('visit', 60, count=2, source='nowhere') or
   'nowhere' in mill.run('status').out, 'and keeps trying', daemon.log[-3000:])
same(daemon.stop(), 0, 'it stops')


# ------------------------------------------------------------- no such place

mill = Mill(feeds={'a': site.source('/a.xml')})
blocker = socket.socket()
blocker.bind(('127.0.0.1', mill.port))
blocker.listen()
at_end(blocker.close)
r = mill.run('run', seconds=20)
ok(r.status not in (0, None) and str(mill.port) in r.err,
   'a taken port ends it and is named', r)
write(mill.path('x'), 'x')
mill.state = mill.path('x')
r = mill.run('run', seconds=20)
ok(r.status not in (0, None) and r.err.strip(),
   'a state folder that is a file ends it', r)
done()
