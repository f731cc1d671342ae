#!/usr/bin/env python3
"""What a person asks of single feeds, with and without a daemon."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ONE = ('http://a.example/1', 'One', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x')
TWO = ('http://a.example/2', 'Two', 'Sun, 23 Feb 2025 18:08:09 GMT', 'y')
OPEN = {'allow-private-addresses': True}
site = Site({'/a.xml': rss(ONE), '/a.xml?token=s3cret': rss(ONE)})


def answer(status, body, **headers):
    """A document that is not simply served."""
    return lambda h: (status, {k.replace('_', '-'): v
                               for k, v in headers.items()}, body)


# ------------------------------------------------------- fetch, no daemon

site.documents['/bad.xml'] = rss(ONE, TWO)[:-17]
site.documents['/page'] = answer(200, b'<!doctype html><title>x</title>',
                                 Content_Type='text/html')
site.documents['/steer'] = answer(
    200, rss(ONE, title='a\x9b31mred'), X_Steer='\x1b[31mred')
mill = Mill(fetch=OPEN, feeds={
    'a': site.source('/a.xml'), 'none': site.source('/none'),
    'bad': site.source('/bad.xml'), 'steer': site.source('/steer'),
    'secret': site.source('/a.xml?token=s3cret', user='who',
                          password='s3cret', headers={'X-Key': 's3cret'}),
    'off': site.source('/a.xml?off', enabled=False)})

r = mill.run('fetch', '--dry-run', 'a')
same(r.status, 0, 'a dry run of a feed') or note(r)
matches(r'^> GET %s/a.xml HTTP/1.1$' % site.url, r.out, 'shows the request')
matches(r'^< HTTP/1.1 200', r.out, 'and the answer')
matches(r'^document +rss 2.0, utf-8, 1 entry$', r.out, 'what it is')
matches(r'^newest +2025-02-22T18:08:09Z\n +One$', r.out, 'and the newest')
ok('stored' not in r.out, 'nothing is said to be stored', r)
ok(not os.path.exists(mill.path('feedmill.db')), 'nor is there a database')

r = mill.run('fetch', 'a')
same(r.status, 0, 'fetch without a daemon') or note(r)
matches(r'^stored +1 new, 0 updated, 0 known$', r.out, 'stores')
matches(r'^outcome +ok', r.out, 'says so')
same(r.err, '', 'and nothing else')
same(list(mill.export()), ['//a.example/1'], 'the entry is there')
ok(os.path.exists(mill.path('www', 'all.atom')), 'it is published')
same(set(site.asked()), {'/a.xml'}, 'no other source is asked for it')

r = mill.run('fetch', site.url + '/a.xml')
same(r.status, 0, 'a source by its URL') or note(r)
matches(r'^> If-None-Match: ', r.out, 'is asked with its validators')
matches(r'^outcome +not-modified', r.out, 'and has nothing new')
r = mill.run('fetch', '--full', 'a')
ok(r.status == 0 and 'If-None-Match' not in r.out and
   ' 0 new, 0 updated, 1 known' in r.out, '--full asks without', r)

before = mill.export()
r = mill.run('fetch', site.url + '/bad.xml?unknown')
same(r.status, 1, 'a URL that is not configured: not found') or note(r)
matches(r'^outcome +not-found: 404', r.out, 'is told')
site.documents['/other.xml'] = rss(TWO)
r = mill.run('fetch', site.url + '/other.xml')
same(r.status, 0, 'another: a feed') or note(r)
same(mill.export(), before, 'is not stored')
r = mill.run('fetch', site.url + '/page')
ok(r.status == 1 and 'feedmill discover' in r.out, 'a page is no feed', r)

r = mill.run('fetch', 'none', 'bad', 'a')
same(r.status, 1, 'several of which some fail') or note(r)
same(re.findall(r'^==> (\S+) <==$', r.out, re.M), ['none', 'bad', 'a'],
     'are told apart')
matches(r'^damaged +line \d+, column \d+: ', r.out, 'where damage is')
matches(r'^stored +1 new, 0 updated, 1 known\noutcome +damaged', r.out,
        'what was complete is stored')

r = mill.run('fetch', 'secret')
same(r.status, 0, 'a source with secrets') or note(r)
same(site.requests[-1][1].get('X-Key'), 's3cret', 'they are sent')
ok('Authorization' in site.requests[-1][1], 'all of them')
ok('s3cret' not in r.out + r.err and 'X-Key: ...' in r.out,
   'and not shown', r)
r = mill.run('fetch', 'steer')
ok(r.status == 0 and not re.search(r'[\x00-\x09\x0b-\x1f\x7f-\x9f]', r.out),
   'nothing in an answer steers a terminal', repr(r.out))
r = mill.run('fetch', 'off')
ok(r.status == 1 and 'disabled' in r.err, 'a disabled source is refused', r)
r = mill.run('fetch', '--dry-run', 'off')
ok(r.status == 1 and 'not-found' in r.out, 'but for a dry run', r)
r = mill.run('fetch', 'nobody')
ok(r.status == 2 and 'nobody' in r.err, 'an unknown name is a mistake', r)

site.documents['/busy'] = answer(429, b'', Retry_After='100000')
mill.set(feeds={'busy': site.source('/busy'), 'a': site.source('/a.xml')})
r = mill.run('fetch', 'busy')
ok(r.status == 1 and 'outcome   busy' in r.out, '429 is told', r)
n = len(site.asked('/busy'))
r = mill.run('fetch', 'busy')
ok(r.status == 1 and 'left alone' in r.err, 'and obeyed', r)
same(len(site.asked('/busy')), n, 'it is not asked again')


# ---------------------------------------------------- fetch, by the daemon

go_on = threading.Event()
at_end(go_on.set)


def slow(h):
    go_on.wait(30)
    return 200, {}, rss(ONE)


site = Site({'/a.xml': rss(ONE), '/slow': slow})
mill = Mill(fetch=OPEN, feeds={'a': site.source('/a.xml'),
                               'slow': site.source('/slow')})
daemon = mill.start()
daemon.seen('visit', source='a')
site.documents['/a.xml'] = rss(ONE, TWO)
r = mill.run('fetch', 'a')
same(r.status, 0, 'fetch through the daemon') or note(r)
matches(r'^> If-None-Match: ', r.out, 'shows its request')
matches(r'^stored +1 new, 0 updated, 1 known$', r.out, 'and what is new')
ok(daemon.seen('visit', source='a', new='1', count=2), 'it is a visit of the '
   'daemon', daemon.log)
ok(eventually(lambda: b'//a.example/2' in get(mill.url + '/all.atom').body),
   'which publishes it')
r = mill.run('fetch', '--full', 'a')
ok(r.status == 0 and 'If-None-Match' not in r.out and '2 known' in r.out,
   '--full without validators', r)
asked = len(site.requests)
r = mill.run('fetch', '--dry-run', 'a')
ok(r.status == 0 and 'stored' not in r.out, 'a dry run beside it', r)

eventually(lambda: site.asked('/slow'))
results = []
waiting = [threading.Thread(
    target=lambda: results.append(mill.run('fetch', 'slow')))
    for _ in range(2)]
for t in waiting:
    t.start()
eventually(lambda: results)
ok(len(results) == 1 and results[0].status == 1 and
   'somebody else' in results[0].err, 'two at once: one is refused',
   results)
same(len(site.asked('/slow')), 1, 'a visit under way is not doubled')
go_on.set()
for t in waiting:
    t.join()
ok(results[-1].status == 0 and 'unchanged' in results[-1].out,
   'the source is asked right after it', results[-1])
same(len(site.asked('/slow')), 2, 'once')

go_on.clear()
mill.set(feeds={'a': site.source('/a.xml'), 'new': site.source('/a.xml?n')})
r = mill.run('fetch', 'new')
ok(r.status == 1 and 'reload' in r.err, 'what is not loaded yet is told', r)
mill.set(feeds={'a': site.source('/a.xml'), 'slow': site.source('/slow')})
last = []
waiting = threading.Thread(
    target=lambda: last.append(mill.run('fetch', 'slow')))
waiting.start()
eventually(lambda: len(site.asked('/slow')) > 2)
same(daemon.stop(), 0, 'stopped while somebody waits')
waiting.join()
ok(last[0].status not in (0, None) and last[0].err, 'who is told', last[0])
go_on.clear()
enough = threading.Event()
at_end(enough.set)
site.documents['/enough'] = lambda h: (
    enough.wait(30) and 429, {'Retry-After': '5000'}, b'')
mill = Mill(fetch=OPEN, feeds={'slow': site.source('/slow'),
                               'enough': site.source('/enough')})
daemon = mill.start()
eventually(lambda: site.asked('/enough'))
last = []
waiting = threading.Thread(
    target=lambda: last.append(mill.run('fetch', 'slow')))
waiting.start()
time.sleep(2)
same(last, [], 'a fetch waits for the visit under way')
enough.set()
waiting.join()
ok(last[0].status == 1 and 'left alone' in last[0].err,
   'but not for a host that wants to be left alone', last[0])
go_on.set()
same(daemon.stop(), 0, 'it stops')


# ----------------------------------------------------------------- discover

def page(*feeds, more=''):
    links = ''.join('<link rel="alternate" type="application/%s+xml" '
                    'href="%s" title="%s">' % f for f in feeds)
    return answer(200, ('<!doctype html><html><head>%s%s</head><body>x'
                        '</body></html>' % (more, links)).encode(),
                  Content_Type='text/html; charset=utf-8')


site = Site({
    '/a.xml': rss(ONE, title="Ann's News &  Views"),
    '/zh.xml': rss(TWO, title='\u7ebd\u7ea6\u65f6\u62a5'),
    '/one': page(('rss', '/a.xml', 'All')),
    '/two': page(('rss', 'a.xml', 'RSS'), ('atom', '/b.xml', 'At\x1bom'),
                 ('rss', '/a.xml', 'again'), more='<base href="/sub/">'),
    '/none': page(), '/lies': page(('rss', '/none', 'None')),
    '/moved': answer(301, b'', Location='/a.xml')})
mill = Mill(fetch=OPEN)
r = mill.run('discover', site.url + '/two')
same((r.status, r.out), (0, ''.join(
    '%s%s\t%s\t%s\n' % (site.url, *f) for f in (
        ('/sub/a.xml', 'application/rss+xml', 'RSS'),
        ('/b.xml', 'application/atom+xml', 'At om'),
        ('/a.xml', 'application/rss+xml', 'again')))),
     'discover lists what a page advertises') or note(r)
matches('text/html', site.requests[-1][1]['Accept'], 'a page is asked for')
r = mill.run('discover', site.url + '/a.xml')
same((r.status, r.out), (0, site.url + "/a.xml\trss\tAnn's News & Views\n"),
     'a URL that is a feed') or note(r)
ok('itself is a feed' in r.err, 'is told', r)
links = ('</c.xml>; rel="alternate nofollow"; type="application/rss+xml"; '
         'title="In, a; \\"header\\"", <x>; rel=stylesheet, broken, '
         '<d>;rel=feed,</e>; rel=alternate; type=text/html; title="feed",'
         '</f.xml>; rel=feed; anchor="#other"')
site.documents['/links'] = lambda h: (200, {
    'Content-Type': 'text/html', 'Link': links},
    b'<link rel=feed href=/g.xml title=G><link rel=feed type=text/html '
    b'href=/h><link rel=alternate type=application/rss+xml href=/c.xml>')
r = mill.run('discover', site.url + '/links')
same((r.status, r.out), (0, ''.join(
    '%s%s\t%s\t%s\n' % (site.url, *f) for f in (
        ('/c.xml', 'application/rss+xml', 'In, a; "header"'),
        ('/d', '-', ''), ('/g.xml', '-', 'G')))),
     'and what its headers do') or note(r)
r = mill.run('discover', site.url + '/none')
ok(r.status == 1 and r.out == '' and 'advertises none' in r.err,
   'a page without', r)
r = mill.run('discover', site.url + '/nothing')
ok(r.status == 1 and r.out == '' and '404' in r.err, 'no page', r)
same([p for p in site.asked() if p in ('/feed', '/rss', '/b.xml')], [],
     'nothing is guessed')
same(mill.run('discover', 'x').status, 2, 'what is no URL is a mistake')


# ---------------------------------------------------------------------- add

added = os.path.join(mill.dir, 'conf.d', '90-added.yaml')


def feeds():
    r = mill.run('feeds', '--format', 'json')
    return {f['name']: f for f in json.loads(r.out)} if r.status == 0 else r


r = mill.run('add', site.url + '/a.xml', '--tag', 'x', '--tag', 'yes: no')
same(r.status, 0, 'add a feed') or note(r)
f = feeds()
same(list(f), ['anns-news-views'], 'its name is of its title')
f = f['anns-news-views']
same((f['url'], f['tags'], f['file']),
     (site.url + '/a.xml', ['x', 'yes: no'], added), 'it is configured')
before = read(added)
for url in ('/a.xml', '/one', '/moved'):
    r = mill.run('add', site.url + url)
    ok(r.status == 1 and 'anns-news-views' in r.err and added in r.err,
       '%s: the same again is refused, with the place' % url, r)
r = mill.run('add', site.url + '/zh.xml', '--name', 'anns-news-views')
ok(r.status == 1 and '%s:3' % added in r.err, 'a name that is taken too', r)
for url in ('/none', '/nothing', '/lies'):
    r = mill.run('add', site.url + url)
    same(r.status, 1, url + ' is not added') or note(r)
r = mill.run('add', site.url + '/two')
ok(r.status == 1 and site.url + '/b.xml' in r.err,
   'of several feeds none is chosen', r)
same(read(added), before, 'all that has changed nothing')

r = mill.run('add', site.url + '/zh.xml')
same(r.status, 0, 'a title that is hard to type') or note(r)
ok('127.0.0.1' in feeds(), 'gives way to the host', feeds())
ok(read(added).startswith(before), 'what was there stays')
site.documents['/a2.xml'] = site.documents['/a.xml']
site.documents['/one2'] = page(('rss', '/a2.xml', ''))
r = mill.run('add', site.url + '/one2')
same(r.status, 0, 'the one feed of a page') or note(r)
same(feeds()['anns-news-views-2']['url'], site.url + '/a2.xml',
     'is added under a name that is free')

hand = '# mine\nfeeds:\n  "h": {url: "http://h.example/"}   # no newline'
write(added, hand)
os.chmod(added, 0o640)
r = mill.run('add', site.url + '/a.xml', '--name', 'q": 1')
same(r.status, 0, 'after what a hand has written') or note(r)
ok(read(added).decode().startswith(hand + '\n  "q'),
   'which stays byte for byte', read(added))
same(set(feeds()), {'h', 'q": 1'}, 'any name will do')
same(os.stat(added).st_mode & 0o777, 0o640, 'its mode stays')
for text in ('feeds:\n  h: {url: "http://h.example/"}\npublish:\n  x:\n'
             '    url: http://x.example/\n', 'feeds: {}\n', 'feeds: [\n',
             'feeds:\n     h:\n          url: http://h.example/\n'):
    write(added, text)
    r = mill.run('add', site.url + '/a.xml')
    ok(r.status == 1 and r.err and read(added).decode() == text,
       'not where it would mean something else', r)
os.unlink(added)
threads = [threading.Thread(target=mill.run, args=(
    'add', site.url + p)) for p in ('/a.xml', '/a2.xml', '/zh.xml')]
for t in threads:
    t.start()
for t in threads:
    t.join()
same(len(feeds()), 3, 'three at once are all added') or note(read(added))
same(mill.run('check').status, 0, 'and the configuration is right')

os.unlink(added)
daemon = mill.start()
r = mill.run('add', site.url + '/a.xml', '--name', 'live')
same(r.status, 0, 'beside a daemon') or note(r)
ok(daemon.seen('visit', source='live', new='1'), 'it asks at once',
   daemon.log)
mill.set(http={'listen': 'nowhere'})
r = mill.run('add', site.url + '/a2.xml')
ok(r.status == 1 and b'a2' not in read(added) and 'listen' in r.err,
   'a configuration with mistakes is not touched', r)
same(daemon.stop(), 0, 'it stops')


# -------------------------------------------------------------------- feeds

mill = Mill(feeds={
    'a': site.source('/a.xml', title='T & U', tags=['x', 'y']),
    's': site.source('/a.xml?token=s3cret', enabled=False)})
r = mill.run('feeds')
same((r.status, r.out), (0, 'a: T & U\n    %s/a.xml\n    tags: x, y\n'
                            's (disabled)\n    %s/a.xml?token=...\n' % (
                                site.url, site.url)), 'feeds') or note(r)
r = mill.run('feeds', '--format', 'opml')
ok(r.status == 0 and 'text="T &amp; U"' in r.out and
   'xmlUrl="%s/a.xml" category="x,y"' % site.url in r.out, 'as OPML', r)
ok('s3cret' not in r.out and '1 left out' in r.err, 'without secrets', r)
f = json.loads(mill.run('feeds', '--format', 'json').out)
same((f[0]['tags'], f[1]['enabled'], f[1]['url']),
     (['x', 'y'], False, site.url + '/a.xml?token=...'), 'as JSON')
same(mill.run('feeds', '--format', 'x').status, 2, 'not as anything')


# ------------------------------------------------------ keep-bad and replay

bad = rss(ONE, TWO)[:-17]
site = Site({'/a.xml': rss(ONE), '/none': b'garbage \x01'})
site.documents['/bad?token=s3cret'] = answer(
    200, bad.replace(b'UTF-8', b'x-none').replace(b'One', b'\xfcber'),
    Content_Type='application/xml; charset=iso-8859-1',
    Content_Language='de', Set_Cookie='id=s3cret')
mill = Mill(fetch=dict(OPEN, **{'keep-bad': 'bad'}), feeds={
    'a': site.source('/a.xml'), 'none': site.source('/none'),
    'b/d': site.source('/bad?token=s3cret', user='u', password='s3cret')})


def kept():
    return sorted(os.listdir(mill.path('bad'))) if \
        os.path.isdir(mill.path('bad')) else []


mill.round()
names = kept()
same(sorted(re.sub(r'^\d{8}T\d{9}Z-|-[0-9a-f]{16}\.answer$', '', n)
            for n in names), ['b_d', 'none'],
     'what was damaged or unreadable is kept')
same(os.stat(mill.path('bad')).st_mode & 0o777, 0o700, 'for nobody else')
file = mill.path('bad', [n for n in names if '-b_d-' in n][0])
data = read(file)
head, body = data.split(b'\n\n', 1)
ok(b's3cret' not in data and b'< Set-Cookie: ...' in head,
   'without credentials', head)
ok(b'\nOutcome: damaged\n' in head and b'\nContent-Language: de\n' in head
   and b'\n> GET ' in head and b'\n< HTTP/1.1 200' in head, 'with its head',
   head)
ok(b'\xfcber' in body and body.endswith(b'</item>\n'),
   'and every byte of its body', body)
r = mill.run('replay', file)
ok(r.status == 0 and '\xfcber' in r.out and '2 entries' in r.out and
   'damaged: ' in r.out, 'replay reads it as its server said', r)
r = mill.run('replay', '--format', 'json', file)
ok(r.status == 0 and len(json.loads(r.out)['entries']) == 2, 'as JSON', r)
r = mill.run('replay', mill.path('bad', [n for n in names
                                         if '-none-' in n][0]))
ok(r.status == 1 and r.err, 'what was unreadable is it still', r)
for text in (b'', b'\n', b'feedmill-answer: 1', bad, b'feedmill-answer: 2\n\n'):
    r = mill.run('replay', write(os.path.join(mill.dir, 'x'), text))
    ok(r.status == 1 and 'not an answer' in r.err, '%r is none' % text[:30], r)

mill.round()
same(kept(), names, 'the same again is not kept twice')
write(mill.path('bad', 'mine'), 'x')
for i in range(250):
    write(mill.path('bad', '20200101T%09dZ-x-%016x.answer' % (i, i)), 'x')
for i in range(20):
    write(mill.path('bad', '20230101T%09dZ-none-%016x.answer' % (i, i)), 'x')
site.documents['/none'] = b'garbage \x02'
mill.round()
now = kept()
same(len(now), 201, '200 and what is not ours')
ok('mine' in now and set(names) <= set(now), 'the oldest went', now[:5])
same([n[:8] for n in now if '-none-' in n][-3:-2], ['20230101'],
     'for the new one')
same(len([n for n in now if '-none-' in n]), 10, 'no source has more than 10')
big = mill.path('bad', '20200102T000000000Z-big-%016x.answer' % 1)
with open(big, 'wb') as f:
    f.truncate(64 << 20)
site.documents['/none'] = b'garbage \x03'
mill.round()
ok(not os.path.exists(big) and set(names) <= set(kept()),
   'no more than 64M', kept()[:5])

shutil.rmtree(mill.path('bad'))
write(mill.path('bad'), 'a file')
r = mill.round()
same(len(r.events('unreadable documents are not kept')), 1,
     'a folder that cannot be is told once') or note(r)
same(r.events('round done')[0]['sources'], '3', 'and costs nothing else')


# ------------------------------------------------------------- completion

def complete(*words):
    """What bash would offer for the last of these words."""
    p = subprocess.run(
        ['bash', '-c', '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# '
         '- 1)); _feedmill && printf "%s\\n" "${COMPREPLY[@]}"', 'bash',
         os.path.join(ROOT, 'conf/completions/feedmill.bash'), BINARY,
         *words], env=mill.env(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.stderr:
        note(p.stderr.decode())
    return p.stdout.decode().split('\n')[:-1]


mill = Mill(feeds={'a': site.source('/a.xml'), 'a b': site.source('/b.xml'),
                   'c': site.source('/c.xml')})
verbs = re.findall(r'^  ([a-z]+) ', mill.run('help').out, re.M)
same(complete(''), verbs, 'bash completes verbs')
same(complete('re'), [v for v in verbs if v.startswith('re')],
     'that begin so')
same_set(complete('-c', mill.conf, 'fetch', '--'),
         ['--dry-run', '--full', '--config', '--state', '--verbose',
          '--quiet', '--help', '--version'], 'the options of a verb')
same(complete('feeds', '--format', ''), ['text', 'json', 'opml'],
     'the values of an option')
same(complete('-c', mill.conf, 'fetch', '--full', ''), ['a', 'a\\ b', 'c'],
     'the sources of the configuration')
same(complete('-c', mill.conf, 'status', '--why', 'c'), ['c'],
     'also as a value')
ACTIONS = ['check', 'backup', 'vacuum', 'reindex', 'upgrade']
same(complete('db', ''), ACTIONS, 'what db can do')


def fish(*words):
    """What fish would offer; it puts them in an order of its own."""
    top = folder()
    os.symlink(BINARY, top + '/feedmill')
    p = subprocess.run(
        ['fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]',
         os.path.join(ROOT, 'conf/completions/feedmill.fish'),
         'feedmill ' + ' '.join(words)], stdin=subprocess.DEVNULL,
        env={**mill.env(), 'PATH': top + ':' + os.environ['PATH'],
             'HOME': top}, stdout=subprocess.PIPE)
    return [l.split('\t')[0] for l in p.stdout.decode().split('\n')[:-1]]


def zsh(*words):
    """What zsh would offer; FILES for the names of files."""
    p = subprocess.run(
        ['zsh', '-fc', '. "$1"; shift; words=("$@"); CURRENT=$#; '
         '_feedmill_candidates', 'zsh',
         os.path.join(ROOT, 'conf/completions/_feedmill'), BINARY, *words],
        env=mill.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return p.stdout.decode().split('\n')[:-1]


for shell, offers in (('fish', fish), ('zsh', zsh)):
    if not shutil.which(shell):
        skip(shell + ' completes', shell + ' is absent')
        continue
    same_set(offers(''), verbs, shell + ' completes verbs')
    same_set([o for o in offers('-c', mill.conf, 'fetch', '--')
              if o.startswith('--')],
             ['--dry-run', '--full', '--config', '--state', '--verbose',
              '--quiet', '--help', '--version'], shell + ': options')
    same_set(offers('feeds', '--format', ''), ['text', 'json', 'opml'],
             shell + ': values')
    same_set(offers('-c', mill.conf, 'fetch', ''), ['a', 'a b', 'c'],
             shell + ': sources')
    same_set(offers('db', ''), ACTIONS, shell + ': what db can do')
    same_set(offers('-c', mill.conf, 'status', '--why', ''),
             ['a', 'a b', 'c'], shell + ': sources as a value')
same_set(fish('parse', mill.conf[:-2]) if shutil.which('fish') else
         [mill.conf], [mill.conf], 'fish: else files')
same(zsh('export', '-o', '') if shutil.which('zsh') else ['FILES'],
     ['FILES'], 'zsh: else files')
for words in (('parse', ''), ('-c', ''), ('--state', ''), ('add', '')):
    same(complete(*words), [''], 'else files: ' + ' '.join(words))
done()
