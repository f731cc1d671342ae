"""What the scenarios share: TAP, a running feedmill, servers to poll.

A scenario is a program that prints TAP and drives the real binary, named by
$FEEDMILL (default build/asan/feedmill), in a folder of its own that is
removed at the end unless $KEEP is set.  Only loopback, only free ports, only
the standard library.
"""
import atexit
import calendar
import hashlib
import http.client
import http.server
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SHARED = os.path.join(os.path.dirname(ROOT), 'shared')
BINARY = os.path.abspath(os.environ.get('FEEDMILL') or
                         os.path.join(ROOT, 'build/asan/feedmill'))
RELEASE = os.path.abspath(os.environ.get('FEEDMILL_RELEASE') or
                          os.path.join(ROOT, 'build/feedmill'))

# A command that has not answered by then hangs.
PATIENCE_S = 60


# --------------------------------------------------------------------- TAP

_count = 0
_failed = 0


def ok(good, name, diagnosis=''):
    global _count, _failed
    _count += 1
    print('%sok %d - %s' % ('' if good else 'not ', _count, name), flush=True)
    if not good:
        _failed += 1
        for line in str(diagnosis).splitlines()[:60]:
            print('# ' + line, flush=True)
    return bool(good)


def same(got, expected, name):
    return ok(got == expected, name,
              'got:      %.2000s\nexpected: %.2000s' % (
                  repr(got), repr(expected)))


def matches(pattern, text, name):
    return ok(re.search(pattern, text, re.M), name,
              'no %r in:\n%s' % (pattern, text[-3000:]))


def same_set(got, expected, name):
    got, expected = set(got), set(expected)
    return ok(got == expected, name, 'missing: %r\nunexpected: %r' % (
        sorted(expected - got)[:8], sorted(got - expected)[:8]))


def skip(name, why):
    global _count
    _count += 1
    print('ok %d - %s # SKIP %s' % (_count, name, why), flush=True)


def skip_all(why):
    print('1..0 # SKIP ' + why, flush=True)
    sys.exit(0)


def note(text):
    for line in str(text).splitlines():
        print('# ' + line, flush=True)


def need_shared(name):
    """The path of this file or folder of ../shared, or skip everything."""
    path = os.path.join(SHARED, name)
    if not os.path.exists(path):
        skip_all('../shared/%s is absent' % name)
    return path


def done():
    """The last call of a scenario."""
    print('1..%d' % _count, flush=True)
    sys.exit(1 if _failed else 0)


# ------------------------------------------------------------ small things

_cleanup = []


def at_end(function):
    _cleanup.append(function)


def _clean_up():
    while _cleanup:
        try:
            _cleanup.pop()()
        except Exception as e:        # one that fails must not keep the rest
            print('# cleaning up: %r' % e, file=sys.stderr)


atexit.register(_clean_up)
# prove, timeout and Ctrl-C end us by signal: the children must go too.
for _signal in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(_signal, lambda *_: sys.exit(1))


