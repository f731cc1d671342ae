#!/usr/bin/env python3
"""What only some may know: user and password, Basic or Digest, headers with a
token, tokens in a URL, client certificates.  They get to the feed's own origin
and nowhere else, and are in no log, status, report, page or file.
"""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *


def away(path, port, host='127.0.0.1', scheme='http'):
    return {'status': 302, 'headers': [
        ['Location', '%s://%s:{%s}%s' % (scheme, host, port, path)]]}


DAMAGED = with_etag('damaged')
DAMAGED['body'] = DAMAGED['body'][:-30]
CHALLENGE = ['WWW-Authenticate', 'Digest realm="other", qop="auth", '
             'algorithm=MD5, nonce="1"']

other = Origin(addresses=['127.0.0.1', '127.0.0.2'], script={
    '/basic': with_etag('basic-away'), '/headers': with_etag('headers-away'),
    '/digest': {'status': 401, 'headers': [CHALLENGE], 'body': 'who?'}})
origin = Origin('--set', 'other=%d' % other.port, script={
    '/basic': with_etag('basic'),
    '/digest': with_etag('digest', digest=['ann', 'pa55-digest']),
    '/digest-wrong': with_etag('digest-wrong', digest=['ann', 'pa55-digest']),
    '/headers': with_etag('headers'), '/token': with_etag('token'),
    '/open': with_etag('open'), '/s3cret-path': with_etag('whole'),
    '/damaged': DAMAGED,
    '/moved': {'status': 301, 'headers': [
        ['Location', '/moved-2?token=s3cret-moved']]},
    '/moved-2': with_etag('moved'),
    '/s3cret-moved': {'status': 301, 'headers': [
        ['Location', '/s3cret-path']]},
    '/forbidden': {'status': 401, 'body': 'no',
                   'headers': [['WWW-Authenticate', 'Basic realm="x"']]},
    '/basic-away': away('/basic', 'other'),
    '/digest-away': away('/digest', 'other'),
    '/headers-away': away('/headers', 'other'),
    '/basic-host': away('/basic', 'other', '127.0.0.2')})

SECRETS = {'user': 'ann', 'password': 'pa55-basic'}
DIGEST = {'user': 'ann', 'password': 'pa55-digest', 'auth': 'digest'}
HEADERS = {'headers': {'X-Api-Key': 's3cret-key', 'Cookie': 'id=s3cret-id',
                       'Authorization': 'Bearer s3cret-bearer'}}
feeds = {
    'basic': SECRETS, 'digest': DIGEST, 'headers': HEADERS,
    'digest-wrong': {**DIGEST, 'password': 'pa55-wrong'},
    'forbidden': SECRETS, 'damaged': {**SECRETS, **HEADERS},
    'basic-away': SECRETS, 'digest-away': DIGEST, 'headers-away': HEADERS,
    'basic-host': SECRETS,
}
feeds = {n: {'url': origin.url('/' + n), **o} for n, o in feeds.items()}
feeds['moved'] = {'url': origin.url('/moved?token=s3cret-moved')}
feeds['token'] = {'url': origin.url('/token?page=2&token=s3cret-token')}
feeds['open'] = {'url': origin.url('/open')}
feeds['broken'] = {'url': 'http://127.0.0.1:%d/?api_key=s3cret-query'
                   % free_port(), **SECRETS, **HEADERS}
feeds['whole'] = {'url': '!env SECRET_URL'}
os.environ['SECRET_URL'] = origin.url('/s3cret-moved')
mill = Mill(fetch={'allow-private-addresses': True, 'keep-bad': 'bad',
                   'jitter': '0%'}, log={'level': 'debug'}, feeds=feeds)
write(mill.conf, read(mill.conf).decode().replace(
    '"!env SECRET_URL"', '!env SECRET_URL'))
rounds = [mill.round(), mill.round()]
got = {v['source']: v for v in rounds[0].events('visit')}
again = {v['source']: v['outcome'] for v in rounds[1].events('visit')}


def outcomes(name):
    return got.get(name, {}).get('outcome'), again.get(name)


def sent(name, header, on=origin):
    return [q['h'].get(header) for q in on.requests('/' + name)]


basic = 'Basic ' + base64.b64encode(b'ann:pa55-basic').decode()
GOOD = ('ok', 'not-modified')
same((outcomes('basic'), sent('basic', 'authorization')),
     (GOOD, 2 * [basic]), 'user and password as Basic, at once') or \
    note(rounds[0])
same(outcomes('digest'), GOOD, 'as Digest') or note(rounds[0])
tries = sent('digest', 'authorization')
same([(t or 'none').split(' ')[0] for t in tries],
     2 * ['none', 'Digest'], 'which is asked for first, and tells nobody the '
     'password')
same(outcomes('digest-wrong'), ('http-error', 'http-error'),
     'a wrong one is refused')
same(len(sent('digest-wrong', 'host')), 4, 'and not tried again')
matches('authentication required', got['digest-wrong']['reason'],
        'with a reason')
same((outcomes('headers'), sent('headers', 'x-api-key'),
      sent('headers', 'authorization'), sent('headers', 'cookie')),
     (GOOD, 2 * ['s3cret-key'], 2 * ['Bearer s3cret-bearer'],
      2 * ['id=s3cret-id']), 'headers with a token, also well-known ones')
same(outcomes('whole'), GOOD, 'a URL that is a secret as a whole')
same((outcomes('token'), {q['target'] for q in origin.requests('/token')}),
     (GOOD, {'/token?page=2&token=s3cret-token'}), 'a token of the URL')
