#!/usr/bin/env python3
"""/search of a running daemon: what is found, as a page and as JSON; whatever
is typed; a hundred at once while the feed is served; who hangs up."""
import concurrent.futures
import os
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ONE = ('http://a.example/1', '中国的国家安全法 & 1 < 2',
       'Sat, 22 Feb 2025 18:08:09 GMT',
       '<p>Un caf&eacute; <b>noir</b> &lt;script>alert(1)&lt;/script></p>')
TWO = ('http://a.example/2', 'Two', 'Sun, 23 Feb 2025 18:08:09 GMT',
       '<p>武汉和中国</p>')
HIDDEN = ('http://b.example/1', 'Hidden', 'Sun, 23 Feb 2025 18:08:09 GMT',
          '<p>unpublished</p>')
MANY = [('http://a.example/m%d' % n, 'Number %d' % n,
         'Sat, 22 Feb 2025 10:%02d:09 GMT' % n, 'copious ' * (n + 1))
        for n in range(45)]
site = Site({'/a.xml': rss(ONE, TWO, *MANY), '/b.xml': rss(HIDDEN),
             '/c.xml': rss(('http://c.example/1',) + TWO[1:])})
mill = Mill(fetch={'allow-private-addresses': True, 'flood-limit': 0},
            feeds={'a': site.source('/a.xml'),
                   'b': site.source('/b.xml', publish=False),
                   'c': site.source('/c.xml')})
mill.sections['publish']['all'].update(title='All <of> it', feeds=['a'])
mill.sections['publish']['third'] = {'feeds': ['c'], 'directory': 'www',
                                     'formats': ['atom']}
mill.set()
mill.round()
daemon = mill.start()


def search(query, method='GET', **fields):
    return get(mill.url + '/search' + query, method, **fields)


def found(words, **more):
    """The URLs of the first page, as JSON."""
    a = search('?' + urllib.parse.urlencode(
        dict(q=words, format='json', **more)))
    same(a.status, 200, 'found out: %r %r' % (words[:20], more))
    return [h['url'] for h in json.loads(a.body)['hits']]


# --------------------------------------------------------------- what is found
same(found('安全'), [ONE[0]], 'two characters of a sentence')
same(found('中国', **{'in': 'all'}), [ONE[0], TWO[0]],
     'a title weighs more than a text')
same(found('中国', order='new', **{'in': 'all'}), [TWO[0], ONE[0]],
     'the newest first')
same(found('CAFE noir'), [ONE[0]], 'whatever the case and the accents')
same(found('unpublished'), [], 'what is not published is not found')
same(found('武汉', **{'in': 'third'}), ['http://c.example/1'],
     'in another outlet')
same_set(found('武汉'), [TWO[0], 'http://c.example/1'], 'or in all of them')
pages = [found('copious', page=n) for n in (1, 2, 3, 4)]
same([len(p) for p in pages], [20, 20, 5, 0], 'page by page')
same_set(sum(pages, []), [m[0] for m in MANY], 'and each once')
body = json.loads(search('?q=copious&format=json&page=2&order=new').body)
same((body['schema'], body['query'], body['page'], body['order'],
      body['next'], body['hits'][0]['source']),
     ('feedmill.search/1', 'copious', 2, 'new',
      'search?q=copious&order=new&page=3', 'Made up'), 'what JSON says')
same(json.loads(search('?q=%E6%AD%A6%E6%B1%89&in=all', Accept='application/json')
                .body)['hits'][0]['snippet'], '[武汉]和中国', 'by Accept')

a = search('?q=caf%C3%A9')
ok(a.status == 200 and a.headers['Content-Type'] == 'text/html; charset=utf-8'
   and a.headers['Cache-Control'] == 'no-store', 'a page', a.headers)
ok("default-src 'none'" in a.headers['Content-Security-Policy'] and
   'script-src' not in a.headers['Content-Security-Policy'], 'no script')
page = a.body.decode()
ok('<mark>café</mark>' in page and 'href="http://a.example/1"' in page and
   '中国的国家安全法 &amp; 1 &lt; 2' in page and '<script' not in page and
   'value="café"' in page, 'with what was found, and only text', page[-2000:])
ok('Nothing was found.' in search('?q=xyzzy').body.decode(), 'or nothing')
h = search('?q=caf%C3%A9', 'HEAD')
ok(h.status == 200 and h.body == b'' and
   int(h.headers['Content-Length']) == len(a.body), 'HEAD', h.headers)
