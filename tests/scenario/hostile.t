#!/usr/bin/env python3
"""The attack corpus of ../shared/hostile against the running program: hostile
feeds, HTML that wants to run, servers and clients that misbehave.

Everything runs in a network namespace of its own, from which nothing can be
reached.  By default a sample of the feeds; all of them, and a longer look at
the daemon, with FEEDMILL_HOSTILE=all.
"""
import datetime
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

CORPUS = need_shared('hostile')
ALL = os.environ.get('FEEDMILL_HOSTILE') == 'all'
HTTP = 8099
TLS = 8440

enter_namespace(__file__, '/usr/bin/python3')
sys.path.insert(0, CORPUS)
try:
    import html5lib                                      # the oracle's
    import yaml
    import oracle
except ImportError as e:
    skip_all('the oracle needs %s' % e.name)

# What feedmill adds to images itself, on purpose; the oracle's list of
# attributes does not have it.
OURS = ' referrerpolicy="no-referrer"'


def copy_without_ours(source, target):
    if os.path.isdir(source):
        for name in os.listdir(source):
            copy_without_ours(os.path.join(source, name),
                              os.path.join(target, name))
    elif os.path.exists(source):
        text = read(source).replace(OURS.encode(), b'')
        write(target, text.replace(
            OURS.replace('"', '&quot;').encode(), b''))


def grave(findings):
    return [f for f in findings if f[0] in ('CRIT', 'HIGH')]


def judge(mill, name):
    """No grave finding in what this mill has published and archived."""
    top = folder()
    copy_without_ours(mill.path('www/all.atom'), top + '/all.atom')
    copy_without_ours(mill.path('archive'), top + '/archive')
    same(grave(oracle.check_atom(top + '/all.atom')), [],
         name + ': the merged feed is safe')
    same(grave(oracle.check_archive(top + '/archive')), [],
         name + ': the archive is safe')


# ------------------------------------------------------ one feed at a time

SAMPLE = ('p01-b|p04|p06|p08|p20|p21|p25|p27|p43|p51|e02|e06|e11|e15|u05|'
          'd02|g04|m01|m02|a01|a06|a08|a10|l01|x-event-a|x-mxss-r|x-scheme-a|'
          'x-fields|x-xhtml')


def adapt(url, out):
    """What run_cases.py calls, for one feed: {out}/merged.xml and so on."""
    state = os.path.join(out, 'state')
    write(out + '/feedmill.yaml', json.dumps({
        'fetch': {'timeout': '15s'}, 'http': {'enabled': False},
        'publish': {'all': {'directory': 'www', 'formats': ['atom'],
                            'entries': 10000}},
        'archive': {'posts': {'directory': 'archive'}},
        'feeds': {'case': {'url': url, 'flood-limit': 0,
                           'allow-private-addresses': True}}}))
    p = subprocess.run([BINARY, '-c', out + '/feedmill.yaml', '--state',
                        state, 'run', '--once', '--now'],
                       stderr=subprocess.PIPE)
    with open(out + '/log', 'ab') as f:
        f.write(p.stderr)
    copy_without_ours(state + '/www/all.atom', out + '/merged.xml')
    copy_without_ours(state + '/archive', out + '/archive')
    if p.returncode < 0:
        os.kill(os.getpid(), -p.returncode)


