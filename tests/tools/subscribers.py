#!/usr/bin/env python3
"""subscribers.py URL [INTERVAL [SECONDS]] - four subscribers of one outlet.

They ask for URL every INTERVAL seconds (default 10), each in another way, and
in the end say what each has: the same, if all is well.

	plain	everything, each time
	etag	with If-None-Match
	delta	and with A-IM: feed (RFC 3229)
	pages	and all archive pages before it (RFC 5005)

What none of them may ever see: an entry under two ids, an id or its published
date that changed, an older state of an entry after a newer one, an entry
twice in one document, two documents with one ETag, an archive page that
changed; and in a delta an entry that was known already, to the last byte (a
further source of it is news).
"""
import hashlib
import http.client
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

ATOM = '{http://www.w3.org/2005/Atom}'


def link(element, rel):
    return next((l.get('href') for l in element.findall(ATOM + 'link')
                 if l.get('rel') == rel), None)


class Subscriber(threading.Thread):
    def __init__(self, url, interval):
        super().__init__(daemon=True)
        self.url, self.interval = url, interval
        self.entries = {}       # id: (link, published, updated, title)
        self.ids = {}           # by link
        self.wrong = []
        self.answers = {}       # how often, by status
        self.bytes = 0
        self.tag = None
        self.bodies = {}        # digest by ETag
        self.ending = threading.Event()

    # ------------------------------------------------------------- asking

    def get(self, url, **headers):
        """(status, headers, body), or None where nobody answers."""
        parts = urllib.parse.urlsplit(url)
        c = http.client.HTTPConnection(parts.hostname, parts.port,
                                       timeout=30)
        try:
            c.request('GET', parts.path, headers={
                k.replace('_', '-'): v for k, v in headers.items()})
            r = c.getresponse()
            body = r.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            c.close()
        self.answers[r.status] = self.answers.get(r.status, 0) + 1
        self.bytes += len(body)
        if r.status == 200 and 'ETag' in r.headers:
            digest = hashlib.sha1(body).digest()
            if self.bodies.setdefault(r.headers['ETag'], digest) != digest:
                self.wrong.append('two documents with one ETag')
        return r.status, r.headers, body

    def run(self):
        while not self.ending.wait(self.interval):
            self.poll()

    def end(self):
        """Asks a last time."""
        self.ending.set()
        self.join()
        for _ in range(100):
            if self.poll():
                return
            time.sleep(0.1)
        self.wrong.append('no answer in the end')

    # ------------------------------------------------------------ reading

    def take(self, body, known_is_wrong=False):
        seen = set()
        for e in ET.fromstring(body).findall(ATOM + 'entry'):
            i = e.findtext(ATOM + 'id')
            now = (link(e, 'alternate'), e.findtext(ATOM + 'published'),
                   e.findtext(ATOM + 'updated'), e.findtext(ATOM + 'title'),
                   ET.tostring(e))
            was = self.entries.get(i)
            if self.ids.setdefault(now[0], i) != i:
                self.wrong.append('two ids: %s' % now[0])
            if was and was[:2] != now[:2]:
                self.wrong.append('changed: %r to %r' % (was, now))
            if self.is_older(i, was, now):
                self.wrong.append('older after newer: %r, %r' % (was, now))
            if known_is_wrong and was == now:
                self.wrong.append('known already: %r' % (now,))
            if (i, now[2]) in seen:
                self.wrong.append('twice in one: %r' % (now,))
            seen.add((i, now[2]))
            if was is None or was[2] <= now[2]:
                self.entries[i] = now

    def is_older(self, i, was, now):
        return was is not None and was[2] > now[2]

    def poll(self):
        """True: answered, and taken in."""
        raise NotImplementedError

    def state(self):
        """{link: title}"""
        return {e[0]: e[3] for e in self.entries.values()}


class Plain(Subscriber):
    def poll(self):
        a = self.get(self.url)
        if a is None or a[0] != 200:
            return False
        self.take(a[2])
        return True


class Tagged(Subscriber):
    more = {}

    def poll(self):
        asked = dict(self.more)
        if self.tag is not None:
            asked['If_None_Match'] = self.tag
        a = self.get(self.url, **asked)
        if a is None or a[0] not in (200, 226, 304):
            return False
        status, headers, body = a
        if status == 304 and headers['ETag'] != self.tag:
            self.wrong.append('304 of another document')
        if status != 304:
            self.take(body, known_is_wrong=status == 226)
            self.tag = headers['ETag']
        return True


class Delta(Tagged):
    more = {'A_IM': 'feed'}


class Pages(Subscriber):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.pages = {}         # digest by address
        self.on_page = False
        self.paged = {}         # newest date on a page by id

    # A page has past states: in their order, but maybe of what was seen.
    def is_older(self, i, was, now):
        if not self.on_page:
            return super().is_older(i, was, now)
        before, self.paged[i] = self.paged.get(i, ''), now[2]
        return before > now[2]

    def poll(self):
        a = self.get(self.url)
        if a is None or a[0] != 200:
            return False
        bodies = [a[2]]
        before = link(ET.fromstring(a[2]), 'prev-archive')
        # To its end: what is sealed never changes, so it may not have.
        while before is not None:
            a = self.get(before)
            if a is None or a[0] != 200:
                if a is not None:
                    self.wrong.append('%d: %s' % (a[0], before))
                return False
            digest = hashlib.sha1(a[2]).digest()
            if before in self.pages and self.pages[before] != digest:
                self.wrong.append('another page: ' + before)
            bodies.append(b'' if before in self.pages else a[2])
            self.pages[before] = digest
            before = link(ET.fromstring(a[2]), 'prev-archive')
        self.on_page = True
        for body in reversed(bodies[1:]):
            if body:
                self.take(body)
        self.on_page = False
        self.take(bodies[0])
        return True


KINDS = {'plain': Plain, 'etag': Tagged, 'delta': Delta, 'pages': Pages}


def main():
    url = sys.argv[1]
    interval = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 600
    all_ = {name: kind(url, interval) for name, kind in KINDS.items()}
    for s in all_.values():
        s.poll()
        s.start()
    time.sleep(seconds)
    union = {}
    for s in all_.values():
        s.end()
        union.update(s.state())
    bad = 0
    for name, s in all_.items():
        missing = set(union.items()) - set(s.state().items())
        bad += len(missing) + len(s.wrong)
        print('%-6s %6d entries %6d missing %6d wrong %10d bytes %s' % (
            name, len(s.entries), len(missing), len(s.wrong), s.bytes,
            s.answers))
        for w in s.wrong[:10]:
            print('\t' + w)
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()