def folder():
    path = tempfile.mkdtemp(prefix='feedmill-')
    if os.environ.get('KEEP'):
        note('kept: ' + path)
    else:
        at_end(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def write(path, text):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'wb' if isinstance(text, bytes) else 'w') as f:
        f.write(text)
    return path


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def eventually(condition, seconds=20, step=0.05):
    """The first true answer of condition(), or the last one."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(step)


def certificate(*names):
    """(certificate, key): files, self-signed for these; None: no openssl."""
    top = folder()
    alternative = ','.join(
        ('IP:' if re.fullmatch(r'[0-9.]+|.*:.*', n) else 'DNS:') + n
        for n in names)
    try:
        made = subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
             '/CN=' + names[0], '-addext', 'subjectAltName=' + alternative,
             '-keyout', top + '/key', '-out', top + '/cert'],
            capture_output=True, timeout=60)
    except OSError:
        return None
    return (top + '/cert', top + '/key') if made.returncode == 0 else None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def get(url, method='GET', **headers):
    """One request, no redirects; header names with _ for -."""
    parts = urllib.parse.urlsplit(url)
    c = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        target = parts.path or '/'
        if parts.query:
            target += '?' + parts.query
        c.request(method, target, headers={
            k.replace('_', '-'): v for k, v in headers.items()})
        r = c.getresponse()
        return Answer(r.status, r.headers, r.read())
    finally:
        c.close()


# ----------------------------------------------------------------- logfmt

_FIELD = re.compile(r'([A-Za-z0-9_.-]+)=("(?:[^"\\]|\\.)*"|[^ ]*)')


def _unquote(value):
    if not value.startswith('"'):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value[1:-1]


def logfmt(line):
    """{'level': 'info', 'event': 'visit', ...}; {} if it is no event."""
    fields = {k: _unquote(v) for k, v in _FIELD.findall(line)}
    return fields if 'event' in fields else {}


def events(text, event=None):
    found = [f for f in map(logfmt, text.splitlines()) if f]
    return [f for f in found if event is None or f['event'] == event]


# ------------------------------------------------------------ the feedmill

class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def events(self, event=None):
        return events(self.err, event)

    def __str__(self):
        return 'exit status %s\n%s\n%s' % (self.status, self.out[-1500:],
                                           self.err[-4000:])


class Daemon:
    """A `feedmill run` in the background and what it has logged."""

    def __init__(self, argv, env, pass_fds=()):
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, pass_fds=pass_fds,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines = []
        self.reader = threading.Thread(target=self._collect, daemon=True)
        self.reader.start()
        at_end(self.kill)

    def _collect(self):
        for raw in self.process.stderr:
            self.lines.append(raw.decode('utf-8', 'replace').rstrip('\n'))

    @property
    def log(self):
        return '\n'.join(list(self.lines))

    def mark(self):
        """For since=: only what is logged from now on."""
        return len(self.lines)

    def events(self, event=None, since=0):
        return events('\n'.join(self.lines[since:]), event)

    def seen(self, event, seconds=30, since=0, count=1, **fields):
        """The count-th such event, waited for; None if it does not come."""
        def hits():
            return [f for f in self.events(event, since)
                    if all(f.get(k) == v for k, v in fields.items())]

        eventually(lambda: len(hits()) >= count or not self.reader.is_alive(),
                   seconds)
        found = hits()
        return found[count - 1] if len(found) >= count else None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """The exit status; None if it does not end."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self.reader.join(5)
        return status

    def stop(self, seconds=30):
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)


