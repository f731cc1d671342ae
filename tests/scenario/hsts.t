#!/usr/bin/env python3
"""Hosts that want to be asked by https alone (RFC 6797), and get it: in
orders and redirects, after a restart, until they take it back.

All names here end in .localhost, which needs no name server; plain and secure
are one origin each, at ports of their own.  "http" with the secure port is
what nobody but who has been told so asks by https.
"""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

YEAR = ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains']


tls = certificate('a.localhost', 'x.a.localhost', 'c.localhost', '127.0.0.1')
stranger = certificate('d.localhost')
if not tls:
    skip_all('no openssl')

plain = Origin(script={
    '/plain': feed_of('plain', YEAR), '/again': feed_of('again'),
    '/address': feed_of('address'), '/stranger': feed_of('stranger')})
unknown = Origin('--tls', *stranger, script={'/': feed_of('unknown', YEAR)})
secure = Origin('--tls', *tls, '--set', 'plain=%d' % plain.port, script={
    '/says': feed_of('says', YEAR),
    '/elsewhere': feed_of('elsewhere', ['Strict-Transport-Security',
                                        'max-age=31536000']),
    '/address': feed_of('by-address', YEAR),
    '/same': feed_of('same', ['ETag', '"s"']), '/below': feed_of('below'),
    '/beside': feed_of('beside'),
    '/onward': {'status': 302, 'headers': [
        ['Location', 'http://a.localhost:{port}/landed']]},
    '/landed': feed_of('landed'),
    '/downward': {'status': 302, 'headers': [
        ['Location', 'http://c.localhost:{plain}/again']]},
    '/private': feed_of('private'),
})


def source(origin, host, path, scheme='http', **more):
    return {'url': origin.url(path, host, scheme), **more}


first = {
    'says': source(secure, 'a.localhost', '/says', 'https'),
    'plain': source(plain, 'b.localhost', '/plain'),
    'address': source(secure, '127.0.0.1', '/address', 'https'),
    'unknown': source(unknown, 'd.localhost', '/', 'https'),
    'elsewhere': source(secure, 'c.localhost', '/elsewhere', 'https'),
}
mill = Mill(fetch={'allow-private-addresses': True, 'ca-file': tls[0],
                   'jitter': '0%'}, feeds=first)


def visits(r):
    return {v['source']: v['outcome'] for v in r.events('visit')}


def hosts():
    db = sqlite3.connect(mill.path('feedmill.db'))
    try:
        return db.execute('SELECT host, subdomains FROM hsts '
                          'ORDER BY host').fetchall()
    finally:
        db.close()


r = mill.round()
same(visits(r), {'says': 'ok', 'plain': 'ok', 'address': 'ok',
                 'unknown': 'tls', 'elsewhere': 'ok'},
     '(a round in which hosts say what they want)') or note(r)
same(hosts(), [('a.localhost', 1), ('c.localhost', 0)],
     'it is kept for the next process: what was said over https by a host '
     'with a good certificate and a name')

# Another process: what is asked by http here is not what it says.
mill.set(feeds={
    'same': source(secure, 'a.localhost', '/same'),
    'below': source(secure, 'x.a.localhost', '/below'),
    'beside': source(secure, 'x.c.localhost', '/beside'),
    'onward': source(secure, 'a.localhost', '/onward', 'https'),
    'downward': source(secure, 'c.localhost', '/downward', 'https',
                       timeout='2s'),
    'plain': source(plain, 'b.localhost', '/again'),
    'address': source(plain, '127.0.0.1', '/address'),
    'stranger': source(plain, 'd.localhost', '/stranger'),
    'private': source(secure, 'a.localhost', '/private', user='someone',
                      password='secret'),
})
r = mill.round()
now = visits(r)
same(now.get('same'), 'ok', 'http becomes https before anything is '
     'connected') or note(r)
same(now.get('below'), 'ok', 'also below a host that speaks for those')
same((now.get('beside'), len(secure.requests('/beside'))), ('protocol', 0),
     'not below one that does not')
same((now.get('onward'), len(secure.requests('/landed'))), ('ok', 1),
     'in a redirect, too: https is not left')
same((now.get('downward') in ('tls', 'timeout'),
      len(plain.requests('/again'))), (True, 1),
     'even where nobody speaks it at that port: there is no way back')
same((now.get('plain'), now.get('address'), now.get('stranger')),
     ('ok', 'ok', 'ok'),
     'not what was said over http, by an address, or behind a bad '
     'certificate')
same({q['h'].get('authorization') for q in secure.requests('/private')},
     {'Basic c29tZW9uZTpzZWNyZXQ='}, 'user and password go along')

r = mill.run('fetch', 'same')
matches(r'^\* http://a\.localhost:%d/same is asked by https: its host wants '
        r'it so \(HSTS\)$' % secure.port, r.out, 'fetch shows it') or note(r)
r = mill.run('status', '--why', 'same')
matches(r'^asked by https until +20\d\d-.*HSTS', r.out,
        'status --why tells it, and until when') or note(r)
daemon = mill.start()
r = mill.run('status', '--why', 'same')
matches(r'^asked by https until +20\d\d-.*HSTS', r.out,
        'the daemon does, too') or note(r)
r = mill.run('status', '--why', 'plain')
ok('https' not in r.out, 'and not of others', r)
daemon.stop()

r = mill.round()
moved = [e for e in r.events() if 'moved for good' in e['event'] and
         e.get('source') == 'same']
same([e.get('to') for e in moved],
     [secure.url('/same', 'a.localhost', 'https')],
     'three times is for good: whoever keeps the configuration is told') or \
    note(r)
same([q['h'].get('if-none-match') for q in secure.requests('/same')],
     [None, '"s"', '"s"'], 'its validators are those of the https URL')
r = mill.round()
same(visits(r).get('same'), 'unchanged',
     'from then on it is asked there, at the address it was allowed') or \
    note(r)

# Those that store nothing; by http that port is not understood.
landed = secure.url('/landed', 'a.localhost', 'http')
for words, said in ((('fetch', '--dry-run', 'same'), '(?m)^outcome +ok'),
                    (('fetch', '--dry-run', landed), '(?m)^outcome +ok'),
                    (('discover', landed), '\trss\t')):
    r = mill.run(*words)
    matches(said, r.out, ' '.join(words[:-1]) + ' asks by https') or note(r)
r = mill.run('check', '--feeds')
matches('(?m)^ok +same: ', r.out, 'check --feeds, too') or note(r)

# Taken back.
secure.set({'/says': feed_of('says', ['Strict-Transport-Security',
                                      'max-age=0'])})
mill.set(feeds={'says': first['says'],
                'fresh': source(secure, 'x.a.localhost', '/fresh')})
mill.run('fetch', 'says')
same(hosts(), [('c.localhost', 0)], 'max-age=0 takes it back')
r = mill.run('fetch', 'fresh')
matches('^outcome +protocol', r.out, 'and http is http again') or note(r)
done()
