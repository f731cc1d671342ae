#!/usr/bin/env python3
"""How sources are asked: the requests, byte for byte, and what they answer to.

Most sources here live five rounds of `run --once --now` together: the scene
says what the origin answers each time, the checks below read in the origin's
log what it was asked.  Each round is a new process: what holds, holds over a
restart.  What takes time is in patience.t.
"""
import base64
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ROUNDS = 5
AGENT = 'feedmill-test/1 (+http://operator.example/)'


def doc(name, *numbers, title='Made up', more=''):
    return rss(*[('http://%s.example/%d' % (name, n), 'Item %d' % n,
                  'Sat, 22 Feb 2025 18:08:%02d GMT' % n, 'text %d' % n)
                 for n in numbers], title=title).decode().replace(
                     '<channel>', '<channel>' + more)


def ok_with(body, **headers):
    return {'body': body, 'headers': [[k.replace('_', '-'), v]
                                      for k, v in headers.items()]}


def status(number, *headers, **more):
    return {'status': number, 'headers': [list(h) for h in headers], **more}


NOT_MODIFIED = status(304)

answers, feeds, where = {}, {}, {}


def scene(name, *script, host='127.0.0.1', url=None, **options):
    """A source and what its server answers, round by round."""
    answers['/' + name] = list(script)
    where[name] = host, url or '/' + name
    feeds[name] = options


def aside(path, *script):
    """What is asked only by those who are sent there."""
    answers[path] = list(script)


# ------------------------------------------------------------- validators

WEAK = 'W/"0815-\\"x\'"'
scene('weak', ok_with(doc('weak', 1), ETag=WEAK), NOT_MODIFIED)

ODD_TAGS = ['unquoted', '"abc-gzip"', "'single'", '""', '"a b\tc"',
            'W/unquoted', 'w/"small"', '"tail";gzip', '"gr\u00fcn"']
ODD_TAGS = [t.encode().decode('latin-1') for t in ODD_TAGS] + ['"gr\xfcn"']
for i, tag in enumerate(ODD_TAGS):
    scene('tag%d' % i, ok_with(doc('tag%d' % i, 1), ETag=tag), NOT_MODIFIED)
ODD_DATES = ['Thu, 30 May 2024 10:00:00 GMT', 'Thu, 30 May 2024 10:00:00 '
             '+0800', '2024-05-30T10:00:00Z', 'Thu, 30 May 2024 24:61:61 GMT',
             'yesterday', '0', 'Mon, 30 May 2044 10:00:00 GMT']
for i, date in enumerate(ODD_DATES):
    scene('date%d' % i, ok_with(doc('date%d' % i, 1), Last_Modified=date),
          NOT_MODIFIED)
scene('both', ok_with(doc('both', 1), ETag='"b"',
                      Last_Modified=ODD_DATES[0]), NOT_MODIFIED)
scene('new-on-304', ok_with(doc('new-on-304', 1), ETag='"1"',
                            Last_Modified='one'),
      status(304, ('ETag', '"2"')), status(304, ('Last-Modified', 'two')),
      NOT_MODIFIED)
scene('touched', ok_with(doc('touched', 1), ETag='"1"', Last_Modified='one'),
      ok_with(doc('touched', 1), ETag='"2"', Last_Modified='two'),
      NOT_MODIFIED)
scene('same-second', ok_with(doc('same-second', 1), ETag='"1"',
                             Last_Modified='one'),
      ok_with(doc('same-second', 1, 2), ETag='"2"', Last_Modified='one'),
      NOT_MODIFIED)
scene('vanished', ok_with(doc('vanished', 1), ETag='"1"',
                          Last_Modified='one'),
      ok_with(doc('vanished', 1, 2)))
scene('vanished-date', ok_with(doc('vanished-date', 1), ETag='"1"',
                               Last_Modified='one'),
      ok_with(doc('vanished-date', 1), ETag='"1"'))
CUT = doc('cut', 1, 2, 3)
scene('damaged', ok_with(doc('cut', 1), ETag='"1"'),
      ok_with(CUT[:CUT.rindex('<item>') + 20], ETag='"bad"',
              Last_Modified='bad'))
scene('page', ok_with(doc('page', 1), ETag='"1"'),
      ok_with('<!DOCTYPE html><html><head><title>Down</title></head>'
              '<body><p>Back soon</p></body></html>', ETag='"bad"',
              Content_Type='text/html'), NOT_MODIFIED)
