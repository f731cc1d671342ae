#!/usr/bin/env python3
"""Where feedmill must not go: every form of a private address, in every place
where a server or a name could put it.

In a network namespace of its own, from which nothing can be reached: there
11.22.33.44 and 2600:77::1 play the Internet, and on all that is private
somebody listens who writes down whoever comes.  Nobody may.
"""
import ipaddress
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

PUBLIC = ['11.22.33.44', '2600:77::1']
PRIVATE = ['127.0.0.1', '10.1.2.3', '192.168.77.1', '100.64.7.7',
           '169.254.169.254', '203.0.113.10', '198.18.0.1', '::1',
           'fd00:77::1']

enter_namespace(__file__)

# Each as a URL may have it.
FORMS = {
    'dotted': '127.0.0.1', 'all of its net': '127.255.0.7',
    'short': '127.1', 'decimal': '2130706433', 'hexadecimal': '0x7f000001',
    'octal': '0177.0.0.1', 'mixed': '0x7f.0.1', 'zero': '0.0.0.0',
    'nothing': '0', 'private 10': '10.1.2.3', 'decimal 10': '167838211',
    'private 172': '172.16.0.1', 'private 192': '192.168.77.1',
    'carrier': '100.64.7.7', 'metadata': '169.254.169.254',
    'decimal metadata': '2852039166', 'hexadecimal metadata': '0xa9fea9fe',
    'documentation': '203.0.113.10', 'benchmark': '198.18.0.1',
    'multicast': '224.0.0.1', 'broadcast': '255.255.255.255',
    'loopback 6': '[::1]', 'nothing 6': '[::]',
    'mapped': '[::ffff:127.0.0.1]', 'mapped, hexadecimal': '[::ffff:7f00:1]',
    'mapped metadata': '[::ffff:169.254.169.254]',
    'mapped 10': '[::ffff:10.1.2.3]', 'compatible': '[::127.0.0.1]',
    'NAT64': '[64:ff9b::7f00:1]', 'NAT64 metadata': '[64:ff9b::a9fe:a9fe]',
    'NAT64, local': '[64:ff9b:1::a01:203]', '6to4': '[2002:7f00:1::1]',
    '6to4 metadata': '[2002:a9fe:a9fe::1]', 'Teredo': '[2001::7f00:1]',
    'unique local': '[fd00:77::1]', 'link-local 6': '[fe80::1]',
    'site-local': '[fec0::1]', 'multicast 6': '[ff02::1]',
    'localhost': 'localhost', 'localhost, spelt': 'LocalHost.',
    'below localhost': 'a.b.localhost', 'percent': '%31%32%37.0.0.1',
    'full width': '\uff11\uff12\uff17.0.0.1',
    'full stops': '127\u30020\u30020\u30021',
}
# What a name may be said to stand for.
NAMED = PRIVATE + ['0.0.0.0', '127.255.0.7', '::', '::ffff:127.0.0.1',
                   '::ffff:169.254.169.254', '::127.0.0.1',
                   '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe',
                   '2002:7f00:1::1', '2001::7f00:1', 'fe80::1']


# --------------------------------------------------------------- names

def name_of(address):
    """Whose only address that is."""
    return '%s.is.test' % ipaddress.ip_address(address).packed.hex()


asked = {}


def addresses(name, kind):
    """What the name says it is."""
    label = name.split('.')[0]
    n = asked[name, kind] = asked.get((name, kind), 0) + 1
    if name.endswith('.is.test'):
        return [ipaddress.ip_address(bytes.fromhex(label))]
    return {
        'good': PUBLIC, 'both': PUBLIC + ['127.0.0.1', '::1'],
        # To begin with it is what it says, and later it is not.
        'rebind': [PUBLIC[0] if n == 1 else '127.0.0.1'],
        'flip': [[PUBLIC[0], '10.1.2.3'][n % 2]],
        # Four and six, one of them a lie.
        'six': [PUBLIC[0], '::1'], 'four': [PUBLIC[1], '127.0.0.1'],
    }.get(label, [])


names = Names(addresses)


# ------------------------------------------------------------ all the places

def to(url, code=302):
    return {'status': code, 'headers': [
        ['Location', url.encode().decode('latin-1')]]}


script = {'/good': feed_of('good'), '/home-moved': to('/good')}
decoy = Origin(addresses=PRIVATE, script=script)
public = Origin('--port', str(decoy.port), addresses=PUBLIC, script=script)
PORT = decoy.port
feeds, expected = {}, {}


def add(name, url, outcome='refused-address', **more):
    feeds[name] = {'url': url, **more}
    expected[name] = outcome


def at(host, path):
    return 'http://%s:%d/%s' % (host, PORT, path)


