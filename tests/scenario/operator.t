#!/usr/bin/env python3
"""What an operator does to a daemon without meaning harm: a log nobody
reads, signals at the wrong moment, a state folder far down, a pipe that
ends."""
import os
import re
import signal
import socket
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


# The same of a terminal, whose room is counted in bytes.
mill = Mill(feeds={'a': site.source('/1')})
mill.sections['http']['access-log'] = True
mill.set()
ours, theirs = os.openpty()
daemon = subprocess.Popen(mill.argv('-v', 'run'), env=mill.env(),
                          stdin=subprocess.DEVNULL, stderr=theirs)
at_end(lambda: (daemon.kill(), daemon.wait()))
ok(eventually(lambda: answers(mill.url + '/healthz') == 200), 'it serves')
same(fill(), 400, 'and goes on when its terminal is full')
ok(os.get_blocking(theirs), 'which is for others as it was')
daemon.terminate()
try:
    same(daemon.wait(30), 0, 'and stops')
except subprocess.TimeoutExpired:
    ok(False, 'and stops')
os.close(theirs)
os.close(ours)


# ------------------------------------------------ signals at the wrong moment

mill = Mill(feeds={'a': site.source('/2')})
text = read(mill.conf)
os.unlink(mill.conf)
os.mkfifo(mill.conf)
daemon = Daemon(mill.argv('-v', 'run'), mill.env())
pipe = os.open(mill.conf, os.O_WRONLY)      # it has begun to read
os.unlink(mill.conf)
write(mill.conf, text)
daemon.signal(signal.SIGHUP)
time.sleep(0.1)
os.write(pipe, text)
os.close(pipe)
ok(daemon.seen('ready') and daemon.seen('reloaded'),
   'a reload that is asked for while it starts comes after the start',
   daemon.log)
ok(daemon.seen('visit'), 'it polls', daemon.log)
same((daemon.stop(), len(site.asked('/2'))), (0, 1), 'once') or \
    note(daemon.log)


# Each takes the database a while; the next comes meanwhile, and is another.
off = {'s%d' % i: {'url': 'http://127.0.0.1:9/%d' % i, 'enabled': False}
       for i in range(400)}
some = dict(list(off.items())[:300])
mill = Mill(feeds={'a': site.source('/3'), **off})
text = read(mill.conf)
mill.set(feeds={'a': site.source('/3'), **some})
other = read(mill.conf)
daemon = mill.start()
for i in range(100):
    write(mill.conf + '.new', (text, other)[i & 1])
    os.rename(mill.conf + '.new', mill.conf)
    daemon.signal(signal.SIGHUP)
    time.sleep(0.005)
