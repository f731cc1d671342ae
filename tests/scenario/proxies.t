#!/usr/bin/env python3
"""Sources behind proxies: HTTP and SOCKS, for all or for one, with and without
a password; and what a proxy must not make possible.

The names asked for exist nowhere but in the proxies here, which lead them all
to one origin: a name that were resolved on this side would not be found.
"""
import base64
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
from http.client import HTTPConnection

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *


def copy(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    except OSError:
        pass
    finally:
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def join(a, b):
    t = threading.Thread(target=copy, args=(b, a), daemon=True)
    t.start()
    copy(a, b)
    t.join(10)


class Proxy:
    """Leads every name to one port here; asked: what it was asked for."""

    def __init__(self, serve, password=None, tls=None):
        self.asked, self.password = [], password
        proxy = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.settimeout(30)
                try:
                    serve(proxy, context.wrap_socket(
                        self.request, server_side=True) if tls else
                        self.request)
                except (OSError, IndexError, struct.error):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        at_end(self.server.shutdown)

    def hosts(self):
        return [a['host'] for a in list(self.asked)]


def connect(port):
    return socket.create_connection(('127.0.0.1', port), 10)


def read_exactly(s, n):
    data = b''
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise OSError('closed')
        data += more
    return data


def http_proxy(proxy, s):
    head = b''
    while b'\r\n\r\n' not in head:
        data = s.recv(4096)
        if not data:
            return
        head += data
    head = head.split(b'\r\n\r\n', 1)[0]
    lines = head.decode('latin-1').split('\r\n')
    method, target, _ = lines[0].split(' ')
    headers = dict((k.lower(), v.strip()) for k, v in
                   (line.split(':', 1) for line in lines[1:]))
    where = target if method == 'CONNECT' else target.split('/')[2]
    name, _, port = where.rpartition(':')
    proxy.asked.append({'host': name, 'method': method, 'target': target,
                        'h': headers})
    if proxy.password and headers.get('proxy-authorization') != \
            'Basic ' + base64.b64encode(proxy.password.encode()).decode():
        s.sendall(b'HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n'
                  b'Proxy-Authenticate: Basic realm="x"\r\n'
                  b'Connection: close\r\n\r\n')
        return
    if method == 'CONNECT':
        there = connect(int(port))
        s.sendall(b'HTTP/1.1 200 Connected\r\n\r\n')
        join(s, there)
    else:
        s.sendall(forwarded(int(port), '/' + target.split('/', 3)[3],
                            headers))


def forwarded(port, target, headers):
    c = HTTPConnection('127.0.0.1', port, timeout=10)
    c.request('GET', target, headers={
        k: v for k, v in headers.items() if not k.startswith('proxy-')})
    r = c.getresponse()
    body = r.read()
    lines = ['HTTP/1.1 %d %s' % (r.status, r.reason)] + [
        '%s: %s' % h for h in r.getheaders()]
    c.close()
    return '\r\n'.join(lines + ['Connection: close', '', '']).encode(
        'latin-1') + body


def read_word(s):
    """Bytes up to a zero."""
    word = b''
    while (c := read_exactly(s, 1)) != b'\0':
        word += c
    return word.decode()


def socks4a_proxy(proxy, s):
    """After the version and the command."""
    port, address = struct.unpack('>H4s', read_exactly(s, 6))
    read_word(s)                                    # the user
    proxy.asked.append({'host': read_word(s), 'kind': address})
    there = connect(port)
    s.sendall(b'\0\x5a' + bytes(6))
    join(s, there)


def socks_proxy(proxy, s):
    version, n = read_exactly(s, 2)
    if version == 4:
        return socks4a_proxy(proxy, s)
    methods = read_exactly(s, n)
    if proxy.password:
        if 2 not in methods:
            s.sendall(b'\x05\xff')
            return
        s.sendall(b'\x05\x02')
        _, n = read_exactly(s, 2)
        user = read_exactly(s, n)
        password = read_exactly(s, read_exactly(s, 1)[0])
        good = (user + b':' + password).decode() == proxy.password
        s.sendall(b'\x01' + (b'\x00' if good else b'\x01'))
        if not good:
            return
    else:
        s.sendall(b'\x05\x00')
    _, _, _, kind = read_exactly(s, 4)
    if kind == 3:
        host = read_exactly(s, read_exactly(s, 1)[0]).decode()
    else:
        host = socket.inet_ntop(*(
            (socket.AF_INET, read_exactly(s, 4)) if kind == 1 else
            (socket.AF_INET6, read_exactly(s, 16))))
    port, = struct.unpack('>H', read_exactly(s, 2))
    proxy.asked.append({'host': host, 'kind': kind})
    if host == 'refused.example':
        s.sendall(b'\x05\x02\x00\x01\0\0\0\0\0\0')
        return
    there = connect(port)
    s.sendall(b'\x05\x00\x00\x01\0\0\0\0\0\0')
    join(s, there)


PATHS = ('all', 'own', 'four', 'mine', 'direct', 'password', 'wrong',
         'socks-wrong', 'locked', 'refused', 'deaf', 'by-tls')
script = {'/' + p: with_etag(p) for p in PATHS}
script['/inward'] = {'status': 302, 'headers': [
    ['Location', 'http://127.0.0.1:{port}/all']]}
script['/onward'] = {'status': 302, 'headers': [
    ['Location', 'http://other.example:{port}/all']]}
origin = Origin(script=script)
tls = certificate('secure.example')
secure = Origin('--tls', *tls, script=script) if tls else None

open_http, open_socks = Proxy(http_proxy), Proxy(socks_proxy)
http = Proxy(http_proxy, 'me:hunter2')
socks = Proxy(socks_proxy, 'me:hunter2')


def url(scheme, proxy, secret=''):
    return '%s://%s127.0.0.1:%d' % (scheme, secret, proxy.port)


def named(path, host='feed.example', on=origin, scheme='http', **more):
    return {'url': on.url(path, host, scheme), **more}


feeds = {
    'all': named('/all'),
    'own': named('/own', 'own.example', proxy=url('socks5h', open_socks)),
    'own-4a': named('/four', 'four.example',
                    proxy=url('socks4a', open_socks)),
    'direct': {'url': origin.url('/direct'), 'proxy': None,
               'allow-private-addresses': True},
    'password': named('/password', proxy=url('http', http, 'me:hunter2@')),
    'socks-password': named('/mine', proxy=url('socks5h', socks,
                                               'me:hunter2@')),
    'wrong': named('/wrong', proxy=url('http', http, 'me:wr0ng@')),
    'socks-wrong': named('/socks-wrong', proxy=url('socks5h', socks,
                                                   'me:wr0ng@')),
    'locked': named('/locked', proxy=url('http', http)),
    'refused': named('/refused', 'refused.example',
                     proxy=url('socks5h', open_socks)),
    'deaf': named('/deaf', proxy='http://127.0.0.1:%d' % free_port()),
    'onward': named('/onward', 'start.example'),
    'address': named('/all', '127.0.0.1'),
    'address-6': named('/all', '[::ffff:127.0.0.1]'),
    'decimal': named('/own', '2130706433'),
    'metadata': {'url': 'http://169.254.169.254/'},
    'localhost': named('/all', 'localhost', proxy=url('socks5h',
                                                      open_socks)),
    'inward': named('/inward', 'in.example'),
}
if tls:
    feeds['secure'] = named('/all', 'secure.example', secure, 'https',
                            **{'ca-file': tls[0]})
    feeds['secure-password'] = named(
        '/password', 'secure.example', secure, 'https',
        proxy=url('http', http, 'me:hunter2@'), **{'ca-file': tls[0]})
    veiled_tls = certificate('127.0.0.1')
    veiled = Proxy(http_proxy, tls=veiled_tls)
    feeds['by-tls'] = named('/by-tls', 'by-tls.example', proxy=url(
        'https', veiled), **{'ca-file': veiled_tls[0]})
    feeds['by-strange-tls'] = named('/by-tls', 'strange.example', proxy=url(
        'https', veiled))
    feeds['secure-wrong'] = named(
        '/wrong', 'secure.example', secure, 'https',
        proxy=url('http', http, 'me:wr0ng@'), **{'ca-file': tls[0]})
mill = Mill(fetch={'proxy': url('http', open_http), 'timeout': '20s',
                   'keep-bad': 'bad'}, feeds=feeds)
rounds = [mill.round(env={'http_proxy': 'http://127.0.0.1:1'})
          for _ in range(2)]
got = {v['source']: v for v in rounds[0].events('visit')}
again = {v['source']: v['outcome'] for v in rounds[1].events('visit')}


def outcome(name):
    return got.get(name, {}).get('outcome')


same((outcome('all'), again.get('all')), ('ok', 'not-modified'),
     'a proxy for all is asked for the whole URL, validators and all') or \
    note(rounds[0])
mine = [a for a in open_http.asked if a['host'] == 'feed.example']
same([a['target'] for a in mine], 2 * [origin.url('/all', 'feed.example')],
     'once a visit')
same(sorted(mine[0]['h']), ['a-im', 'accept', 'accept-encoding', 'host',
                            'proxy-connection', 'user-agent'],
     'and told nothing else')
same((outcome('own'), [a for a in open_socks.asked
                       if a['host'] == 'own.example']),
     ('ok', 2 * [{'host': 'own.example', 'kind': 3}]),
     'a feed has a proxy of its own, socks5h, which resolves the name')
same((outcome('own-4a'), [a for a in open_socks.asked
                          if a['host'] == 'four.example']),
     ('ok', 2 * [{'host': 'four.example', 'kind': b'\0\0\0\1'}]),
     'or socks4a, which does, too') or note(rounds[0])
same((outcome('direct'), len(origin.requests('/direct'))), ('ok', 2),
     'or none, with "proxy: ~"')
same((outcome('onward'), 'other.example' in open_http.hosts()), ('ok', True),
     'redirects go through the proxy, too')
if tls:
    same((outcome('secure'), again.get('secure')), ('ok', 'not-modified'),
         'https goes through it as well') or note(rounds[0])
    tunnel = [a for a in open_http.asked if a['host'] == 'secure.example']
    same({(a['method'], a['target']) for a in tunnel},
         {('CONNECT', 'secure.example:%d' % secure.port)},
         'which is told whom to connect to, and sees nothing else')
    same((outcome('by-tls'), again.get('by-tls'), outcome('by-strange-tls')),
         ('ok', 'not-modified', 'tls'),
         'a proxy is asked by https if its certificate is trusted') or \
        note(rounds[0])
    same(set(veiled.hosts()), {'by-tls.example'}, 'only then')
else:
    skip('https goes through it as well', 'no openssl')

same([outcome(n) for n in ('password', 'socks-password')], 2 * ['ok'],
     'user and password of a proxy are told to it') or note(rounds[0])
same([(outcome(n), again.get(n)) for n in ('wrong', 'locked', 'socks-wrong')],
     2 * [('http-error', 'http-error')] + [('connect', 'connect')],
     'a wrong one is a failure like others')
matches('the proxy requires authentication', got['wrong']['reason'],
        'with a reason') or note(got['wrong'])
same([n for q in origin.requests() for n in q['h'] if 'proxy-auth' in n], [],
     'they are told to nobody else')
if tls:
    same(outcome('secure-password'), 'ok', 'also for https')
    same([n for q in secure.requests() for n in q['h'] if 'auth' in n], [],
         'and to nobody behind the proxy')
    ok(outcome('secure-wrong') not in ('ok', None) and '407' in
       got['secure-wrong']['reason'], 'nor is a tunnel refused without a '
       'reason', got.get('secure-wrong'))
same((outcome('refused'), outcome('deaf')), ('connect', 'connect'),
     'a proxy that refuses, or is not there, is no connection')
for name, what in (('address', 'an address'), ('address-6', 'its mapped '
                   'form'), ('decimal', 'a number'), ('metadata',
                   'the metadata service'), ('localhost', 'localhost'),
                   ('inward', 'a redirect')):
    same(outcome(name), 'refused-address', 'a proxy does not lead back '
         'inside: ' + what)
same([h for h in open_http.hosts() + open_socks.hosts()
      if h in ('127.0.0.1', '::ffff:127.0.0.1', 'localhost',
               '169.254.169.254')], [], 'it is not even asked')
ok(any('proxy is not used' in e['event'] for r in rounds
       for e in r.events()) is False, 'no word of the environment\'s proxy '
   'where there is one of our own')
plain = Mill(feeds={'direct': feeds['direct']})
r = plain.run('-v', 'run', '--once', '--now',
              env={'http_proxy': 'http://127.0.0.1:1'})
same([v['outcome'] for v in r.events('visit')], ['ok'],
     'the environment\'s proxy is not used') or note(r)
ok([e for e in r.events() if 'proxy is not used' in e['event']],
   'and that is said', r)

# ------------------------------------------------------------ mistakes, words

said = [r.err + r.out for r in rounds]
for words in (('status',), ('status', '--format', 'json'),
              ('status', '--why', 'password'), ('feeds',),
              ('feeds', '--format', 'opml'), ('check', '--dump'),
              ('fetch', 'password', 'wrong', 'socks-wrong', 'secure-wrong')):
    r = mill.run(*words)
    said.append(r.out + r.err)
for top, _, names in os.walk(mill.state):
    said += [read(os.path.join(top, n)).decode('latin-1') for n in names
             if not n.endswith('.sock')]
secrets = ('hunter2', 'wr0ng', base64.b64encode(b'me:hunter2').decode(),
           base64.b64encode(b'me:wr0ng').decode())
same([s for s in secrets if any(s in text for text in said)], [],
     'no password of a proxy is in a log, a status, a report or a file')
mill.set(feeds={'a': named('/all', proxy='socks5://127.0.0.1:9050')})
r = mill.run('check')
matches(r'feedmill\.yaml:\d+:\d+: error: proxy must be socks5h:// instead',
        r.err, 'socks5:// is a mistake: names would be resolved here')
same(r.status, 1, '(exit status 1)')
mill.set(feeds={'a': named('/all', proxy='!env FEEDMILL_TEST_PROXY')})
write(mill.conf, read(mill.conf).decode().replace(
    '"!env FEEDMILL_TEST_PROXY"', '!env FEEDMILL_TEST_PROXY'))
r = mill.round(env={'FEEDMILL_TEST_PROXY': url('http', http, 'me:hunter2@')})
same([v['outcome'] for v in r.events('visit')], ['not-modified'],
     'a proxy may come from the environment, by its name') or note(r)
done()
