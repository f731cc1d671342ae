"""Made-up sources for measurements: as many as wanted, on one loopback
server, that change when told to.  Entries are numbered, so what must be in
the database at any time is known."""
import hashlib
import http.server
import email.utils
import socket
import threading

WORDS = ('harbour tide council bridge library market storm letter garden '
         'engine paper winter signal copper orchard').split()


def prose(seed, n):
    return ' '.join(WORDS[(seed * 7 + i * i) % len(WORDS)] for i in range(n))


def document(source, newest, entries=20):
    """RSS with the entries newest-entries+1 .. newest of this source."""
    items = []
    for i in range(newest, max(newest - entries, 0), -1):
        items.append(
            '<item><title>%s %d</title><link>http://s%d.example/%d</link>'
            '<pubDate>%s</pubDate><description>&lt;p&gt;%s&lt;/p&gt;'
            '&lt;p&gt;&lt;a href="/more/%d"&gt;%s&lt;/a&gt;&lt;/p&gt;'
            '</description></item>\n' % (
                prose(source + i, 5), i, source, i,
                email.utils.formatdate(1700000000 + i * 3600, usegmt=True),
                prose(i, 150), i, prose(source, 4)))
    return ('<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Source '
            '%d</title><link>http://s%d.example/</link>\n%s</channel></rss>\n'
            % (source, source, ''.join(items))).encode()


class Sources:
    """Serves /0 .. /N-1.  newest[n] is the newest entry of source n."""

    def __init__(self, count, entries=20):
        self.newest = [entries] * count
        self.entries = entries
        self.served = 0
        self.bytes = 0
        self.kept = {}
        sources = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            # Head and body in one segment, or the ACK of the head is waited
            # for: 40 ms that are nobody's.
            wbufsize = 1 << 20

            def log_message(self, *_):
                pass

            def do_GET(self):
                sources._answer(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *_):
                pass            # a client that is killed is no news

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def _document(self, n):
        newest = self.newest[n]
        if self.kept.get(n, (None,))[0] != newest:
            body = document(n, newest, self.entries)
            self.kept[n] = (newest, body,
                            '"%s"' % hashlib.sha1(body).hexdigest())
        return self.kept[n][1:]

    def _answer(self, h):
        body, tag = self._document(int(h.path.strip('/')))
        same = h.headers.get('If-None-Match') == tag
        h.send_response(304 if same else 200)
        h.send_header('ETag', tag)
        if not same:
            h.send_header('Content-Type', 'application/rss+xml')
            h.send_header('Content-Length', str(len(body)))
        h.end_headers()
        if not same:
            h.wfile.write(body)
            self.bytes += len(body)
        h.wfile.flush()
        self.served += 1

    def prepare(self):
        for n in range(len(self.newest)):
            self._document(n)

    def close(self):
        self.server.shutdown()


def config(sources, listen, fetch):
    """The configuration of a feedmill that asks all of them, as YAML."""
    lines = ['fetch:', '  allow-private-addresses: true',
             '  concurrency-per-host: 64', '  flood-limit: 0']
    lines += ['  %s: %s' % kv for kv in fetch.items()]
    lines += ['http:', '  listen: ["%s"]' % listen,
              'publish:', '  all:', '    title: Measured',
              '    url: http://%s/' % listen,
              'archive:', '  posts:', '    directory: archive', 'feeds:']
    for n in range(len(sources.newest)):
        lines += ['  s%d:' % n, '    url: %s/%d' % (sources.url, n)]
    return '\n'.join(lines) + '\n'


def free_address():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return '127.0.0.1:%d' % s.getsockname()[1]