same({n for q in origin.requests('/open') for n in q['h']} &
     {'authorization', 'x-api-key', 'cookie'}, set(),
     'a neighbour without them is asked without them, on any connection')
same(sorted(set(q['path'] for q in other.requests())),
     ['/basic', '/digest', '/headers'], '(redirects to other origins)')
same([q['h'][n] for q in other.requests() for n in
      ('authorization', 'x-api-key', 'cookie') if n in q['h']], [],
     'no other port and no other host is told any of it, not even one that '
     'asks for Digest')

# ----------------------------------------------------------------- no trace

said = {'the log': ''.join(r.err + r.out for r in rounds)}
daemon = mill.start()
for words in (('status',), ('status', '--format', 'json'), ('feeds',),
              ('status', '--failing'), ('feeds', '--format', 'json'),
              ('feeds', '--format', 'opml'), ('check', '--dump'),
              ('fetch', *feeds), ('fetch', '--full', *feeds),
              ('fetch', '--dry-run', *feeds), ('export',)):
    r = mill.run(*words)
    said['feedmill ' + ' '.join(words[:2])] = r.out + r.err
for name in feeds:
    said['status --why ' + name] = mill.run('status', '--why', name).out
for path in ('/status', '/status.json', '/metrics', '/all.atom',
             '/all.html', '/all.json', '/all.opml'):
    a = eventually(lambda: (lambda a: a.status == 200 and a)(
        get(mill.url + path)))
    said[path] = a.body.decode() if a else ''
same(sorted(e['source'] for e in daemon.events() if 'moved for good' in
            e['event']), ['moved', 'whole'], '(two have moved for good)')
daemon.stop()
said['the daemon\'s log'] = daemon.log
files = []
for top, _, names in os.walk(mill.state):
    files += [os.path.join(top, n) for n in names if n != 'feedmill.sock']
for path in files:
    if not path.endswith(('.db', '-wal', '.gz')):
        said[path] = read(path).decode('latin-1')
ok([p for p in files if '/bad/' in p], '(a document was kept)', files)
ok(all(said.values()), '(all of them say something)',
   [k for k, v in said.items() if not v])
same(sorted({(where, s) for where, text in said.items() for s in (
    'pa55', 's3cret', base64.b64encode(b'ann:pa55-basic').decode(),
    base64.b64encode(b'ann:pa55-digest').decode())
    if s in text}), [],
    'no secret is in a log, an answer, a page, a kept document or a report')
db = b''.join(read(p) for p in files if p.endswith(('.db', '-wal')))
same([s for s in (b'pa55', b's3cret-key', b's3cret-bearer', b's3cret-id',
                  basic.encode()) if s in db], [],
     'no user, password or header is in the database')

# ------------------------------------------------------- client certificates

server, client, stranger = (certificate(n, '127.0.0.1') for n in
                            ('server', 'client', 'stranger'))
if not server:
    skip('client certificates', 'no openssl')
    done()
strict = Origin('--tls', *server, '--client-ca', client[0], script={
    '/' + n: with_etag(n) for n in (
        'good', 'joined', 'none', 'wrong', 'absent', 'keyless', 'mixed',
        'no-ca')})
lax = Origin('--tls', *server, '--set', 'strict=%d' % strict.port, script={
    '/away': away('/good', 'strict', scheme='https')})
joined = write(os.path.join(folder(), 'both.pem'),
               read(client[0]) + read(client[1]))


def source(name, cert=None, key=None, on=strict, **more):
    more = {'ca-file': server[0], **more}
    if cert:
        more['client-cert'] = cert
    if key:
        more['client-key'] = key
    return {'url': on.url('/' + name, scheme='https'), **more}


top = folder()
# Files of their own: who shows the same one may use the same connection.
keyless, mixed = (write('%s/%s.pem' % (top, n), read(client[0]))
                  for n in ('keyless', 'mixed'))
feeds = {
    'good': source('good', *client), 'joined': source('joined', joined),
    'none': source('none'), 'wrong': source('wrong', *stranger),
    'absent': source('absent', top + '/absent.pem'),
    'keyless': source('keyless', keyless),
    'mixed': source('mixed', mixed, stranger[1]),
    'no-ca': source('no-ca', *client, **{'ca-file': top + '/no-ca.pem'}),
    'away': source('away', *client, on=lax),
}
mill = Mill(fetch={'allow-private-addresses': True}, feeds=feeds)
r = mill.round()
got = {v['source']: v for v in r.events('visit')}
same([got[n]['outcome'] for n in ('good', 'joined')], 2 * ['ok'],
     'a client certificate by path, its key in another file or the same') or \
    note(r)
same({n: got[n]['outcome'] for n in feeds},
     {n: 'ok' if n in ('good', 'joined') else 'tls' for n in feeds},
     'none, a stranger\'s, one without its key or not there: no TLS') or \
    note(r)
same(len(strict.requests('/good')), 1,
     'it is shown to the feed\'s own origin, not to where that redirects')
for name, path in (('absent', top + '/absent.pem'), ('keyless', keyless),
                   ('mixed', stranger[1]), ('no-ca', top + '/no-ca.pem')):
    ok(path in got[name]['reason'], 'the reason names the file: ' + name,
       got[name])
r = mill.run('check')
for path in (top + '/absent.pem', top + '/no-ca.pem'):
    matches(r'feedmill\.yaml:\d+:\d+: warning: .* cannot be read here: %s: '
            'No such file' % re.escape(path), r.err + r.out,
            'check tells the line: ' + os.path.basename(path))
same(r.status, 0, 'which is no mistake: it may come yet')
done()
