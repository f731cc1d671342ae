#!/usr/bin/env python3
"""A scripted origin server on loopback that writes down what it was asked.

	origin.py [--max-seconds N] [--tls CERT KEY [--client-ca CA]]
	          [--address A]... [--port N] [--set NAME=TEXT]... SCRIPT LOG

Listens on a free port or that one, the same of all addresses (default
127.0.0.1), prints "PORT\\n" on stdout, and stops by itself: after --max-seconds (default 120), or
when its stdin ends, whichever comes first (so it dies with the test that holds
the other end).  Standard library only.

SCRIPT is JSON: {"/path": ANSWER or [ANSWER, ANSWER...], ...}.  The n-th
request of a path (without its query) gets the n-th answer, later ones the
last.  The file is read again when it changes.  An ANSWER holds any of

	status      200; reason: the words after it
	headers     [[name, value], ...]; in values "{port}" is replaced, and
	            "{NAME}" by what --set says
	body        text; or body_base64; or body_file (of the script's folder)
	times       the body that many times over (1)
	gzip        true: the body compressed, Content-Encoding added;
	            "cut": without its last 20 bytes; "bomb": times is MiB of
	            blanks; deflate: true (zlib) or "raw"
	length      "auto": right (default); null: none; else what it claims
	chunked     true: in chunks of 1,000 bytes, no length
	conditional true: 304 without body where If-None-Match or
	            If-Modified-Since has exactly the ETag or Last-Modified of
	            headers (all other headers are sent as well); a list of
	            older validators: those count too
	digest      [user, password]: who does not show them (RFC 7616, MD5)
	            gets 401 and a challenge instead
	cut         close after that many bytes of the body
	repeat      the header lines again, that many times over (1)
	close       true: say Connection: close and do it
	delay_ms    wait before answering
	drip_ms     the body a byte at a time, that far apart
	hang        "start", "head" or "body": nothing more from there on,
	            until the client goes away
	reset       true: reset the connection instead of answering
	raw         these bytes (latin-1) and nothing else, then close

What is not in SCRIPT is 404.  LOG gets a line of JSON for each request before
it is answered: {"n": count from 1, "connection": count from 1, "ms": since
the start, "method", "target", "headers": [[name, value]...], "raw": the whole
head as it came, latin-1, "answer": {"status", "headers"} as they will be sent}.
"""
import argparse
import base64
import gzip
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

HEAD_MAX = 256 * 1024
NONCE = '1740340846000'


class Script:
    def __init__(self, path):
        self.path = path
        self.stamp = None
        self.paths = {}
        self.asked = {}

    def answer(self, path):
        stamp = os.stat(self.path).st_mtime_ns
        if stamp != self.stamp:
            with open(self.path) as f:
                self.paths = json.load(f)
            self.stamp = stamp
        answers = self.paths.get(path)
        if answers is None:
            return {'status': 404, 'body': 'no such path\n'}
        if isinstance(answers, dict):
            return answers
        n = self.asked.get(path, 0)
        self.asked[path] = n + 1
        return answers[min(n, len(answers) - 1)]


def is_not_modified(answer, request):
    known = answer.get('conditional')
    if not known:
        return False
    ours = {n.lower(): v for n, v in answer.get('headers', [])}
    theirs = {n.lower(): v for n, v in request['headers']}
    for condition, validator in (('if-none-match', 'etag'),
                                 ('if-modified-since', 'last-modified')):
        if condition in theirs:
            return theirs[condition] == ours.get(validator) or \
                known is not True and theirs[condition] in known
    return False


def md5(text):
    return hashlib.md5(text.encode('latin-1')).hexdigest()


def is_stranger(answer, request):
    if 'digest' not in answer:
        return False
    user, password = answer['digest']
    sent = {n.lower(): v for n, v in request['headers']}.get(
        'authorization', '')
    f = {n: q or v for n, q, v in re.findall(
        r'(\w+)=(?:"([^"]*)"|([^ ,]*))', sent)}
    try:
        expected = md5(':'.join((
            md5('%s:origin:%s' % (user, password)), f['nonce'], f['nc'],
            f['cnonce'], f['qop'],
            md5('%s:%s' % (request['method'], request['target'])))))
        return not sent.startswith('Digest ') or (
            f['username'], f['uri'], f['nonce'], f['response']) != (
            user, request['target'], NONCE, expected)
    except KeyError:
        return True