class Mill:
    """A configuration, a state folder and the binary that uses them."""

    def __init__(self, binary=None, **sections):
        self.binary = binary or BINARY
        self.dir = folder()
        self.state = os.path.join(self.dir, 'state')
        self.conf = os.path.join(self.dir, 'feedmill.yaml')
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        self.sections = {
            'fetch': {},
            'http': {'listen': ['127.0.0.1:%d' % self.port]},
            'publish': {'all': {'title': 'All of it', 'url': self.url + '/',
                                'directory': 'www'}},
            'archive': {'posts': {'directory': 'archive'}},
            'feeds': {},
        }
        self.set(**sections)

    def set(self, **sections):
        """Change sections and write the file; None leaves one out."""
        self.sections.update(sections)
        # JSON is YAML, and nobody has to quote anything.
        write(self.conf, json.dumps(
            {k: v for k, v in self.sections.items() if v is not None},
            indent=1, ensure_ascii=False) + '\n')

    def env(self, extra=None):
        env = {k: v for k, v in os.environ.items()
               if not k.lower().endswith('_proxy') and
               not k.startswith(('FEEDMILL', 'LISTEN_')) and
               k not in ('NOTIFY_SOCKET', 'WATCHDOG_USEC', 'JOURNAL_STREAM')}
        env.setdefault('ASAN_OPTIONS', 'allocator_may_return_null=1')
        env.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1')
        env.update(extra or {})
        return env

    def argv(self, *words):
        return [self.binary, '-c', self.conf, '--state', self.state, *words]

    def run(self, *words, wrapper=(), seconds=PATIENCE_S, env=None):
        try:
            p = subprocess.run(
                list(wrapper) + self.argv(*words), timeout=seconds,
                env=self.env(env), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired as e:
            return Result(None, '', (e.stderr or b'').decode(
                'utf-8', 'replace') + '\n(no answer)')
        return Result(p.returncode, p.stdout.decode('utf-8', 'replace'),
                      p.stderr.decode('utf-8', 'replace'))

    def round(self, *words, **options):
        """Every source asked once, due or not."""
        return self.run('-v', 'run', '--once', '--now', *words, **options)

    def start(self, *words, env=None):
        # -v: also the visits that brought nothing.
        d = Daemon(self.argv('-v', 'run', *words), self.env(env))
        if d.seen('ready') is None:
            note('not ready:\n' + d.log)
        return d

    def export(self):
        """The entries by key."""
        r = self.run('export', '--format', 'jsonl')
        if r.status != 0:
            note(r)
        return {e['key']: e for e in map(json.loads, r.out.splitlines())}

    def metric(self, name):
        """Its value in /metrics, as a number; None: it is not there."""
        page = get(self.url + '/metrics').body.decode()
        found = re.search(r'(?m)^feedmill_%s (\S+)$' % name, page)
        return float(found[1]) if found else None

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def posts(self):
        """The Markdown files of the archive but for its lists, relative
        names."""
        top = self.path('archive')
        return sorted(os.path.relpath(os.path.join(d, f), top)
                      for d, _, files in os.walk(top)
                      for f in files if f.endswith('.md') and
                      os.path.basename(d) != 'lists')


# ------------------------------------------------ a network of one's own

def enter_namespace(program, python=None):
    """Run the scenario in ../shared/hostile/netns.sh, or skip it."""
    if os.environ.get('FEEDMILL_INSIDE') == '1':
        return
    netns = os.path.join(need_shared('hostile'), 'netns.sh')
    try:
        good = subprocess.run([netns, 'true'], capture_output=True,
                              timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        good = False
    if not good:
        skip_all('no network namespace can be made here')
    os.environ['FEEDMILL_INSIDE'] = '1'
    os.execv(netns, [netns, python or sys.executable,
                     os.path.abspath(program)])


class Names(threading.Thread):
    """The name server of the namespace.  addresses(name, kind) is a list of
    texts for kind 1 (A) or 28 (AAAA); alias-NAME is an alias of NAME."""

    def __init__(self, addresses):
        super().__init__(daemon=True)
        self.addresses = addresses
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 53))
        self.start()

    def answer(self, query):
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, = struct.unpack('>H', query[at + 1:at + 3])
        question = query[12:at + 5]
        pointer, records = b'\xc0\x0c', []
        name = '.'.join(name).lower()
        if name.startswith('alias-'):
            name = name[6:]
            target = b''.join(bytes([len(p)]) + p.encode()
                              for p in name.split('.')) + b'\0'
            records.append(pointer + struct.pack('>HHIH', 5, 1, 0,
                                                 len(target)) + target)
            pointer = target
        for a in map(ipaddress.ip_address, self.addresses(name, kind)):
            if kind == (1 if a.version == 4 else 28):
                records.append(pointer + struct.pack(
                    '>HHIH', kind, 1, 0, len(a.packed)) + a.packed)
        return query[:2] + b'\x85\x80' + struct.pack(
            '>HHHH', 1, len(records), 0, 0) + question + b''.join(records)

    def run(self):
        while True:
            query, peer = self.socket.recvfrom(2000)
            try:
                self.socket.sendto(self.answer(query), peer)
            except (ValueError, IndexError, struct.error):
                pass


# ------------------------------------------------------ servers to be asked