scene('failing', ok_with(doc('failing', 1), ETag='"1"'),
      status(500, ('ETag', '"bad"'), body='no'),
      status(404, ('ETag', '"bad"'), body='no'), NOT_MODIFIED)
scene('lying', status(304, ('ETag', '"lie"')), status(304, ('ETag', '"lie"')),
      ok_with(doc('lying', 1)))
scene('undated', ok_with(doc('undated', 1, more='<lastBuildDate>Sat, 22 Feb '
                             '2025 18:08:09 GMT</lastBuildDate>'),
                         Date='Sat, 22 Feb 2025 18:08:09 GMT'))
scene('validators-move', ok_with(doc('validators-move', 1), ETag='"old"',
                                 Last_Modified='old'),
      status(302, ('Location', '/validators-moved')))
aside('/validators-moved',
      ok_with(doc('validators-move', 1, 2), ETag='"new"'), NOT_MODIFIED)
scene('behind', status(302, ('Location', '/behind-it?x=1')))
aside('/behind-it', ok_with(doc('behind', 1), ETag=WEAK, Last_Modified='b'),
      NOT_MODIFIED)

SPELLINGS = {'spelt-0': '/spelt-0?q=\u00fc b#part', 'spelt-1':
             '/x/../spelt-1', 'spelt-2': '/spelt-2?', 'spelt-3':
             '/spelt-3?next=http://x/%2f%C3%BC', 'spelt-4': '/%73pelt-4'}
for name, url in SPELLINGS.items():
    scene(name, ok_with(doc(name, 1), ETag=WEAK), NOT_MODIFIED, url=url)
answers['/%73pelt-4'] = answers.pop('/spelt-4')
scene('onward', status(302, ('Location', '/x/../onward-2?q='
                        '\u00fc'.encode().decode('latin-1') + '#part')))
aside('/onward-2', ok_with(doc('onward', 1), ETag=WEAK), NOT_MODIFIED)

scene('charset', status(302, ('Location', '/\xd0\xc2\xce\xc5')))   # GBK
aside('/%D0%C2%CE%C5', ok_with(doc('charset', 1)))
scene('charset-host', status(302, ('Location', 'http://\xd0\xc2.example/')))

# ------------------------------------------------------------ the request

scene('plain', ok_with(doc('plain', 1), Set_Cookie='id=1; Path=/',
                       ETag='"p"'), NOT_MODIFIED, **{'user-agent': AGENT})
scene('query', ok_with(doc('query', 1)), url='/query?a=1&b=%20x;c#part')
scene('cookie', ok_with(doc('cookie', 1), Set_Cookie='id=1; Path=/'),
      status(302, ('Location', '/cookie-there'), ('Set-Cookie', 'hop=1')))
aside('/cookie-there', ok_with(doc('cookie', 1, 2)))
scene('squeezed', {**ok_with(doc('squeezed', 1, 2)), 'gzip': True})
scene('deflated', {**ok_with(doc('deflated', 1, 2)), 'deflate': True})
scene('bomb', {'body': '<rss>', 'gzip': 'bomb', 'times': 20})
scene('private', ok_with(doc('private', 1)), user='someone',
      password='secret', headers={'X-Token': 'secret'})
scene('private-for-good', status(301, ('Location', 'http://127.0.0.1:{other}'
                                       '/elsewhere-for-good')),
      user='someone', password='secret', headers={'X-Token': 'secret'})
scene('private-path', status(301, ('Location', '/private-path-2')),
      user='someone', password='secret')
aside('/private-path-2', ok_with(doc('private-path', 1)))
scene('private-moved', status(302, ('Location', 'http://127.0.0.1:{other}'
                                    '/elsewhere')), user='someone',
      password='secret', headers={'X-Token': 'secret', 'Cookie': 's=1'})
scene('to-private', status(301, ('Location',
                                 'http://127.0.0.2:{port}/inside')))
aside('/inside', ok_with(doc('inside', 1)))

# -------------------------------------------------------------- redirects

for code in (301, 302, 303, 307, 308):
    scene('r%d' % code, status(code, ('Location', '/to%d' % code)))
    aside('/to%d' % code, ok_with(doc('r%d' % code, 1), ETag='"%d"' % code),
          NOT_MODIFIED)