CHALLENGE = {'status': 401, 'body': 'who are you?', 'headers': [
    ['WWW-Authenticate', 'Digest realm="origin", qop="auth", '
     'algorithm=MD5, nonce="%s"' % NONCE]]}


def listen_once(addresses, port):
    sockets = []
    try:
        for address in addresses:
            s = socket.socket(socket.AF_INET6 if ':' in address
                              else socket.AF_INET)
            sockets.append(s)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            s.listen(128)
            port = s.getsockname()[1]
    except OSError:
        for s in sockets:
            s.close()
        raise
    return sockets


def listen_at(addresses, port):
    """One port of all of them: free at the first, perhaps not at the next."""
    for _ in range(9):
        try:
            return listen_once(addresses, port)
        except OSError:
            pass
    return listen_once(addresses, port)


class Origin:
    def __init__(self, args):
        self.args = args
        self.script = Script(args.script)
        self.log = open(args.log, 'a', buffering=1)
        self.lock = threading.Lock()
        self.start = time.monotonic()
        self.requests = self.connections = 0
        self.tls = None
        if args.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*args.tls)
            if args.client_ca:
                self.tls.load_verify_locations(args.client_ca)
                self.tls.verify_mode = ssl.CERT_REQUIRED
        self.sockets = listen_at(args.address or ['127.0.0.1'], args.port)
        self.port = self.sockets[0].getsockname()[1]

    def fill(self, value):
        value = value.replace('{port}', str(self.port))
        for pair in self.args.set:
            name, _, text = pair.partition('=')
            value = value.replace('{%s}' % name, text)
        return value

    def note(self, connection, head):
        lines = head.decode('latin-1').split('\r\n')
        words = lines[0].split(' ')
        with self.lock:
            self.requests += 1
            entry = {
                'n': self.requests,
                'connection': connection,
                'ms': int((time.monotonic() - self.start) * 1000),
                'method': words[0],
                'target': words[1] if len(words) > 1 else '',
                'headers': [[p.strip() for p in line.split(':', 1)]
                            for line in lines[1:] if ':' in line],
                'raw': head.decode('latin-1'),
            }
            answer = self.script.answer(entry['target'].partition('?')[0])
            if is_stranger(answer, entry):
                answer = CHALLENGE
            entry['answer'] = {
                'status': 304 if is_not_modified(answer, entry)
                else answer.get('status', 200),
                'headers': [[n, self.fill(v)]
                            for n, v in answer.get('headers', [])],
            }
            self.log.write(json.dumps(entry) + '\n')
            return entry, answer


def read_head(conn):
    head = b''
    while b'\r\n\r\n' not in head:
        if len(head) > HEAD_MAX:
            return None
        data = conn.recv(65536)
        if not data:
            return None
        head += data
    return head[:head.index(b'\r\n\r\n') + 4]


def body_of(answer, folder):
    if 'body_base64' in answer:
        body = base64.b64decode(answer['body_base64'])
    elif 'body_file' in answer:
        with open(os.path.join(folder, answer['body_file']), 'rb') as f:
            body = f.read()
    else:
        body = answer.get('body', '').encode()
    return body * (1 if answer.get('gzip') == 'bomb'
                   else answer.get('times', 1))


def encoded(answer, body, headers):
    how = answer.get('gzip')
    if how == 'bomb':
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        blanks = b' ' * (1 << 20)
        body = squeeze.compress(body) + b''.join(
            squeeze.compress(blanks)
            for _ in range(answer.get('times', 1))) + squeeze.flush()
    elif how:
        body = gzip.compress(body)
        if how == 'cut':
            body = body[:-20]
    if how:
        headers.append(['Content-Encoding', 'gzip'])
    how = answer.get('deflate')
    if how:
        squeeze = zlib.compressobj(9, zlib.DEFLATED,
                                   -15 if how == 'raw' else 15)
        body = squeeze.compress(body) + squeeze.flush()
        headers.append(['Content-Encoding', 'deflate'])
    return body