def sent(name, target, code=302, hops=1):
    """A source of the Internet that sends us there."""
    path = '/%d' % len(script)
    add(name, at(PUBLIC[0], path[1:]))
    for i in range(hops - 1):
        script[path] = to(path + 'x')
        path += 'x'
    script[path] = to(target, code)


for form, host in FORMS.items():
    add('configured: ' + form, at(host, 'c/' + form.replace(' ', '-')))
    sent('redirect: ' + form, at(host, 'r'))
    sent('third redirect: ' + form, at(host, 'r'), hops=3)
sent('for good', at('127.0.0.1', 'r'), 301)
sent('for good, 308', at('[::1]', 'r'), 308)
sent('without a scheme', '//127.0.0.1:%d/r' % PORT)
sent('with blanks', '\t http://127.0.0.1:%d/r' % PORT)
for address in NAMED:
    name = name_of(address)
    add('name: ' + address, at(name, 'n'))
    add('alias: ' + address, at('alias-' + name, 'n'))
    sent('redirect to a name: ' + address, at(name, 'n'))
for address in PUBLIC:
    add('public: ' + address, at(name_of(address), 'good'), 'ok')
    add('public alias: ' + address, at('alias-' + name_of(address), 'good'),
        'ok')
for name in ('both', 'six', 'four'):
    add('public and private: ' + name, at(name + '.test', 'good'), 'ok')
for host in ('127.0.0.1', '[::1]', 'localhost', '10.1.2.3', '[fd00:77::1]',
             name_of('192.168.77.1'), '[::ffff:127.0.0.1]'):
    add('allowed: ' + host, at(host, 'home-moved'), 'ok',
        **{'allow-private-addresses': True})
# Allowed is the own host alone.
script['/lent'] = to('http://169.254.169.254:{port}/secret')
script['/lent-name'] = to('http://%s:{port}/secret' % name_of('10.1.2.3'))
add('allowed, then elsewhere', at('127.0.0.1', 'lent'),
    **{'allow-private-addresses': True})
add('allowed, then a name', at('127.0.0.1', 'lent-name'),
    **{'allow-private-addresses': True})
add('rebinding', at('rebind.test', 'good'), 'ok')
for o in (decoy, public):
    o.set(script)
MAY = {'/home-moved', '/good', '/lent', '/lent-name'}


def leaked():
    return [(q['path'], q['h'].get('host')) for q in decoy.requests()
            if q['path'] not in MAY]


mill = Mill(fetch={'jitter': '0%', 'concurrency-per-host': 64}, feeds=feeds)
r = mill.round()
got = {v['source']: (v['outcome'], v['status']) for v in r.events('visit')}
same(sorted(feeds), sorted(got), '(every source has a visit)') or note(r)
places = {}
for name, outcome in expected.items():
    places.setdefault(name.partition(':')[0], []).append(name)
for place, those in places.items():
    same({n: got.get(n, (None,))[0] for n in those
          if got.get(n, (None,))[0] != expected[n]}, {},
         '%s (%d)' % (place, len(those)))
same([n for n in feeds if n.startswith('configured') and
      got.get(n, (0, '0'))[1] != '0'], [], 'nobody has answered there')
same(leaked(), [], 'nobody came to a private address')
same(len([q for q in decoy.requests() if q['path'] == '/home-moved']),
     7, '(but for those who may, so there is somebody)')

# ---------------------------------------------------- names that change

r = mill.round()
got = {v['source']: v['outcome'] for v in r.events('visit')}
same(got.get('rebinding'), 'refused-address',
     'rebinding: the next visit asks again, and is refused') or note(r)
before = len([q for q in decoy.requests() if q['path'] == '/good'])
mill.set(feeds={'flip': {'url': at('flip.test', 'good')}})
outcomes = []
for _ in range(4):
    outcomes += [v['outcome'] for v in mill.round().events('visit')]
same(outcomes, ['refused-address', 'ok', 'refused-address', 'unchanged'],
     'a name that is never the same is reached where it is public')
same(len([q for q in decoy.requests() if q['path'] == '/good']), before,
     'and nowhere else')

# ----------------------------------------------------------- other verbs

for words in (('fetch', '--dry-run', at('127.0.0.1', 'verb')),
              ('discover', at('[::ffff:7f00:1]', 'verb')),
              ('add', at(name_of('10.1.2.3'), 'verb')),
              ('fetch', at('2130706433', 'verb'))):
    r = mill.run(*words)
    ok(r.status not in (0, None) and 'not public' in r.out + r.err,
       'feedmill %s refuses, too' % words[0], r)
same(leaked(), [], 'and nobody came')
done()