scene('mixed', status(301, ('Location', '/mixed-2')))
aside('/mixed-2', status(302, ('Location', '/mixed-3')))
aside('/mixed-3', ok_with(doc('mixed', 1)))
scene('brief', status(302, ('Location', '/brief-2')))
aside('/brief-2', status(301, ('Location', '/brief-3')))
aside('/brief-3', ok_with(doc('brief', 1)))
scene('straight', status(301, ('Location', '/straight-2')))
aside('/straight-2', status(308, ('Location', '/straight-3')))
aside('/straight-3', ok_with(doc('straight', 1)))
scene('wavering', status(301, ('Location', '/wavering-a')),
      status(301, ('Location', '/wavering-a')),
      status(301, ('Location', '/wavering-b')),
      status(301, ('Location', '/wavering-a')))
aside('/wavering-a', ok_with(doc('wavering', 1)))
aside('/wavering-b', ok_with(doc('wavering', 1)))
scene('to-a-page', status(301, ('Location', '/a-page')))
aside('/a-page', ok_with('<!DOCTYPE html><html><body>Sold</body></html>',
                         Content_Type='text/html'))
scene('loop', status(302, ('Location', '/loop-2')))
aside('/loop-2', status(302, ('Location', '/loop')))
scene('itself', status(301, ('Location', '/itself')))
scene('hop0', status(302, ('Location', '/hop1')))
for i in range(1, 7):
    aside('/hop%d' % i, status(302, ('Location', '/hop%d' % (i + 1))))
aside('/hop7', ok_with(doc('hop', 1)))
scene('five0', status(302, ('Location', '/five1')))
for i in range(1, 5):
    aside('/five%d' % i, status(302, ('Location', '/five%d' % (i + 1))))
aside('/five5', ok_with(doc('five', 1)))

# ------------------------------------------------------------ what it says

scene('greedy', {'body': (
    '<?xml version="1.0"?><?xml-stylesheet href="/extra/style.xsl"?>'
    '<!DOCTYPE rss SYSTEM "http://127.0.0.1:PORT/extra/rss.dtd" ['
    '<!ENTITY x SYSTEM "http://127.0.0.1:PORT/extra/entity">]>') +
    doc('greedy', more='<image><url>http://127.0.0.1:PORT/extra/logo.png'
        '</url></image>').split('?>', 1)[1].replace(
        '</channel>', '<item><link>http://127.0.0.1:PORT/extra/page</link>'
        '<title>One</title><enclosure url="http://127.0.0.1:PORT/extra/e"/>'
        '<description>&lt;img src="http://127.0.0.1:PORT/extra/i"&gt;'
        '</description></item></channel>')})
scene('delta', ok_with(doc('delta', 1, 2, 3), ETag='"1"'),
      {**status(226, ('IM', 'feed'), ('ETag', '"2"')),
       'body': doc('delta', 9)},
      {**status(226, ('IM', 'feed'), ('ETag', '"3"')),
       'body': doc('delta', 10, 11)}, NOT_MODIFIED)
scene('delta-unasked', {**status(226, ('IM', 'feed'), ('ETag', '"2"')),
                        'body': doc('delta-unasked', 9)})
scene('delta-damaged', ok_with(doc('delta-damaged', 1, 2), ETag='"1"'),
      {**status(226, ('IM', 'feed'), ('ETag', '"bad"')),
       'body': doc('delta-damaged', 3, 4)[:-40]})
scene('delta-other', {**status(226, ('IM', 'vcdiff'), ('ETag', '"2"')),
                      'body': doc('delta-other', 9)})
scene('gap', ok_with(doc('gap', 1, 2, 3)), ok_with(doc('gap', 7, 8, 9)))
scene('no-gap', ok_with(doc('no-gap', 1, 2, 3)),
      ok_with(doc('no-gap', 3, 4, 5)))
for i, (name, answer) in enumerate((
        ('error', status(500, body='no')), ('reset', {'reset': True}),
        ('short', {'body': doc('short', 1), 'cut': 30}),
        ('missing', status(404, body='no')))):
    scene('once-' + name, answer, host='127.0.0.%d' % (3 + i))


# ------------------------------------------------------------ five rounds

other = Origin(script={
    '/elsewhere': ok_with(doc('private-moved', 1)),
    '/elsewhere-for-good': ok_with(doc('private-for-good', 1))})
