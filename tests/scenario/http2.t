#!/usr/bin/env python3
"""HTTP/2, where a server offers it: nginx's, over TLS on loopback.

What is asked and what comes of it is as over HTTP/1.1; a stream that fails
takes nobody along who shares its connection.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

NAMES = ['s%d' % i for i in range(6)]
CONF = """
daemon off; master_process off; pid {top}/pid; error_log {top}/error.log;
events {{ worker_connections 64; }}
http {{
	log_format asked '$connection|$server_protocol|$uri|$status'
	    '|$http_if_none_match|$http_accept|$http_a_im|$http_user_agent';
	access_log {top}/access.log asked;
	default_type application/rss+xml;
	client_body_temp_path {top}/b; proxy_temp_path {top}/p;
	fastcgi_temp_path {top}/f; uwsgi_temp_path {top}/u;
	scgi_temp_path {top}/s;
	keepalive_timeout 65; gzip on; gzip_types application/rss+xml;
	gzip_min_length 1;
	ssl_certificate {cert}; ssl_certificate_key {key};
	server {{
		listen 127.0.0.1:{port} ssl http2;
		root {top}/www;
		location = /moved {{ return 302 /s0; }}
		location = /gone {{ return 410; }}
		location = /shut {{ return 444; }}
		location = /later {{ add_header Retry-After 3600 always;
		    return 503; }}
	}}
}}
"""


def start_nginx(program, tls, port, documents):
    top = folder()
    for name, body in documents.items():
        write(os.path.join(top, 'www', name), body)
    conf = write(top + '/nginx.conf', CONF.format(
        top=top, cert=tls[0], key=tls[1], port=port))
    server = subprocess.Popen([program, '-p', top, '-c', conf, '-e',
                               top + '/error.log'], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    at_end(lambda: (server.terminate(), server.wait()))

    def is_up():
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', port)) == 0
    if not eventually(is_up):
        skip_all('nginx does not start: ' +
                 read(top + '/error.log').decode()[-300:])
    return top + '/access.log'


nginx = shutil.which('nginx', path=os.environ.get('PATH', '') +
                     ':/usr/sbin:/usr/local/sbin')
tls = certificate('h2.localhost')
if not nginx:
    skip_all('no nginx')
if not tls:
    skip_all('no openssl')
port = free_port()
documents = {n: rss(('http://%s.example/1' % n, 'One',
                     'Sat, 22 Feb 2025 18:08:00 GMT', 'text')) for n in NAMES}
documents['large'] = b'<rss>' + b'x' * (3 << 20)
log = start_nginx(nginx, tls, port, documents)


def source(path):
    return {'url': 'https://h2.localhost:%d/%s' % (port, path),
            'ca-file': tls[0], 'allow-private-addresses': True}


feeds = {n: source(n) for n in NAMES + ['moved', 'gone', 'shut', 'missing',
                                        'large']}
mill = Mill(fetch={'max-size': '1M', 'bytes-in-flight': '8M'}, feeds=feeds)


def asked():
    rows = [line.split('|') for line in read(log).decode().splitlines()]
    return [dict(zip(('connection', 'protocol', 'path', 'status', 'tag',
                      'accept', 'aim', 'agent'), r)) for r in rows]


def outcomes(r):
    return {v['source']: v['outcome'] for v in r.events('visit')}


first = mill.round()
got = outcomes(first)
same({n: got.get(n) for n in NAMES}, {n: 'ok' for n in NAMES},
     'feeds are read over HTTP/2') or note(first)
same({n: got.get(n) for n in ('moved', 'gone', 'missing', 'large', 'shut')},
     {'moved': 'ok', 'gone': 'gone', 'missing': 'not-found',
      'large': 'too-large', 'shut': 'protocol'},
     'what fails, fails by itself, and redirects are followed') or note(first)
rows = eventually(lambda: len(asked()) >= len(feeds) and asked())
same({r['protocol'] for r in rows}, {'HTTP/2.0'}, 'by no other protocol')
ok(len({r['connection'] for r in rows}) < len(rows) / 2,
   'connections are shared', rows)
same({(r['agent'].startswith('feedmill/'), 'application/atom+xml' in
       r['accept'], r['aim'], r['tag']) for r in rows},
     {(True, True, 'feed', '-')}, 'the request says what it says in HTTP/1.1')

n = len(rows)
second = mill.round()
got = outcomes(second)
same({n: got.get(n) for n in NAMES}, {n: 'not-modified' for n in NAMES},
     'asked with their validators they have nothing new') or note(second)
rows = eventually(lambda: len(asked()) >= n + len(NAMES) and asked())[n:]
ok(all(r['tag'] not in ('-', '') and r['status'] == '304' for r in rows
       if r['path'][1:] in NAMES and r['path'] != '/s0'),
   'which are byte for byte those of the answer', rows)
r = mill.run('fetch', '--dry-run', 's1')
matches('(?m)^< HTTP/2 200', r.out, 'the exchange shows which it is') or \
    note(r)
matches('(?m)^outcome +ok', r.out, 'and what came of it') or note(r)

mill.set(feeds={'later': source('later'), 's2': source('s2')})
r = mill.run('fetch', 'later')
matches('(?m)^outcome +busy', r.out, 'Retry-After is heard') or note(r)
r = mill.run('status', '--why', 's2')
matches('Retry-After', r.out, 'for all feeds of the host') or note(r)
done()