class Site:
    """Documents on a loopback port.

    site.documents[path] is bytes, or a function of the request handler that
    returns (status, headers, body).  Validators are made from the bytes and
    honoured.  site.requests holds (path, headers) in order of arrival.
    """

    def __init__(self, documents=None):
        self.documents = dict(documents or {})
        self.requests = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            # Head and body in one segment, or the body waits for an ACK.
            wbufsize = 1 << 16

            def log_message(self, *_):
                pass

            def do_GET(self):
                site._answer(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass            # a client that is killed is no news

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        self.url = 'http://127.0.0.1:%d' % self.port
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        at_end(self.server.shutdown)

    def _answer(self, h):
        self.requests.append((h.path, dict(h.headers)))
        document = self.documents.get(h.path)
        headers = {}
        if callable(document):
            status, headers, body = document(h)
        elif document is None:
            status, body = 404, b'no such document\n'
        else:
            tag = '"%s"' % hashlib.sha1(document).hexdigest()[:16]
            headers = {'ETag': tag, 'Content-Type': 'application/xml'}
            status, body = 200, document
            if h.headers.get('If-None-Match') == tag:
                status, body = 304, b''
        h.send_response(status)
        for k, v in headers.items():
            h.send_header(k, v)
        if status != 304:
            h.send_header('Content-Length', str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    def asked(self, path=None):
        return [p for p, _ in list(self.requests) if path in (None, p)]

    def source(self, path, **more):
        return {'url': self.url + path, 'allow-private-addresses': True,
                **more}


class Origin:
    """tests/tools/origin.py with a script; what it was asked, read back."""

    def __init__(self, *arguments, addresses=('127.0.0.1',), seconds=150,
                 script=None):
        self.dir = folder()
        self.script = os.path.join(self.dir, 'script.json')
        self.log = write(os.path.join(self.dir, 'log'), '')
        self.paths = {}
        self.set(script or {})
        argv = [sys.executable, os.path.join(ROOT, 'tests/tools/origin.py'),
                '--max-seconds', str(seconds)]
        for address in addresses:
            argv += ['--address', address]
        self.process = subprocess.Popen(
            argv + [*arguments, self.script, self.log],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        at_end(lambda: (self.process.kill(), self.process.wait()))
        self.port = int(self.process.stdout.readline())

    def set(self, paths):
        """More answers, or other ones."""
        self.paths.update(paths)
        write(self.script + '.new', json.dumps(self.paths))
        os.replace(self.script + '.new', self.script)

    def url(self, path, host='127.0.0.1', scheme='http'):
        return '%s://%s:%d%s' % (scheme, host, self.port, path)

    def requests(self, path=None):
        """In order of arrival; in each, h: the headers by small name."""
        found = []
        for line in read(self.log).decode().splitlines():
            r = json.loads(line)
            r['path'] = r['target'].partition('?')[0]
            r['h'] = {n.lower(): v for n, v in r['headers']}
            if path in (None, r['path']):
                found.append(r)
        return found


def rss(*items, title='Made up'):
    """A small RSS document of (link, title, pubDate, description) items."""
    def esc(s):
        return (s.replace('&', '&amp;').replace('<', '&lt;')
                .replace('>', '&gt;'))
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0">'
            '<channel><title>%s</title><link>http://example.org/</link>\n'
            % esc(title) +
            ''.join('<item><link>%s</link><title>%s</title>'
                    '<pubDate>%s</pubDate><description>%s</description>'
                    '</item>\n' % tuple(map(esc, i)) for i in items) +
            '</channel></rss>\n').encode()


def item(n, text='text'):
    """For rss(): the nth entry of a feed, a minute younger than the last."""
    return ('http://a.example/%d' % n, 'Entry %d' % n,
            'Sat, 22 Feb 2025 18:%02d:09 GMT' % n, text)


def feed_of(name, *headers, **more):
    """What an Origin may answer: a feed of one entry that bears the name."""
    return {'body': rss(('http://%s.example/1' % name, 'One',
                         'Sat, 22 Feb 2025 18:08:01 GMT', 'text')).decode(),
            'headers': [list(h) for h in headers], **more}


def with_etag(name, **more):
    """The same, and not again to who has it."""
    return feed_of(name, ('ETag', '"%s"' % name), conditional=True, **more)


def seconds_of(text):
    """Of a time as status tells it."""
    return calendar.timegm(time.strptime(text[:19], '%Y-%m-%dT%H:%M:%S'))


class Series:
    """The polling series of ../shared, served a step at a time."""

    def __init__(self):
        self.dir = need_shared('series')
        self.sources = json.loads(self._read('sources.json'))
        self.order = self.sources['order']
        self.steps = range(self.sources['steps'])
        self.expected = json.loads(self._read('expected_steps.json'))
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(self.dir, 'serve_series.py'),
             self.dir, '--port', '0'], stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        at_end(lambda: (self.process.kill(), self.process.wait()))
        self.url = 'http://127.0.0.1:%d' % int(self.process.stdout.readline())

    def _read(self, name):
        return read(os.path.join(self.dir, name)).decode()

    def step(self, n):
        get('%s/_step?n=%d' % (self.url, n), method='POST')

    def feeds(self, names=None, **more):
        return {n: {'url': '%s/%s.xml' % (self.url, n), **more}
                for n in names or self.order}

    def mill(self, policy='changed', names=None, fetch=None, **sections):
        """A mill that polls the series as its README asks for."""
        return Mill(fetch={'concurrency': 1, 'flood-limit': 0,
                           'allow-private-addresses': True,
                           'updates': policy, **(fetch or {})},
                    feeds=self.feeds(names), **sections)

    def items(self, policy):
        """The item table after the last step, by key."""
        lines = self._read('expected_items.%s.jsonl' % policy).splitlines()
        return {e['key']: e for e in map(json.loads, lines)}