origin = Origin('--set', 'other=%d' % other.port,
                addresses=['127.0.0.%d' % i for i in range(1, 7)])
for a in answers['/greedy']:
    a['body'] = a['body'].replace('PORT', str(origin.port))
origin.set(answers)
mill = Mill(fetch={'jitter': '0%', 'concurrency-per-host': 8,
                   'allow-private-addresses': True},
            feeds={n: {'url': origin.url(where[n][1], where[n][0]), **o}
                   for n, o in feeds.items()})
visits, logs, ends = {n: [] for n in feeds}, [], []
for _ in range(ROUNDS):
    r = mill.round()
    ends.append(r.status)
    logs.append(r)
    for v in r.events('visit'):
        visits[v['source']].append(v)
requests = origin.requests()


def asked(path):
    return [q for q in requests if q['path'] == path]


def sent(path, name):
    """This header in each of the requests of a path."""
    return [q['h'].get(name) for q in asked(path)]


def conditions(path):
    return list(zip(sent(path, 'if-none-match'),
                    sent(path, 'if-modified-since')))


def outcomes(name):
    return [v['outcome'] for v in visits[name]]


def said(name, event):
    return [e for r in logs for e in r.events() if e.get('source') == name and
            event in e['event']]


same([len(v) for v in visits.values()], [ROUNDS] * len(visits),
     'every source has exactly one visit a round') or note(logs[-1])

same(sent('/weak', 'if-none-match'), [None] + 4 * [WEAK],
     'sends the ETag back byte for byte, W/ and quotes included')
same([sent('/tag%d' % i, 'if-none-match')[1:] for i in range(len(ODD_TAGS))],
     [4 * [None if '\t' in t else t] for t in ODD_TAGS],
     'sends odd ETags back byte for byte, UTF-8 or not; one with a control '
     'character not at all')
same([sent('/date%d' % i, 'if-modified-since') for i in
      range(len(ODD_DATES))], [[None] + 4 * [d] for d in ODD_DATES],
     'sends Last-Modified back byte for byte, whatever date it is or is not')
same(conditions('/both'), [(None, None)] + 4 * [('"b"', ODD_DATES[0])],
     'sends both validators if it was given both')
same(conditions('/new-on-304'),
     [(None, None), ('"1"', 'one'), ('"2"', 'one'), ('"2"', 'two'),
      ('"2"', 'two')],
     'takes new validators from a 304, keeps those it does not repeat')
same(conditions('/touched')[1:], [('"1"', 'one')] + 3 * [('"2"', 'two')],
     'takes new validators with a body that is the same')
same(outcomes('touched')[:3], ['ok', 'unchanged', 'not-modified'],
     'does not read the same bytes twice')
same(conditions('/same-second')[2], ('"2"', 'one'),
     'takes a new ETag though Last-Modified has stayed')
same(conditions('/vanished')[1:], [('"1"', 'one')] + 3 * [(None, None)],
     'no longer sends validators that have vanished from a 200')
same(conditions('/vanished-date')[1:],
     [('"1"', 'one')] + 3 * [('"1"', None)],
     'nor the one of the two that has')
same([c for c in conditions('/damaged') if 'bad' in str(c)], [],
     'keeps no validators of a damaged document')
same(outcomes('damaged')[1], 'damaged', '(which is told from a whole one)')
same(conditions('/page')[1:], 4 * [('"1"', None)],
     'keeps no validators of a page that is no feed, and loses none')
same(conditions('/failing')[1:], 4 * [('"1"', None)],
     'keeps no validators of an error, and loses none')
same(conditions('/lying'), 5 * [(None, None)],
     'keeps no validators of a 304 to a request without conditions')
same(outcomes('lying')[:3], ['protocol', 'protocol', 'ok'],
     'and takes such an answer for none')
same(conditions('/undated'), 5 * [(None, None)],
     'makes no date up: not from Date, the clock or the document')
same(conditions('/validators-moved'), [(None, None)] + 3 * [('"new"', None)],
     'never sends the validators of one URL to where it redirects')
same(conditions('/validators-move')[2:], 3 * [(None, None)],
     'nor those of the target to the URL that redirects')
same(conditions('/behind-it'), [(None, None)] + 4 * [(WEAK, 'b')],
     'sends validators to the URL behind a redirect that gave them')