same(search('?q=x', 'POST').status, 405, 'no POST')
ok('action="search"' in get(mill.url + '/all.html').body.decode(),
   'the river leads there')

# ------------------------------------------------------------------------ days
def day(query, method='GET'):
    return get(mill.url + '/day' + query, method)


page = day('?date=2025-02-22&in=all')
text = page.body.decode()
same((page.status, page.headers['Cache-Control']), (200, 'no-store'), 'a day')
same(re.findall(r'<h3[^>]*><a href="([^"]*)', text),
     [ONE[0]] + [m[0] for m in reversed(MANY)], 'all of it, latest first')
ok('date=2025-02-23&amp;in=all' in text and 'Older:' not in text,
   'a way to the next day, none before the first', text[-900:])
ok('Older:' in day('?date=2030-01-01&in=all').body.decode() and
   'Nothing on this day' in day('?date=2030-01-01&in=all').body.decode(),
   'an empty day')
same(re.findall(r'<h3[^>]*><a href="([^"]*)',
                day('?date=2025-02-23&in=third').body.decode()),
     ['http://c.example/1'], 'of another outlet')
for text in (day('?date=2025-02-23&in=third').body.decode(),
             search('?q=x&in=third').body.decode()):
    ok('third.html' not in text and 'href="./"' in text,
       'one that has no page is not linked', text[-900:])
ok('Hidden' not in day('?date=2025-02-23').body.decode(),
   'and nothing that is not published')
for query in ('', '?date=', '?date=2025-02-30', '?date=2025-2-3', '?date=x',
              '?date=2025-02-22T00', '?date=%ff', '?date=2025-02-22&in=x',
              '?date=2025-02-22&page=0', '?date=2025-02-22&page=x',
              '?date=2025-02-22&in=%00', '?' + 'a' * 9000):
    same(day(query).status, 400, '400: ' + query[:30])
for link in re.findall(r'href="([^"]*)"',
                       get(mill.url + '/all.html').body.decode()):
    if link.startswith('day?'):
        same(get(mill.url + '/' + link.replace('&amp;', '&')).status, 200,
             'the river leads to ' + link)

# ------------------------------------------------------------- what is refused
for query in ('', '?', '?in=all'):
    a = search(query)
    ok(a.status == 200 and b'class="bad"' not in a.body and
       b'An entry is found if' in a.body, 'opened, it says how to ask',
       (a.status, a.body[-400:]))
for query, why in (('?q', 'no words'), ('?q=', 'none'), ('?q=+%20%0a', 'blanks'),
                   ('?q=%ff', 'no UTF-8'), ('?q=a%00b', 'a NUL'),
                   ('?q=' + 'a' * 1025, '1,025 bytes'),
                   ('?q=' + 'a+' * 33, '33 words'),
                   ('?q=' + 'a' * 5000, 'a long query'),
                   ('?q=a&page=0', 'page 0'), ('?q=a&page=51', 'page 51'),
                   ('?q=a&page=-1', 'page -1'), ('?q=a&page=1x', 'page 1x'),
                   ('?q=a&page=%ff', 'page ff'), ('?q=a&order=x', 'order'),
                   ('?q=a&format=xml', 'format'), ('?q=a&in=nobody', 'outlet'),
                   ('?q=a&in=%ff', 'an outlet of bytes')):
    a = search(query)
    ok(a.status == 400 and b'class="bad"' in a.body, '400: ' + why,
       (a.status, a.body[-400:]))
same(json.loads(search('?format=json').body)['error'], 'Which words?',
     'in JSON, too')
a = None
try:
    a = search('?q=' + 'a' * (1 << 20))
except (ConnectionError, http.client.HTTPException) as e:
    note('1 MiB: %r' % e)
ok(a is None or a.status in (413, 414, 431), '1 MiB is not read',
   a and a.status)
same(search('?q=copious').status, 200, 'and harms nobody')

# --------------------------------------------------------------- whatever else
for words in ('"', "'", '"copious', 'copious"', 'NOT', 'AND', 'a OR b',
              'NEAR(a b)', 'title:copious', 'cop*', '^copious', '-copious',
              '(', ')', '{a b}:c', 'a+b', '%', '%%', '\\', ';--', '\x01',
              "'; DROP TABLE entries;--", '<script>alert(1)</script>',
              '"><img src=x onerror=alert(1)>', '\ue000\ue001', '\u202e',
              '\ufffd', '\U0010ffff', '{{7*7}}', '&amp;'):
    a = search('?' + urllib.parse.urlencode({'q': words}))
    text = a.body.decode()
    ok(a.status in (200, 400) and '<script' not in text and
       '<img' not in text, 'any words: %r' % words, text[-600:])