def chunked(body):
    parts = [body[i:i + 1000] for i in range(0, len(body), 1000)]
    return b''.join(b'%x\r\n%s\r\n' % (len(p), p)
                    for p in parts) + b'0\r\n\r\n'


def hang(conn):
    """Until the client has gone."""
    while conn.recv(65536):
        pass


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))


def respond(origin, conn, request, answer):
    """True: the connection may be used again."""
    time.sleep(answer.get('delay_ms', 0) / 1000)
    if answer.get('reset'):
        reset(conn)
        return False
    if 'raw' in answer:
        conn.sendall(answer['raw'].encode('latin-1'))
        return False
    if answer.get('hang') == 'start':
        hang(conn)
        return False

    status = answer.get('status', 200)
    headers = [list(h) for h in answer.get('headers', [])]
    body = encoded(answer, body_of(answer, os.path.dirname(
        os.path.abspath(origin.args.script))), headers)
    if is_not_modified(answer, request):
        status, body = 304, b''
    if answer.get('chunked'):
        headers.append(['Transfer-Encoding', 'chunked'])
        body = chunked(body)
    elif status != 304 and answer.get('length', 'auto') is not None:
        length = answer.get('length', 'auto')
        headers.append(['Content-Length',
                        str(len(body) if length == 'auto' else length)])
    close = answer.get('close') or 'cut' in answer or \
        answer.get('length', 'auto') is None and status != 304 and \
        not answer.get('chunked')
    if close:
        headers.append(['Connection', 'close'])

    head = 'HTTP/1.1 %d %s\r\n' % (status, answer.get('reason', 'Words'))
    lines = ''.join('%s: %s\r\n' % (n, origin.fill(v))
                    for n, v in headers)
    conn.sendall((head + lines * answer.get('repeat', 1)).encode('latin-1') +
                 (b'' if answer.get('hang') == 'head' else b'\r\n'))
    if answer.get('hang') == 'head':
        hang(conn)
        return False
    if answer.get('hang') == 'body':
        conn.sendall(body[:len(body) // 2])
        hang(conn)
        return False
    body = body[:answer.get('cut', len(body))]
    if 'drip_ms' in answer:
        for i in range(len(body)):
            conn.sendall(body[i:i + 1])
            time.sleep(answer['drip_ms'] / 1000)
    else:
        conn.sendall(body)
    return not close


def shake_hands(conn):
    try:
        conn.do_handshake()
        return True
    except ssl.SSLError:
        # What the client has sent already would turn our close into a reset,
        # and it would never read the alert that says why.
        conn.shutdown(socket.SHUT_WR)
        hang(conn)
        return False


def serve(origin, conn, number):
    try:
        conn.settimeout(origin.args.max_seconds)
        if origin.tls:
            conn = origin.tls.wrap_socket(conn, server_side=True,
                                          do_handshake_on_connect=False)
            if not shake_hands(conn):
                return
        while True:
            head = read_head(conn)
            if head is None:
                break
            request, answer = origin.note(number, head)
            if not respond(origin, conn, request, answer):
                break
    except (OSError, ValueError):
        pass
    finally:
        conn.close()


def accept_all(origin, listening):
    while True:
        conn, _ = listening.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with origin.lock:
            origin.connections += 1
            number = origin.connections
        threading.Thread(target=serve, daemon=True,
                         args=(origin, conn, number)).start()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--max-seconds', type=int, default=120)
    p.add_argument('--tls', nargs=2, metavar=('CERT', 'KEY'))
    p.add_argument('--client-ca')
    p.add_argument('--address', action='append')
    p.add_argument('--port', type=int, default=0)
    p.add_argument('--set', action='append', default=[])
    p.add_argument('script')
    p.add_argument('log')
    origin = Origin(p.parse_args())
    threading.Timer(origin.args.max_seconds, os._exit, [0]).start()
    for listening in origin.sockets:
        threading.Thread(target=accept_all, args=(origin, listening),
                         daemon=True).start()
    print(origin.port, flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == '__main__':
    main()