same({n: sent(p, 'if-none-match') for n, p in (
    (n, '/%73pelt-4' if n == 'spelt-4' else '/' + n) for n in SPELLINGS)},
     {n: [None] + 4 * [WEAK] for n in SPELLINGS},
     'knows the URL of its validators however it is spelt')
same(sent('/onward-2', 'if-none-match'), [None] + 4 * [WEAK],
     'also in a redirect')
same((outcomes('charset')[0], outcomes('charset-host')[0]),
     ('ok', 'redirect'), 'a redirect in any charset is followed, byte by byte')

HEAD = ('GET /plain HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: %s\r\n'
        'Accept: application/atom+xml,application/rss+xml,'
        'application/feed+json,application/xml;q=0.9,'
        '*/*;q=0.1\r\nAccept-Encoding: gzip, deflate\r\nA-IM: feed\r\n'
        % (origin.port, AGENT))
same(asked('/plain')[0]['raw'], HEAD + '\r\n',
     'the first request is these bytes: User-Agent as configured, Accept, '
     'Accept-Encoding, A-IM, nothing else')
same(asked('/plain')[1]['raw'], HEAD + 'If-None-Match: "p"\r\n\r\n',
     'the next has one more line, If-None-Match')
ok(re.match(r'feedmill/[0-9.]+ \(.*\)$', sent('/both', 'user-agent')[0]),
   'calls itself feedmill/VERSION where nothing else is configured',
   sent('/both', 'user-agent'))
same({q['target'] for q in asked('/query')}, {'/query?a=1&b=%20x;c'},
     'the query goes as it is, nothing is added, the fragment stays here')
same({h for q in requests for h in q['h']} & {'referer', 'origin', 'dnt',
                                             'from', 'pragma'}, set(),
     'sends no Referer, no Pragma, nothing of the kind, also after redirects')
same([q['h']['cookie'] for q in requests if 'cookie' in q['h']
      and q['path'] != '/private-moved'], [],
     'keeps and sends no cookies, also within redirects')
same({q['method'] for q in requests}, {'GET'}, 'asks by GET alone')
same([q['target'] for q in requests if q['path'] not in answers], [],
     'one request a visit: no favicon, no DTD, no entity, no image, no '
     'guess')
same(len(asked('/greedy')), ROUNDS, '(of a document full of addresses)')
same([outcomes(n)[0] for n in ('squeezed', 'deflated')], ['ok', 'ok'],
     'reads gzip and deflate') or note(logs[0])
same(outcomes('bomb'), ROUNDS * ['too-large'],
     'a gzip bomb ends at max-size')

same(set(sent('/private', 'authorization')),
     {'Basic ' + base64.b64encode(b'someone:secret').decode()},
     'sends user and password where they belong')
away = other.requests('/elsewhere')
same(len(away), ROUNDS, 'follows a redirect to another port')
same([n for q in away for n in q['h'] if n in ('authorization', 'x-token',
                                               'cookie')], [],
     'and tells nobody else user, password, headers or cookies')
away = other.requests('/elsewhere-for-good')
same((len(away), [n for q in away for n in q['h'] if n in (
    'authorization', 'x-token')]), (ROUNDS, []),
     'nor where a permanent redirect leads')
same((len(asked('/private-for-good')),
      len(said('private-for-good', 'moved for good'))), (ROUNDS, 1),
     'which is told, but not stored: it would have to do without them')
same((len(asked('/private-path')), set(sent('/private-path-2',
                                            'authorization'))),
     (3, set(sent('/private', 'authorization'))),
     'within its origin such a source moves like others')
same(len(asked('/inside')), 0, 'a redirect to a private address elsewhere '
     'is not followed')
same(outcomes('to-private'), ROUNDS * ['refused-address'], 'and is told so')

for code in (301, 308):
    same((len(asked('/r%d' % code)), len(asked('/to%d' % code))), (3, 5),
         '%d three times in a row is believed: asked there directly' % code)
    moved = said('r%d' % code, 'moved for good')
    ok(len(moved) == 1 and moved[0].get('to') == origin.url('/to%d' % code)
       and moved[0].get('from') == origin.url('/r%d' % code),
       'and said once, with both URLs, for whoever keeps the configuration',
       moved)
    same(sent('/to%d' % code, 'if-none-match'), [None] + 4 * ['"%d"' % code],
         'its validators move along (%d)' % code)
