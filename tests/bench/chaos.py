#!/usr/bin/env python3
"""chaos.py FEEDMILL HOURS [SEED] - everything at once, at random.

A daemon asks sources of all tempers every second.  Meanwhile, a few times a
second, something is asked of it: another configuration, a broken one, verbs,
several at a time and cut off in the middle, readers of all kinds, signals,
sudden death, folders that cannot be written.  Whatever it is, it goes on, and
each verb ends as it may.  At last all is well again; then every entry that was
ever seen is there once, with its id, in database, archive and outlets, the
outlets are those a fresh start makes of that database, and no descriptor,
thread or temporary file is left.  Sanitizers write to files that must not be
there ("make SANITIZE=1").

The seed decides what is done; when it happens is up to the machine.
"""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree

import tempers
from chaos_end import Ending, Fault, PATIENCE_S, require
from chaos_conf import Conf, NAMES, FORMATS, SOURCES, remove, write

VERBS = 4                       # at once
BEAT_S = 0.25                   # between two steps


# ------------------------------------------------------------- the daemon

class Run(Ending):
    def __init__(self, binary, seed, tell):
        self.seed, self.tell = seed, tell
        self.dice = random.Random(seed)
        self.binary = os.path.abspath(binary)
        self.folder = tempfile.mkdtemp(prefix='feedmill-chaos-')
        self.state = os.path.join(self.folder, 'state')
        self.site = tempers.Site(SOURCES, self.dice.randrange(1 << 30))
        self.conf = Conf(self.dice, self.folder, self.site,
                         self.dice.random() < 0.25)
        self.conf.write()
        self.log = open(os.path.join(self.folder, 'log'), 'ab')
        self.steps = open(os.path.join(self.folder, 'steps'), 'w')
        self.lock = threading.Lock()
        self.faults = []
        self.epoch = 0          # how often the daemon was disturbed
        self.threads = []
        self.ids = {}           # key: id
        self.forgotten = set()
        self.daemon = None
        self.done = {}

    def fault(self, *words):
        with self.lock:
            self.faults.append(' '.join(str(w) for w in words))

    def say(self, *words):
        with self.lock:
            print('%.2f' % time.time(), *words, file=self.steps, flush=True)

    def env(self):
        env = {k: v for k, v in os.environ.items() if not
               k.startswith(('FEEDMILL', 'LISTEN_', 'NOTIFY', 'WATCHDOG'))}
        at = 'log_path=' + os.path.join(self.folder, 'report')
        env['ASAN_OPTIONS'] = at + ':allocator_may_return_null=1:exitcode=99'
        env['UBSAN_OPTIONS'] = at + ':print_stacktrace=1'
        env['TSAN_OPTIONS'] = at + ':second_deadlock_stack=1:' + \
            os.environ.get('TSAN_OPTIONS', '')
        return env

    def argv(self, *words, state=None):
        return [self.binary, '-c', self.conf.path, '--state',
                state or self.state, *words]

    def popen(self, *words, **more):
        return subprocess.Popen(
            self.argv(*words), env=self.env(), stdin=subprocess.DEVNULL,
            cwd=self.folder, **more)

    def start(self):
        """Alive, and it answers; a verb may have the database for a while."""
        self.epoch += 1
        end = time.monotonic() + PATIENCE_S
        while True:
            self.daemon = self.popen('-v', 'run', stderr=self.log)
            while self.daemon.poll() is None:
                if self.healthy() or time.monotonic() > end:
                    break
                time.sleep(0.05)
            if self.daemon.poll() is None:
                break
            require(self.daemon.returncode in (75, -9),
                    'it ends as it starts:', self.daemon.returncode)
            require(time.monotonic() < end, 'the database stays locked')
            time.sleep(0.2)
        require(self.healthy(), 'it does not answer after a start')
        self.epoch += 1

    def healthy(self):
        """At any of the addresses: it may not have heard of the last."""
        for listen in ['127.0.0.1:%d' % p for p in self.conf.ports]:
            try:
                r = self.http(listen, '/healthz', seconds=10)
                if r.startswith(b'HTTP/1.1 200'):
                    return True
            except OSError:
                pass
        return False

    def http(self, listen, target, headers='', seconds=60, limit=1 << 30,
             slow=0.0):
        host, _, port = listen.rpartition(':')
        with socket.create_connection((host, int(port)), seconds) as s:
            s.sendall(('GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: '
                       'close\r\n%s\r\n' % (target, headers)).encode())
            got = b''
            while len(got) < limit:
                b = s.recv(1 << 16 if slow == 0 else 512)
                if not b:
                    break
                got += b
                time.sleep(slow)
            return got

    def sane(self):
        code = self.daemon.poll()
        require(code is None, 'it ended by itself:', code)
        end = time.monotonic() + PATIENCE_S
        while not self.healthy():
            code = self.daemon.poll()
            require(code is None, 'it ended by itself:', code)
            require(time.monotonic() < end, 'it does not answer any more')
            time.sleep(0.2)
        with self.lock:
            require(not self.faults, *self.faults)
        require(not self.reports(), 'a sanitizer has something to say')

    def reports(self):
        return [f for f in os.listdir(self.folder) if f.startswith('report')]

    # ------------------------------------------------------------- verbs

    def background(self, function, *args):
        self.threads = [t for t in self.threads if t.is_alive()]
        if len(self.threads) >= VERBS:
            return

        def body():
            try:
                function(*args)
            except Exception as e:
                self.fault(function.__name__, args, repr(e))
        t = threading.Thread(target=body, daemon=True)
        self.threads.append(t)
        t.start()

    def verb(self, words, calm, storm=()):
        """Its output, or None if it ended in another way; calm: statuses it
        may have if nobody disturbs the daemon meanwhile."""
        before = (self.epoch, self.conf.changed, self.conf.broken)
        p = self.popen(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        cut = random.random() < 0.05
        try:
            out, err = p.communicate(timeout=random.random() if cut else
                                     PATIENCE_S)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGTERM if cut else signal.SIGABRT)
            out, err = p.communicate()
            if not cut:
                self.fault('hangs:', words, err[-2000:])
            self.done[(words[0], 'cut')] = \
                self.done.get((words[0], 'cut'), 0) + 1
            return None
        after = (self.epoch, self.conf.changed, self.conf.broken)
        allowed = set(calm)
        if before[0] != after[0] or self.daemon is None:
            allowed |= {69, 75, 1, 0, *storm}
        if before[1:] != after[1:] or after[2]:
            allowed |= {1, 0, 78}
        key = (words[0], p.returncode)
        self.done[key] = self.done.get(key, 0) + 1
        if p.returncode not in allowed:
            self.fault('%r ended with %s, not one of %s: %s' % (
                words, p.returncode, sorted(allowed), err[-1500:].decode(
                    'utf-8', 'replace')))
        return out if p.returncode == 0 else None

    def look_at_export(self):
        out = self.verb(['export', '--format', 'jsonl'], [0])
        if out is not None:
            self.take_export(out)

    def take_export(self, out):
        seen = set()
        for e in map(json.loads, out.decode().splitlines()):
            with self.lock:
                was = self.ids.setdefault(e['key'], e['id'])
            require(was == e['id'], e['key'], 'was', was, 'is', e['id'])
            require(e['key'] not in seen, e['key'], 'is there twice')
            seen.add(e['key'])
        return seen

    def forget(self):
        with self.lock:
            known = sorted(k for k in self.ids if '//s' in k)
        if not known:
            return
        key = random.choice(known)
        if self.verb(['forget', 'http:' + key], [0, 1]) is not None:
            with self.lock:
                self.forgotten.add(key)

    def backup(self):
        path = os.path.join(self.folder, 'backup-%d' %
                            threading.get_ident())
        if self.verb(['db', 'backup', '-f', path], [0]) is not None:
            p = self.popen('db', 'check', path, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
            out = p.communicate()[0]
            if p.returncode != 0 and not self.conf.broken:
                require(p.returncode == 1, 'the backup:', p.returncode, out)
        remove(path)

    def add(self):
        url = self.site.address(120 + random.randrange(3), 0)
        self.verb(['add', url], [0, 1], [74])

    def import_files(self):
        top = os.path.join(self.folder, 'in-%d' % threading.get_ident())
        for i in range(random.randint(1, 40)):
            write(os.path.join(top, '%d.xml' % i), tempers.rss(
                'imported', [(random.randrange(500), 0)]))
        self.verb(['import', top], [0, 75], [74])
        remove(top)

    def import_opml(self):
        path = os.path.join(self.folder, 'in-%d.opml' %
                            threading.get_ident())
        write(path, tempers.opml([self.site.address(
            130 + random.randrange(3), 0)]))
        self.verb(['import', path], [0, 1, 75], [74])
        remove(path)

    def cut_control(self):
        path = os.path.join(self.state, 'feedmill.sock')
        line = random.choice([b'', b'status', b'reload\n', b'fetch\ts1\n',
                              b'import\t100000\nxx', b'forget\tx\n',
                              b'\t\t\t\n', b'x' * 100000, b'status\n'])
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(path)
                s.sendall(line)
                time.sleep(random.random() * 0.2)
        except OSError:
            pass

    def any_verb(self):
        n = random.randrange(SOURCES)
        name = random.choice(list(self.conf.sources) or ['s1'])
        words, calm = random.choice([
            (['fetch', name], [0, 1, 2]),
            (['fetch', '--full', name], [0, 1, 2]),
            (['fetch', '--dry-run', name], [0, 1, 2]),
            (['fetch', self.site.address(n, 0)], [0, 1]),
            (['search', 'harbour'], [0]), (['search', '三'], [0]),
            (['search', '--source', name, '--format', 'json', 'tide'],
             [0, 1]),
            (['status'], [0]), (['status', '--format', 'json'], [0]),
            (['status', '--failing'], [0]),
            (['status', '--why', name], [0, 1]), (['feeds'], [0]),
            (['feeds', '--format', 'opml'], [0]), (['check'], [0]),
            (['check', '--dump'], [0]), (['db', 'check'], [0]),
            (['db', 'vacuum'], [75]), (['db', 'upgrade'], [0, 75]),
            (['discover', self.site.url + '/page'], [0]),
            (['export', '--format', 'atom', '-o', self.folder + '/exported'],
             [0]), (['reload'], [0]), (['run', '--once'], [75])])
        if words[0] == 'db' and words[1] == 'vacuum':
            self.verb(words, calm, [0])
        else:
            self.verb(words, calm)

    # ----------------------------------------------------------- readers

    def reader(self):
        listen = '127.0.0.1:%d' % random.choice(self.conf.ports)
        name = random.choice(NAMES + ['all', 'all', 'all'])
        target = random.choice(
            ['/%s.%s' % (name, f) for f in FORMATS] +
            ['/all.atom', '/all-archive-1.atom', '/status', '/status.json',
             '/metrics', '/', '/search?q=harbour', '/day?date=2026-11-21',
             '/search?q=tide&format=json&order=new', '/none', '/healthz'])
        try:
            got = self.http(listen, target)
            first = well_formed(target, got)
            tag = re.search(rb'(?im)^etag: (.*?)\r$', got)
            for headers in ('If-None-Match: %s\r\n', 'Range: bytes=5-\r\n',
                            'A-IM: feed\r\nIf-None-Match: %s\r\n',
                            'Accept-Encoding: gzip\r\n'):
                if '%s' in headers and tag is None:
                    continue
                if '%s' in headers:
                    headers %= tag[1].decode()
                again = self.http(listen, target, headers)
                if b'HTTP/1.1 226' == again[:12]:
                    well_formed(target, again)
            self.http(listen, target, limit=100)
            if random.random() < 0.3:
                self.http(listen, target, slow=0.01, limit=20000)
            self.done[('http', first)] = self.done.get(('http', first), 0) + 1
        except OSError:
            pass                # an address of then, or it was killed

    # ------------------------------------------------------------- steps

    def step_change(self):
        self.conf.change()
        for _ in range(self.dice.choice([0, 1, 1, 2, 5])):
            self.hang_up()

    def step_changes(self):
        for _ in range(self.dice.randint(2, 6)):
            self.conf.change()
            self.hang_up()
            time.sleep(self.dice.choice([0, 0.01, 0.1]))

    def hang_up(self):
        if self.dice.random() < 0.7:
            self.daemon.send_signal(signal.SIGHUP)
        else:
            self.background(self.verb, ['reload'], [0, 1])

    def step_spoil(self):
        self.conf.spoil()
        self.hang_up()
        time.sleep(self.dice.random())
        self.conf.write()

    def step_verb(self):
        self.background(self.any_verb)

    def step_special(self):
        self.background(self.dice.choice([
            self.forget, self.backup, self.add, self.import_files,
            self.import_opml, self.cut_control, self.cut_control,
            self.look_at_export]))

    def step_reader(self):
        self.background(self.reader)

    def step_pause(self):
        self.epoch += 1
        self.daemon.send_signal(signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.1, 3))
        self.epoch += 1
        self.daemon.send_signal(signal.SIGCONT)

    def step_end(self):
        how = self.dice.choice([signal.SIGTERM, signal.SIGINT,
                                signal.SIGKILL])
        self.end(how)
        time.sleep(self.dice.choice([0, 0, 0.5]))
        self.conf.write()
        self.start()

    def end(self, how):
        self.epoch += 1
        self.daemon.send_signal(how)
        if self.dice.random() < 0.3 and how != signal.SIGKILL:
            self.daemon.send_signal(signal.SIGHUP)
        try:
            code = self.daemon.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.daemon.send_signal(signal.SIGABRT)
            raise Fault('it does not stop') from None
        require(code == (-9 if how == signal.SIGKILL else 0),
                'it stopped with', code)

    def step_folder(self):
        name = self.dice.choice(['www', 'other', 'archive', 'lists', 'bad',
                                 'posts0', 'more'])
        path = os.path.join(self.state, name)
        away = path + '-away'
        if not os.path.isdir(path):
            return
        os.rename(path, away)
        what = self.dice.choice(['gone', 'file', 'link'])
        if what == 'file':
            write(path, 'x')
        elif what == 'link':
            os.symlink('/nonexistent/none', path)
        time.sleep(self.dice.uniform(0.1, 2))
        if what == 'gone' and os.path.isdir(path):
            if name == 'www':   # all of it is made again
                remove(away)
                return
            for top, _, files in os.walk(path):     # what is new goes along
                to = os.path.join(away, os.path.relpath(top, path))
                os.makedirs(to, exist_ok=True)
                for f in files:
                    try:
                        shutil.copy(os.path.join(top, f), to)
                    except OSError:
                        pass
        remove(path)
        os.rename(away, path)

    def step_grow(self):
        self.site.grow()

    STEPS = [(step_change, 8), (step_changes, 2), (step_spoil, 2),
             (step_verb, 12), (step_special, 10), (step_reader, 10),
             (step_pause, 0.5), (step_end, 1), (step_folder, 1),
             (step_grow, 12)]

    def live(self, seconds):
        steps, weights = zip(*self.STEPS)
        self.start()
        end = time.monotonic() + seconds
        n = 0
        while time.monotonic() < end:
            step = self.dice.choices(steps, weights)[0]
            self.say(step.__name__)
            step(self)
            time.sleep(self.dice.uniform(0, 2 * BEAT_S))
            self.sane()
            n += 1
        return n

    def close(self, keep):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.site.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def well_formed(target, got):
    """The status; raises if what came whole is no document."""
    head, _, body = got.partition(b'\r\n\r\n')
    status = int(head[9:12] or b'0')
    length = re.search(rb'(?im)^content-length: (\d+)', head)
    if status not in (200, 226) or length is None or \
            int(length[1]) != len(body):
        return status
    if target.endswith('.json') or 'format=json' in target:
        json.loads(body)
    elif target.endswith(('.atom', '.rss', '.opml')):
        ElementTree.fromstring(body)
    elif target.endswith('.html'):
        require(body.rstrip().endswith(b'</html>'), target, 'is cut off')
    return status