calls = [subprocess.Popen(mill.argv('reload'), env=mill.env(),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
         for _ in range(4)]
same([c.wait(60) for c in calls], 4 * [0],
     'a hundred reloads, and four who wait for theirs') or \
    note(b''.join(c.stderr.read() for c in calls).decode())
same(daemon.events('reloaded')[-1]['sources'], '301', 'the last one counts')
eventually(lambda: site.asked('/3'))
same((daemon.stop(), len(site.asked('/3'))), (0, 1),
     'and nothing is asked twice for it') or note(daemon.log[-3000:])


# Who asked for a good one is not told of the bad one that comes after it.
mill = Mill(feeds={'a': site.source('/7')})
text = read(mill.conf)
daemon = mill.start()
os.unlink(mill.conf)
os.mkfifo(mill.conf)
with socket.socket(socket.AF_UNIX) as asking:
    asking.settimeout(60)
    asking.connect(mill.path('feedmill.sock'))
    asking.sendall(b'reload\n')
    pipe = os.open(mill.conf, os.O_WRONLY)      # it has begun to read
    os.unlink(mill.conf)
    write(mill.conf, 'feeds: [')
    daemon.signal(signal.SIGHUP)
    os.write(pipe, text)
    os.close(pipe)
    same(asking.recv(100), b'0\nreloaded\n', 'each is told of its own')
ok(daemon.seen('not reloaded, nothing was changed'), 'the next is refused',
   daemon.log)
same(daemon.stop(), 0, 'it stops')


# ------------------------------------------------------ another address

def moved(mill, *listen, **more):
    """What a reload says that serves there."""
    mill.set(http={'listen': list(listen), **more})
    return mill.run('reload')


def at(address):
    return answers('http://%s/healthz' % address)


taken = socket.socket()
taken.bind(('127.0.0.1', 0))
taken.listen()
at_end(taken.close)
busy = '127.0.0.1:%d' % taken.getsockname()[1]
mill = Mill(feeds={'a': site.source('/4')})
here = '127.0.0.1:%d' % mill.port
there = '127.0.0.1:%d' % free_port()
path = os.path.join(mill.dir, 'http.sock')
daemon = mill.start()
mill.set(feeds={'a': site.source('/4'), 'b': site.source('/5')})
r = moved(mill, there, 'unix:' + path, busy)
ok(r.status == 1 and busy in r.err, 'an address that cannot be had is told', r)
same((at(here), at(there), os.path.exists(path), site.asked('/5')),
     (200, None, False, []), 'and nothing at all is changed') or \
    note(daemon.log)
r = moved(mill, there, 'unix:' + path)
same((r.status, at(here), at(there), os.path.exists(path)),
     (0, None, 200, True), 'one that can be had goes') or note(r)
since = daemon.mark()
r = moved(mill, '0.0.0.0:' + there.rpartition(':')[2])
same((r.status, at(there), at(there.replace('.1:', '.2:'))), (0, 200, 200),
     'to all addresses with the same port') or note(daemon.log)
r = moved(mill, there)
same((r.status, at(there), at(there.replace('.1:', '.2:'))), (0, 200, None),
     'and back') or note(daemon.log)
same([e for e in daemon.events(since=since) if e['level'] == 'error'], [],
     'without an error')
r = moved(mill, there, enabled=False)
same((r.status, at(there)), (0, None), 'the server is switched off')
same(daemon.stop(), 0, 'it stops')
daemon = mill.start()
r = moved(mill, there)
same((r.status, at(there)), (0, 200), 'and on') or note(r)
same(daemon.stop(), 0, 'it stops')

# One of several cannot be had from the start on: no reload is about that.
mill = Mill(feeds={'a': site.source('/4')})
here = '127.0.0.1:%d' % mill.port
mill.set(http={'listen': [here, busy]})
daemon = mill.start()
mill.set(feeds={'a': site.source('/4'), 'b': site.source('/6')})
r = moved(mill, here, busy)
same((r.status, at(here), bool(eventually(lambda: site.asked('/6')))),
     (0, 200, True), 'an address that could not be had before is no obstacle') \
    or note(r)
taken.close()
r = moved(mill, here, busy)
same((r.status, at(busy)), (0, 200), 'and had as soon as it can be') or note(r)
same(daemon.stop(), 0, 'it stops')

# Its sockets are systemd's: switched on, it takes them and opens none.
mill = Mill(feeds={'a': site.source('/4')})
here = '127.0.0.1:%d' % mill.port
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(('127.0.0.1', mill.port))
held.listen()
mill.set(http={'listen': [here], 'enabled': False})
passed = os.dup(held.fileno())
os.set_inheritable(passed, True)
daemon = Daemon([sys.executable, '-c', '''
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.execve(sys.argv[2], sys.argv[2:], {
    **os.environ, 'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'})
''', str(passed), *mill.argv('run')], mill.env(), pass_fds=[passed])
os.close(passed)
held.close()
ok(daemon.seen('ready'), 'a server that is off, with a socket', daemon.log)
r = moved(mill, here)
same((r.status, at(here)), (0, 200), 'is switched on') or note(r)
same(daemon.stop(), 0, 'it stops')


def never(h):
    time.sleep(60)


site.documents['/slow'] = never
mill = Mill(feeds={'a': site.source('/slow')})
daemon = Daemon(mill.argv('run', '--once'), mill.env())
eventually(lambda: site.asked('/slow'))
daemon.signal(signal.SIGHUP)
same(daemon.wait(), 0, 'the terminal of a single round is closed: it stops')
ok(daemon.seen('stopping', signal='HUP'), 'and says so', daemon.log)
daemon = Daemon(['nohup', *mill.argv('run', '--once', '--now')], mill.env())
eventually(lambda: len(site.asked('/slow')) == 2)
daemon.signal(signal.SIGHUP)
time.sleep(0.5)
same(daemon.process.poll(), None, 'unless nohup(1) started it')
same(daemon.stop(), 0, 'it stops')


# ------------------------------------------------------- another state folder

mill = Mill(feeds={'a': site.source('/7')})
mill.set(state=mill.state, database=os.path.join(mill.state, 'a.db'))
command = [mill.binary, '-c', mill.conf]
daemon = Daemon([*command, '-v', 'run'], mill.env())
ok(daemon.seen('ready'), 'a state folder that the file names', daemon.log)
mill.set(state=mill.state + '2')
daemon.signal(signal.SIGHUP)
told = daemon.seen('not reloaded, nothing was changed') or {}
matches('state: changing it needs a restart', told.get('error', ''),
        'no reload moves away from its callers') or note(daemon.log)
mill.set(state=mill.state)
same(subprocess.run([*command, 'reload'], env=mill.env(),
                    capture_output=True).returncode, 0, 'they find it')
same(daemon.stop(), 0, 'it stops')


# ------------------------------------------------------- a feed that is off

mill = Mill(feeds={'a': site.source('/1')})
mill.sections['feeds']['hidden'] = site.source('/2')
mill.set()
text = read(mill.conf).decode().replace('"%s/2"' % site.url, '!env HIDDEN')
write(mill.conf, text)
site.documents['/quite-secret'] = site.documents['/2']
hidden = {'HIDDEN': site.url + '/quite-secret'}
daemon = mill.start(env=hidden)
eventually(lambda: len(daemon.events('visit')) == 2)
write(mill.conf, text.replace('!env HIDDEN',
                              '!env HIDDEN\n   , "enabled": false'))
same(mill.run('reload', env=hidden).status, 0, 'it is switched off') or \
    note(read(mill.conf).decode())
for what in ('the daemon', 'the database'):
    r = mill.run('status', 'hidden')
    ok(re.match('off +hidden', r.out) and 'next never' in r.out,
       what + ' says that it is not asked', r)
    ok('secret' not in r.out, 'and not its address', r)
    if what == 'the daemon':
        page = get(mill.url + '/status').body.decode()
        ok('Not asked</span>: 1' in page and 'secret' not in page,
           'nor does the page', page)
        same(daemon.stop(), 0, 'it stops')


# ------------------------------------------------- a state folder far down

for name in (100 * 'n', '/'.join(2 * [200 * 'n']), '状态 %s "\'\\'):
    mill = Mill(feeds={'a': site.source('/6')})
    mill.state = os.path.join(mill.dir, name)
    daemon = mill.start()
    ok(daemon.seen('visit'), 'a state folder of %d bytes: it polls' %
       len(mill.state.encode()), daemon.log)
    same([mill.run(*v).status for v in (['reload'], ['status'],
                                        ['fetch', 'a'])], 3 * [0],
         'and answers') or note(mill.run('reload'))
    matches('daemon running', mill.run('status').out, 'as a daemon')
    same(daemon.stop(), 0, 'it stops')
    ok(not os.path.exists(mill.path('feedmill.sock')), 'and tidies up')


# ------------------------------------------------------------ a pipe that ends

site.documents.update({'/many%d' % i: site.documents['/1']
                       for i in range(60)})
mill = Mill(fetch={'concurrency': 4},
            feeds={'s%d' % i: site.source('/many%d' % i) for i in range(60)})
checked = subprocess.Popen(mill.argv('check', '--feeds'), env=mill.env(),
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
checked.stdout.readline()
checked.stdout.close()
said = checked.stderr.read().decode()
same((checked.wait(60), said.count('standard output: Broken pipe')), (74, 1),
     'who checks feeds for nobody says so once') or note(said)
ok(len([p for p in site.asked() if p.startswith('/many')]) < 60,
   'and asks no further')
done()