for code in (302, 303, 307):
    same((len(asked('/r%d' % code)), len(asked('/to%d' % code))), (5, 5),
         '%d is followed each time, never stored' % code)
same([len(asked('/straight' + n)) for n in ('', '-2', '-3')], [3, 3, 5],
     'a chain of 301 and 308 is stored, by its end')
same([len(asked('/mixed' + n)) for n in ('', '-2', '-3')], [3, 5, 5],
     'where a 302 is in it, only what comes before that')
same(len(asked('/brief')), 5, 'nothing, where it begins with one')
same(len(asked('/wavering')), 5,
     'permanent redirects that change their mind are not stored')
same(len(asked('/to-a-page')), 5, 'nor those that lead to no feed')
same(outcomes('loop') + outcomes('itself'), 10 * ['redirect'],
     'a circle of redirects is called one')
ok(len(asked('/loop') + asked('/loop-2')) <= 6 * ROUNDS and
   len(asked('/itself')) == ROUNDS, 'and costs no more than its hops',
   (len(asked('/loop')), len(asked('/loop-2')), len(asked('/itself'))))
same((outcomes('five0'), outcomes('hop0')),
     (['ok'] + 4 * ['unchanged'], ROUNDS * ['redirect']),
     'five hops are followed, six are not')
same([len(asked('/hop%d' % i)) for i in range(8)], 6 * [5] + [0, 0],
     'the sixth hop is not asked')

entries = {e['key'] for e in mill.export().values()
           if e['key'].startswith('http://delta')}
same([(v['outcome'], v['new']) for v in visits['delta'][:4]],
     [('ok', '3'), ('ok', '1'), ('ok', '2'), ('not-modified', '0')],
     '226 is read as what is new')
same(said('delta', 'missed'), [], 'and is not mistaken for a gap')
same(sent('/delta', 'if-none-match'), [None, '"1"', '"2"', '"3"', '"3"'],
     'its ETag is the next request\'s: what is new since then')
same(said('delta', 'without announcing'), [], 'nor for a flood')
same(sent('/delta-unasked', 'if-none-match'), 5 * [None],
     '226 without a base is read, but does not vouch for what is missing')
same([c for c in sent('/delta-damaged', 'if-none-match') if c == '"bad"'],
     [], 'nor does a damaged one')
same(outcomes('delta-other')[0], 'http-error',
     '226 of another kind is refused')
same(len(said('gap', 'missed')), 1,
     'a document without a known entry is a gap, and is told once') or \
    note(said('gap', ''))
same(said('no-gap', 'missed'), [], 'one known entry is enough for none')
same([len(asked('/once-' + n)) for n in ('error', 'reset', 'short',
                                         'missing')], 4 * [ROUNDS],
     'nothing that fails is asked again at once')

same(ends, ROUNDS * [ends[0]], '(all rounds ended alike)')

before = len(requests)
r = mill.run('-v', 'run', '--once')
same(len(origin.requests()), before,
     'a start asks nobody who is not due, however many sources there are') \
    or note(r)

# A source is its name, or its URL.
feeds_now = mill.sections['feeds']
feeds_now['renamed'] = feeds_now.pop('both')
feeds_now['weak'] = {'url': origin.url('/weak-new')}
origin.set({'/weak-new': [ok_with(doc('weak', 1, 2), ETag='"n"'),
                          NOT_MODIFIED]})
mill.set()
r = mill.run('-v', 'run', '--once')
same([q['target'] for q in origin.requests()[before:]], ['/weak-new'],
     'a new URL is asked at once, a new name is not') or note(r)
mill.round()
same([q['h'].get('if-none-match') for q in origin.requests('/weak-new')],
     [None, '"n"'], 'no validator of the old URL goes to the new one')
same([origin.requests('/both')[-1]['h'].get(h) for h in
      ('if-none-match', 'if-modified-since')], ['"b"', ODD_DATES[0]],
     'a renamed source keeps its validators')


# ------------------------------------------------------------------- https