def feeds_one_by_one():
    result = os.path.join(folder(), 'result.json')
    # A sanitizer's report has to end in a signal to be seen.
    # The adapter runs in another folder.
    env = dict(os.environ, FEEDMILL=BINARY, FEEDMILL_RELEASE=RELEASE,
               ASAN_OPTIONS='abort_on_error=1:'
               'allocator_may_return_null=1',
               UBSAN_OPTIONS='abort_on_error=1')
    # exec: or the shell in between would hide the signal.
    argv = [sys.executable, os.path.join(CORPUS, 'run_cases.py'),
            '--corpus', os.path.join(CORPUS, 'hostile'), '--json', result,
            '--adapter', 'exec %s %s adapt {url} {out}' % (
                sys.executable, os.path.abspath(__file__))]
    if not ALL:
        argv += ['--only', '^(%s)' % SAMPLE]
    p = subprocess.run(argv, env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if not os.path.exists(result):
        return ok(False, 'run_cases.py', p.stdout.decode())
    cases = json.loads(read(result))
    for case in cases:
        # Time and memory are the shipped program's, not the sanitizer's.
        why = [w for w in case['why'] if BINARY == RELEASE or
               not w.startswith(('slow ', 'rss '))]
        if case['verdict'] == 'robust-':
            why.append('%s entries, peers get more' % case['entries'])
        same(why, [], case['id'])
    same(len(cases) >= (101 if ALL else 29), True, 'all cases were run')


# ------------------------------------------------ several feeds, and memory

def document(name):
    return read(os.path.join(CORPUS, 'hostile', name))


def titles(mill):
    return sorted(e['title'] for e in mill.export().values())


def feeds_together():
    files = ['g02a-collision-a.xml', 'g02b-collision-b.xml']
    site = Site({'/' + f: document(f) for f in files})
    mill = Mill(feeds={f[:4]: site.source('/' + f) for f in files})
    mill.round()
    same(len(mill.export()), 2, 'one guid in two feeds: both are published')

    site = Site({'/': rss(('http://a.example/1', 'Old', '', 'x'))})
    mill = Mill(feeds={'a': site.source('/')})
    mill.round()
    for name in ('p43-empty-file.xml', 'p44-whitespace-file.xml',
                 'p45-html-page.xml', 'p49-zero-items.xml'):
        site.documents['/'] = document(name)
        mill.round()
        same((titles(mill), b'Old' in read(mill.path('www/all.atom'))),
             (['Old'], True), name + ' takes nothing away')

    names = [('p25-truncated-mid-item.xml', None),
             ('a03-long-cjk-names.xml', 4), ('a04-same-title.xml', 20),
             ('p33-megabyte-title.xml', 2)]
    for name, posts in names:
        site = Site({'/': document(name)})
        mill = Mill(feeds={'a': site.source('/', **{'flood-limit': 0})})
        mill.round()
        text = read(mill.path('www/all.atom'))
        if posts:
            same(len(mill.posts()), posts, name + ': %d posts' % posts)
        else:
            same(b'g-3' in text, False, name + ': no entry that was cut')
        longest = max(map(len, re.findall(rb'<title[^>]*>([^<]*)', text)))
        ok(longest <= 8192, name + ': no title over 8 kB', longest)


def hints_are_bounded():
    names = ['d07-ttl-skip', 'd09-ttl-overflow', 'd10-sy-zero']
    site = Site({'/' + n: document(n + '.xml') for n in names})
    mill = Mill(feeds={n: site.source('/' + n) for n in names})
    daemon = mill.start()
    for n in names:
        daemon.seen('visit', source=n)
        r = mill.run('status', '--why', n)
        times = [datetime.datetime.strptime(t, '%Y-%m-%dT%H:%M:%SZ') for t in
                 re.findall(r'(?m)^(?:last|next) visit +(\S+)$', r.out)]
        wait = (times[-1] - times[0]).total_seconds() if times else None
        ok(wait and 60 <= wait <= 604800, n + ': asked again in due time',
           r)
    daemon.stop()


def vectors():
    found = json.loads(read(os.path.join(CORPUS, 'xss_vectors.json')))
    items = [('http://v.example/' + v['id'], v['id'], '', v['html'])
             for v in found]
    atom = ''.join(
        '<entry><id>urn:x:%s</id><link href="http://w.example/%s"/>'
        '<updated>2026-11-02T10:00:00Z</updated><title type="html">%s'
        '</title><content type="html">%s</content></entry>\n' % (
            v['id'], v['id'], esc(v['html']), esc(v['html']))
        for v in found)
    site = Site({'/rss': rss(*items), '/atom': (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>'
        '<id>urn:x</id>%s</feed>' % atom).encode()})
    mill = Mill(feeds={n: site.source('/' + n, **{'flood-limit': 0})
                       for n in ('rss', 'atom')},
                publish={'all': {'directory': 'www', 'entries': 1000}})
    r = mill.round()
    same(len(mill.export()), 2 * len(found),
         'all %d vectors are read, twice' % len(found)) or note(r)
    judge(mill, 'vectors')


def esc(s):
    # No control characters in XML: they go as U+FFFD, as in rss().
    s = re.sub('[\x00-\x08\x0b\x0c\x0e-\x1f]', '\ufffd', s)
    return (s.replace('&', '&amp;').replace('<', '&lt;')
            .replace('>', '&gt;'))


# -------------------------------------------------------- servers, clients

# path: (outcome at first, entries at most); entries 0 for what must fail.
FAULTS = {
    'ok': '/ok/20/plain 20,/feed/edit 3,/feed/guid-churn 5,/date/skew 2,'
          '/feed/shrinks 6,/enc/gzip-ok 3,/enc/says-gzip 2,/hdr/cookies 2,'
          '/etag/control 2,/len/and-chunked 2,/len/long-body 2,'
          '/redir/301-good 3,/redir/302-good 3,/redir/chain/3 2,'
          '/slow/but-fine 2,/type/html-but-feed 2,/type/none 2,'
          '/type/octet 2',
    'protocol': '/chunk/garbage,/chunk/huge,'
                '/chunk/no-final,/close/at-once,/enc/chain,'
                '/enc/gzip-truncated,/enc/unknown,/len/negative,'
                '/len/short-body,/proto/garbage,/proto/http09,'
                '/reset/at-once,/reset/mid-body,/status/304-first',
    'too-large': '/bomb/gzip?mib=16,/etag/huge,'
                 '/gen/attr?mib=20,/gen/items,/gen/title?mib=20,/hdr/1000,'
                 '/hdr/huge,/inf/1xx,/inf/body,/inf/chunked,/inf/headers,'
                 '/len/huge,/redir/huge',
    'timeout': '/hang/mid-body,/slow/body,/slow/first-byte,/slow/headers,'
               '/slow/trickle',
    'redirect': '/redir/chain/30,/redir/loop,/redir/no-location,'
                '/redir/to/file,/redir/to/gopher,/redir/to/dict,'
                '/redir/to/ftp,/redir/to/javascript,/redir/to/data,'
                '/redir/to/userinfo',
    'refused-address': '/redir/link-local,/redir/private,/redir/to/loopback,'
                       '/redir/to/loopback-short,/redir/to/decimal,'
                       '/redir/to/zero,/redir/to/ipv6,/redir/to/mapped,'
                       '/redir/to/localhost',
    'http-error': '/proto/status-999,/status/204,/status/500-feed',
    'not-found': '/status/404-feed', 'gone': '/status/410',
    'busy': '/retry/429-absurd,/retry/429-date,/retry/429-seconds,'
            '/retry/503-none',
    'empty': '/type/empty',
    'not-a-feed': '/type/html,/redir/301-parking',
    'unreadable': '/gen/deep',
}
# Half a gigabyte that the server has to make first.
if ALL:
    FAULTS['protocol'] += ',/bomb/gzip-gzip'
    FAULTS['too-large'] += ',/bomb/deflate'
TLS_FAULTS = ['tls', 'tls', 'tls', 'timeout', 'tls', 'ok']
DNS_FAULTS = {'hang': 'dns', 'nx': 'dns', 'servfail': 'dns',
              'private': 'refused-address', 'meta': 'refused-address',
              'lo': 'refused-address', 'mixed': 'ok', 'many': 'ok',
              'pub': 'ok'}


def bad_server():
    p = subprocess.Popen(
        [sys.executable, '-u', os.path.join(CORPUS, 'badserver.py'), '--any',
         '--dns', '--port', str(HTTP), '--tls-base', str(TLS),
         '--max-seconds', '300'],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    at_end(lambda: (p.kill(), p.wait()))
    ca = re.search(r': (\S+)$', p.stdout.readline().decode().strip())[1]
    p.stdout.readline()
    return ca


def all_faults(ca):
    """{source: its configuration}, {source: (outcome, entries)}"""
    feeds, expected = {}, {}

    def add(name, outcome, entries, url, **more):
        feeds[name] = {'url': url, 'interval': '1h', **more}
        expected[name] = (outcome, int(entries))

    for outcome, paths in FAULTS.items():
        for path in paths.split(','):
            path, _, entries = path.partition(' ')
            add('f' + re.sub(r'\W+', '-', path), outcome, entries or 0,
                'http://feed.example:%d%s' % (HTTP, path))
    for i, outcome in enumerate(TLS_FAULTS):
        add('tls-%d' % i, outcome, 3 if outcome == 'ok' else 0,
            'https://localhost:%d/ok/3/tls%d' % (TLS + i, i),
            **{'allow-private-addresses': True, 'ca-file': ca})
    for kind, outcome in DNS_FAULTS.items():
        add('dns-' + kind, outcome, 3 if outcome == 'ok' else 0,
            'http://a.%s.test:%d/ok/3/dns-%s' % (kind, HTTP, kind))
    return feeds, expected


def check_outcomes(mill, daemon, expected):
    stored = {}
    for e in mill.export().values():
        stored[e['source']] = stored.get(e['source'], 0) + 1
    for name, (outcome, entries) in sorted(expected.items()):
        seen = daemon.events('visit')
        got = [v['outcome'] for v in seen if v['source'] == name][:1]
        ok(got and got[0] in outcome.split('|') and
           stored.get(name, 0) == entries, '%s: %s' % (name, outcome),
           'got %r, %d entries of %d' % (got, stored.get(name, 0), entries))


def check_requests():
    hits = json.loads(get('http://127.0.0.1:%d/_hits' % HTTP).body)
    same(hits, {}, 'no redirect led to a private address, no cookie back')
    log = [r for r in json.loads(get('http://127.0.0.1:%d/_log' % HTTP).body)
           if 'path' in r]
    same([r['path'] for r in log if r['local'].startswith('127.') and
          '/tls' not in r['path']], [], 'nothing else at a private address')
    times = [r['t'] for r in log if r['path'] == '/ok/20/good']
    gaps = [b - a for a, b in zip(times, times[1:])]
    ok(len(gaps) > 1 and max(gaps) < 6,
       'a good feed, due every 2 s, is not late', gaps)


def start_client(mill, *words):
    return subprocess.Popen(
        [sys.executable, os.path.join(CORPUS, 'badclient.py'), words[0],
         '--port', str(mill.port), '--path', '/all.atom', *words[1:]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def client(mill, *words):
    p = start_client(mill, *words)
    out = p.communicate()[0].decode()
    return p.returncode, out


def raw_requests(mill):
    """All of them, in slices at once: most wait until nothing comes."""
    requests = json.loads(read(os.path.join(CORPUS, 'requests.json')))
    top, slices = folder(), 9
    running = []
    for i in range(slices):
        part = write('%s/%d.json' % (top, i),
                     json.dumps(requests[i::slices]))
        running.append(start_client(mill, 'raw', '--requests', part))
    out = ''.join(p.communicate()[0].decode() for p in running)
    same((out.count('PASS '), [line for line in out.splitlines()
                               if line.startswith('FAIL')]),
         (len(requests), []), 'hostile requests are answered as they should')


def servers_and_clients():
    ca = bad_server()
    feeds, expected = all_faults(ca)
    feeds['good'] = {'url': 'http://public.example:%d/ok/20/good' % HTTP,
                     'interval': '2s', 'interval-max': '2s'}
    mill = Mill(feeds=feeds, fetch={
        'interval-min': '1s', 'timeout': '30s', 'connect-timeout': '6s',
        'low-speed-time': '10s', 'concurrency': 200,
        'concurrency-per-host': 150, 'jitter': '0%'})
    daemon = mill.start()
    eventually(lambda: {v['source'] for v in daemon.events('visit')} >=
               set(feeds), 60, 0.5)
    check_outcomes(mill, daemon, expected)
    check_requests()
    with open('/proc/%d/status' % daemon.process.pid) as f:
        peak = int(re.search(r'VmHWM:\s+(\d+)', f.read())[1]) // 1024
    if BINARY == RELEASE:
        ok(peak < 160, 'memory stays bounded', '%d MiB' % peak)
    raw_requests(mill)
    status, out = client(mill, 'storm', '-n', '2000')
    same('"alive": true' in out, True, 'a storm of connections') or note(out)
    for kind in ('head', 'read', 'idle') if ALL else ('head',):
        status, out = client(mill, 'slow', '-n', '500', '--kind', kind,
                             '--seconds', '12' if ALL else '5')
        r = json.loads(out.splitlines()[-1])
        ok(r['failed'] == 0 and r['p99_ms'] < (
            50 if BINARY == RELEASE else 500),
           '500 slow clients (%s) hold up nobody' % kind, out)
    same(daemon.stop(), 0, 'the daemon ends as if nothing had been')
    same(grave(oracle.check_log(write(folder() + '/log', daemon.log))), [],
         'the log is clean')


if sys.argv[1:2] == ['adapt']:
    adapt(*sys.argv[2:])
    os._exit(0)
feeds_one_by_one()
feeds_together()
hints_are_bounded()
vectors()
servers_and_clients()
done()
