"""Sources of all tempers, on one loopback server: they grow, revise, dawdle,
hang, redirect, break off, lie.  Entries are numbered, so that what must be
known in the end is known."""
import email.utils
import gzip
import hashlib
import http.server
import random
import threading
import time

import made

TEMPERS = ['well'] * 6 + ['slow', 'hang', 'redirect', 'moved', 'damaged',
                          'large', 'gzip', 'gzip', 'missing', 'error',
                          'reset', 'page', 'empty', 'busy', 'chunks']
HANG_S = 5


def rss(name, entries, large=0):
    """entries: (number, revision)."""
    items = []
    for i, revision in entries:
        items.append(
            '<item><title>%s %d %d</title>'
            '<link>http://%s.example/%d</link><pubDate>%s</pubDate>'
            '<description>&lt;p&gt;harbour tide 三月 %s, revision %d'
            '&lt;/p&gt;</description></item>\n' % (
                name, i, revision, name, i, email.utils.formatdate(
                    1700000000 + i * 3600 + revision * 60, usegmt=True),
                made.prose(i, 30 + large), revision))
    return ('<?xml version="1.0"?>\n<rss version="2.0"><channel><title>%s'
            '</title><link>http://%s.example/</link>\n%s</channel></rss>\n'
            % (name, name, ''.join(items)))


def opml(urls):
    return ('<?xml version="1.0"?>\n<opml version="2.0"><head/><body>\n%s'
            '</body></opml>\n' % ''.join(
                '<outline type="rss" text="o" xmlUrl="%s"/>\n' % u
                for u in dict.fromkeys(urls)))


class Source:
    def __init__(self):
        self.entries = [[i, 0] for i in range(1, 6)]
        self.temper = 'well'


class Site:
    """Serves /N/V: source N, whatever the variant V is."""

    def __init__(self, count, seed):
        self.dice = random.Random(seed)
        self.count = count
        self.sources = {}
        self.lock = threading.Lock()
        self.hangs_up = False
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            wbufsize = 1 << 20

            def log_message(self, *_):
                pass

            def do_GET(self):
                site.answer(self)

            def do_POST(self):      # a hub, whose mood depends
                self.rfile.read(int(self.headers['Content-Length'] or 0))
                time.sleep(site.dice.choice([0, 0, 2]))
                site.send(self, site.dice.choice([204, 204, 500, 410]), b'')

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_):
                pass

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def address(self, n, variant):
        return '%s/%d/%d' % (self.url, n, variant)

    def number(self, url):
        return int(url.split('/')[3])

    def source(self, n):
        with self.lock:
            return self.sources.setdefault(n, Source())

    def grow(self):
        for n in self.dice.sample(range(self.count), self.count // 4):
            s = self.source(n)
            s.temper = self.dice.choice(TEMPERS)
            for _ in range(self.dice.choice([0, 1, 1, 2])):
                s.entries = s.entries + [[len(s.entries) + 1, 0]]
            if self.dice.random() < 0.4:
                i = self.dice.randrange(len(s.entries))
                s.entries = s.entries[:i] + [
                    [i + 1, s.entries[i][1] + 1]] + s.entries[i + 1:]

    def calm(self):
        self.hangs_up = True
        for n in range(self.count):
            self.source(n).temper = 'well'

    def offered(self):
        return {'//s%d.example/%d' % (n, e[0]) for n in range(self.count)
                for e in self.source(n).entries}

    def answer(self, h):
        if h.path == '/page':
            return self.send(h, 200, (
                '<html><head><link rel="alternate" href="/1/0" '
                'type="application/rss+xml"></head></html>').encode(),
                'text/html')
        s = self.source(int(h.path.split('/')[1]))
        name = 's' + h.path.split('/')[1]
        temper = s.temper
        if temper in ('redirect', 'moved') and not h.path.endswith('/r'):
            return self.send(h, 302 if temper == 'redirect' else 301, b'',
                             location=h.path + '/r')
        body = rss(name, s.entries[::-1],
                   3000 if temper == 'large' else 0).encode()
        own = getattr(self, 'do_' + temper, self.do_well)
        own(h, body)

    def send(self, h, status, body, kind='application/rss+xml', **headers):
        h.send_response(status)
        if self.hangs_up:
            h.send_header('Connection', 'close')
            h.close_connection = True
        for k, v in headers.items():
            h.send_header(k.replace('_', '-'), v)
        if status != 304:
            h.send_header('Content-Type', kind)
            h.send_header('Content-Length', str(len(body)))
        h.end_headers()
        h.wfile.write(body)
        h.wfile.flush()

    def do_well(self, h, body, **headers):
        tag = '"%s"' % hashlib.sha1(body).hexdigest()
        if h.headers.get('If-None-Match') == tag:
            self.send(h, 304, b'', ETag=tag)
        else:
            self.send(h, 200, body, ETag=tag, **headers)

    def do_gzip(self, h, body):
        self.send(h, 200, gzip.compress(body), Content_Encoding='gzip')

    def do_slow(self, h, body):
        h.send_response(200)
        h.send_header('Content-Length', str(len(body)))
        h.end_headers()
        for i in range(0, len(body), len(body) // 8 + 1):
            h.wfile.write(body[i:i + len(body) // 8 + 1])
            h.wfile.flush()
            time.sleep(0.2)

    def do_chunks(self, h, body):
        h.send_response(200)
        h.send_header('Transfer-Encoding', 'chunked')
        h.end_headers()
        for i in range(0, len(body), 1000):
            part = body[i:i + 1000]
            h.wfile.write(b'%x\r\n%s\r\n' % (len(part), part))
        h.wfile.write(b'0\r\n\r\n')
        h.wfile.flush()

    def do_hang(self, h, body):
        time.sleep(HANG_S)
        h.close_connection = True

    def do_reset(self, h, body):
        h.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' %
                      len(body) + body[:len(body) // 2])
        h.close_connection = True

    def do_damaged(self, h, body):
        self.send(h, 200, body[:len(body) * 2 // 3])

    def do_missing(self, h, body):
        self.send(h, 404, b'no')

    def do_error(self, h, body):
        self.send(h, 500, b'no')

    def do_busy(self, h, body):
        self.send(h, 503, b'no')

    def do_page(self, h, body):
        self.send(h, 200, b'<html><body>no feed</body></html>', 'text/html')

    def do_empty(self, h, body):
        self.send(h, 200, b'')

    def close(self):
        self.server.shutdown()