tls = certificate('127.0.0.1')
if tls:
    secure = Origin('--tls', *tls, '--set', 'plain=%d' % origin.port, script={
        '/safe': ok_with(doc('safe', 1), ETag='"s"'),
        '/down': status(301, ('Location', 'http://127.0.0.1:{plain}/up'))})
    mill = Mill(fetch={'allow-private-addresses': True},
                feeds={n: {'url': secure.url('/' + n, scheme='https'),
                           'ca-file': tls[0]} for n in ('safe', 'down')})
    r = mill.round()
    outcome = {v['source']: v['outcome'] for v in r.events('visit')}
    same(outcome.get('safe'), 'ok', 'https is read') or note(r)
    same((outcome.get('down'), len(origin.requests('/up'))),
         ('redirect', 0), 'https is never left for http')
else:
    skip('https is read', 'no openssl')
    skip('https is never left for http', 'no openssl')


# ------------------------------------------------------- when is the next?

H = 3600
RULES = []


def wait(name, seconds, answer, second=None, rule=None):
    """After this answer (and this second one) the wait is so long."""
    host = '127.0.1.%d' % (len(RULES) + 1)
    RULES.append((name, seconds, host, rule))
    origin_waits['/%d' % len(RULES)] = [answer, second or answer]


def says(*headers, more=''):
    return {'body': doc('wait', 1, more=more),
            'headers': [list(h) for h in headers]}


def date_in(seconds):
    return time.strftime('%a, %d %b %Y %H:%M:%S GMT',
                         time.gmtime(time.time() + seconds))


def every(distance_s):
    """Ten entries so far apart, the last one as long ago."""
    return {'body': rss(*[('http://every.example/%d' % i, 'Item %d' % i,
                           date_in(-i * distance_s), 'text')
                          for i in range(1, 11)]).decode()}


origin_waits = {}
INTERVAL, FLOOR, CAP = 1800, 900, 86400
wait('an interval where nothing is said', INTERVAL, says(), rule='interval')
wait('an entry every ten minutes: the interval', INTERVAL, every(600))
wait('an entry a day: every other hour, about', int((INTERVAL * 88000 / 4)
     ** 0.5), every(86400), rule='publishes rarely')
wait('an entry a month: not twice in nine hours', int((
    INTERVAL * 30 * 88000 / 4) ** 0.5), every(30 * 86400))
wait('max-age is waited for', 12 * H,
     says(('Cache-Control', 'public, max-age=43200')), rule='Cache-Control or Expires')
wait('max-age of a 304 too', 12 * H, says(('ETag', '"1"')),
     status(304, ('Cache-Control', 'max-age=43200')))
wait('max-age that a 304 does not repeat still holds', 12 * H,
     says(('ETag', '"1"'), ('Cache-Control', 'max-age=43200')), status(304))
wait('less Age', 12 * H - 5000, says(('Cache-Control', 'max-age=43200'),
                                     ('Age', '5000')))
wait('no-store means the interval, not at once', INTERVAL,
     says(('Cache-Control', 'no-store, max-age=43200')))
wait('so does max-age=0', INTERVAL, says(('Cache-Control', 'max-age=0')))
wait('max-age of ten years is a day', CAP,
     says(('Cache-Control', 'max-age=315360000')), rule='interval-max')
wait('garbage in Cache-Control is nothing', INTERVAL,
     says(('Cache-Control', 'max-age=soon, =, max-age')))
wait('Expires is waited for, by the server\'s own clock', 6 * H,
     says(('Date', 'Sat, 22 Feb 2025 12:00:00 GMT'),
          ('Expires', 'Sat, 22 Feb 2025 18:00:00 GMT')))
wait('less Age as well', 6 * H - 7200,
     says(('Date', 'Sat, 22 Feb 2025 12:00:00 GMT'), ('Age', '7200'),
          ('Expires', 'Sat, 22 Feb 2025 18:00:00 GMT')))
wait('Expires: 0 of a 304 ends what was said before', INTERVAL,
     says(('ETag', '"1"'), ('Date', 'Sat, 22 Feb 2025 12:00:00 GMT'),
          ('Expires', 'Sat, 22 Feb 2025 18:00:00 GMT')),
     status(304, ('Expires', '0')))
wait('max-age goes before Expires', 2 * H,
     says(('Cache-Control', 'max-age=7200'), ('Expires', date_in(36000))))
wait('Expires: 0 is nothing', INTERVAL, says(('Expires', '0')))
wait('ttl is waited for', 5 * H, says(more='<ttl>300</ttl>'), rule='ttl')
wait('a ttl of a minute hurries nobody', INTERVAL, says(more='<ttl>1</ttl>'))
wait('sy:updatePeriod is waited for', 6 * H, says(
    more='<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/'
    'syndication/">daily</sy:updatePeriod><sy:updateFrequency '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">4'
    '</sy:updateFrequency>'), rule='sy:updatePeriod')