def run(binary, seconds, seed, tell=lambda line: None):
    """Steps and entries; raises Fault, and keeps the folder then."""
    r = Run(binary, seed, tell)
    keep = True
    try:
        steps = r.live(seconds)
        rows = r.settle()
        r.check_outlets(rows)
        r.check_archive(rows)
        r.check_leaks()
        r.log.close()
        require(not r.reports(), 'a sanitizer has something to say')
        with r.lock:
            require(not r.faults, *r.faults)
        with open(r.log.name, errors='replace') as f:
            bad = [line for line in f if 'ssert' in line]
        require(not bad, *bad[:3])
        keep = bool(os.environ.get('KEEP'))
        tell(' '.join('%s:%s=%d' % (*k, n) for k, n in sorted(
            r.done.items(), key=str)))
        return steps, len(rows)
    except Exception as e:
        kind = '' if isinstance(e, Fault) else type(e).__name__ + ': '
        raise Fault('%s%s; seed %d, see %s' % (
            kind, e, seed, r.folder)) from e
    finally:
        r.close(keep)


LIFE_S = 60                     # then another seed


def main():
    binary, hours = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    end = time.monotonic() + hours * 3600
    while True:
        left = end - time.monotonic()
        try:
            steps, n = run(binary, min(LIFE_S, max(left, 1)), seed)
        except Fault as e:
            sys.exit('chaos: ' + str(e))
        print('chaos: seed %d: %d steps, %d entries: all is well' % (
            seed, steps, n), flush=True)
        if left <= LIFE_S:
            break
        seed += 1


if __name__ == '__main__':
    main()