for raw in ('%', '%4', '%zz', 'a%', '%u0041', 'a=b', 'a;b', 'a?b', 'q=%25%'):
    same(search('?q=' + raw).status, 200, 'no escape is itself: ' + raw)
same(json.loads(search('?x=1&&=&q=100%&q=2&format=json').body)['query'],
     '100%', 'the first q')
same(found('title:copious'), [], 'a colon is no operator')

# -------------------------------------------------------------- many, and gone
with concurrent.futures.ThreadPoolExecutor(40) as pool:
    answers = [pool.submit(search, '?q=copious&page=%d' % (n % 3 + 1))
               for n in range(100)]
    slowest = 0
    while not all(f.done() for f in answers):
        begun = time.monotonic()
        same(get(mill.url + '/all.atom').status, 200, 'the feed meanwhile')
        slowest = max(slowest, time.monotonic() - begun)
    statuses = [f.result().status for f in answers]
same_set(statuses, [200] * 100, 'a hundred searches')
note('slowest feed %.0f ms' % (1000 * slowest))
ok(slowest < 5, 'and nobody waits for them', slowest)


def shout(count, query='?q=copious'):
    """Ask and hang up at once."""
    for _ in range(count):
        s = socket.create_connection(('127.0.0.1', mill.port))
        s.sendall(b'GET /search%s HTTP/1.1\r\nHost: x\r\n\r\n' %
                  query.encode())
        s.close()


shout(60)
same(search('?q=copious').status, 200, 'who hangs up harms nobody')
s = socket.create_connection(('127.0.0.1', mill.port))
s.sendall(b'GET /search?q=copious HTTP/1.1\r\nHost: x\r\n\r\n' * 3)
text = b''
while text.count(b'</html>') < 3:
    got = s.recv(65536)
    if not got:
        break
    text += got
same(text.count(b'HTTP/1.1 200'), 3, 'three in one go, in one connection')
s.close()

# More at once than may wait: some are sent away, politely, and none is lost.
crowd = [socket.create_connection(('127.0.0.1', mill.port))
         for _ in range(300)]
for s in crowd:
    s.sendall(b'GET /search?q=copious HTTP/1.1\r\nHost: x\r\n'
              b'Connection: close\r\n\r\n')
told = {}
for s in crowd:
    s.settimeout(60)
    text = b''
    while True:
        got = s.recv(65536)
        if not got:
            break
        text += got
    s.close()
    status = text[9:12].decode()
    told[status] = told.get(status, 0) + 1
    if status == '503':
        ok(b'\r\nRetry-After: ' in text, 'come back later')
note('a crowd of 300: %s' % told)
ok(set(told) <= {'200', '503'} and sum(told.values()) == 300 and
   told['200'] >= 100, 'each of a crowd has an answer', told)

# ----------------------------------------------------- what the library refuses
def refused():
    m = re.search(r'http_requests_total{code="4xx"} (\d+)',
                  get(mill.url + '/metrics').body.decode())
    return int(m.group(1))


before = refused()
for raw in (b'GET /all.atom HTTP/1.1\r\n\r\n',
            b'GET /' + b'a' * 40000 + b' HTTP/1.1\r\nHost: x\r\n\r\n',
            b'GET / HTTP/1.1\r\nHost: x\r\nA: ' + b'a' * 40000 + b'\r\n\r\n'):
    s = socket.create_connection(('127.0.0.1', mill.port))
    try:
        s.sendall(raw)
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    s.close()
ok(eventually(lambda: refused() == before + 3), 'what the library refuses '
   'is counted', (before, refused()))

# ---------------------------------------------------------------------- the end
shout(100)
same(daemon.stop(), 0, 'it stops while they ask')
mill.sections['http'] = dict(mill.sections.get('http', {}), search=False)
mill.set()
daemon = mill.start()
daemon.seen('ready')
same(search('?q=copious').status, 404, 'switched off')
ok(eventually(lambda: 'action="search"' not in
              get(mill.url + '/all.html').body.decode()),
   'and the river does not lead there')
same(daemon.stop(), 0, 'stopped')
done()