for code in (429, 503, 403):
    wait('%d with Retry-After in seconds is obeyed' % code, 2 * H,
         status(code, ('Retry-After', '7200')), rule='Retry-After')
    wait('%d with Retry-After as a date is obeyed' % code, 5 * H,
         status(code, ('Date', 'Sat, 22 Feb 2025 12:00:00 GMT'),
                ('Retry-After', 'Sat, 22 Feb 2025 17:00:00 GMT')))
wait('a date in Retry-After counts from now where no Date is told', 2 * H,
     status(429, ('Retry-After', date_in(2 * H))))
wait('Retry-After with another error is obeyed as well', 2 * H,
     status(500, ('Retry-After', '7200')))
wait('Retry-After sooner than the back-off hurries nobody', 2 * INTERVAL,
     status(503, ('Retry-After', '60')))
wait('Retry-After of a week is a day', CAP,
     status(429, ('Retry-After', '604800')))
for value in ('-5', 'soon', 'Sat, 22 Feb 2003 17:00:00 GMT', '0', ''):
    wait('Retry-After "%s" is a failure like others' % value, 2 * INTERVAL,
         status(429, ('Retry-After', value)))
wait('a failure waits for the interval, the second twice', 2 * INTERVAL,
     status(500))
wait('404 backs off too', 2 * INTERVAL, status(404))
wait('a failure is not asked sooner than ttl says', 5 * H,
     says(more='<ttl>300</ttl>'), status(500))
wait('after a gap it looks sooner, at the floor', FLOOR,
     {'body': doc('gap2', 1, 2)}, {'body': doc('gap2', 8, 9)}, rule='entries may have been missed')
hour = time.gmtime().tm_hour
SKIPPED = ''.join('<hour>%d</hour>' % h for h in range(24)
                  if h != (hour + 5) % 24)
wait('skipHours are skipped', None,
     says(more='<skipHours>%s</skipHours>' % SKIPPED),
     rule='skipHours or skipDays')
today = time.gmtime().tm_wday
SKIPPED_DAYS = ''.join('<day>%s</day>' % d for i, d in enumerate(
    ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday',
     'Sunday')) if i != (today + 1) % 7)
wait('skipDays are skipped', None,
     says(more='<skipDays>%s</skipDays>' % SKIPPED_DAYS),
     rule='skipHours or skipDays')

waits = Origin(addresses=[w[2] for w in RULES], script=origin_waits)
mill = Mill(fetch={'jitter': '0%', 'allow-private-addresses': True},
            feeds={'w%d' % (i + 1): {'url': waits.url('/%d' % (i + 1), w[2])}
                   for i, w in enumerate(RULES)})
mill.round()
mill.round()
asked_before = len(waits.requests())
same(asked_before, 2 * len(RULES), '(two rounds of answers about time)')


r = mill.run('status', '--format', 'json')
rows = {s['name']: s for s in json.loads(r.out)['sources']}
for i, (name, seconds, host, rule) in enumerate(RULES):
    row = rows['w%d' % (i + 1)]
    last, due = seconds_of(row['last_visit']), seconds_of(row['next_visit'])
    if 'Hours' in name:     # an hour may have begun meanwhile
        ok(time.gmtime(due).tm_hour == (hour + 5) % 24 and
           3 * H <= due - last <= 5 * H, name, row)
    elif 'Days' in name:
        ok(due % CAP == 0 and 0 < due - last <= CAP or
           time.gmtime(last).tm_wday != today, name, row)
    else:
        early = 60 if 'from now' in name else 2     # since it was written
        if 'an entry a' in name:
            early = seconds // 20
        ok(-early <= due - last - seconds <= 2, name, 'waits %d s, not %d\n%s' % (
            due - last, seconds, row))
for i, (name, seconds, host, rule) in enumerate(RULES):
    if rule:
        r = mill.run('status', '--why', 'w%d' % (i + 1))
        matches('^because of +%s$' % rule, r.out,
                'status --why names the rule: ' + rule)
mill.run('run', '--once')
same(len(waits.requests()), asked_before,
     'and nobody is asked before, also after a restart')
done()
