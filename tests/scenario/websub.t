#!/usr/bin/env python3
"""WebSub: an outlet names its hubs, and they are told when it has changed;
hubs that are slow, failing or gone hold up nobody."""
import http.server
import os
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

OPEN = {'allow-private-addresses': True, 'interval-min': '1s',
        'jitter': '0%'}


class Hub:
    """Answers from hub.answers, one a ping, the last one for ever: a status,
    or a function of the request handler that returns (status, headers)."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.pings = []             # (time, topic, form, headers, path)
        self.read = []              # what is found there at once
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                form = dict(urllib.parse.parse_qsl(body.decode()))
                hub.pings.append((time.monotonic(), form.get('hub.url'),
                                  form, dict(self.headers), self.path))
                try:
                    hub.read.append(get(form['hub.url']).body)
                except OSError:
                    pass                                # no server
                answer = hub.answers[0]
                if len(hub.answers) > 1:
                    hub.answers.pop(0)
                status, headers = answer(self) if callable(answer) else \
                    (answer, {})
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                self.send_header('Content-Length', '0')
                self.end_headers()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/hub' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        at_end(self.server.shutdown)

    def topics(self):
        return [p[1] for p in list(self.pings)]


site = Site({'/a.xml': rss(item(1))})


def mill_of(*hubs, formats=('atom',), **sections):
    site.documents['/a.xml'] = rss(item(1))
    mill = Mill(**sections)
    mill.set(fetch=OPEN, feeds={'a': site.source('/a.xml', interval='1s',
                                    **{'interval-max': '1s'})},
             publish={'all': {'url': mill.url + '/', 'hubs': list(hubs),
                              'formats': list(formats)}})
    return mill


def topic(mill, ending='atom'):
    return '%s/all.%s' % (mill.url, ending)


# ------------------------------------------------------------- one round

hub, other = Hub(204), Hub(202)
mill = mill_of(hub.url, other.url, formats=('atom', 'json', 'rss', 'opml'))
r = mill.round()
same(r.status, 0, 'a round with two hubs') or note(r)
want = sorted(topic(mill, e) for e in ('atom', 'json', 'rss'))
same(sorted(hub.topics()), want, 'each feed is told of, and nothing else')
same(sorted(other.topics()), want, 'to every hub')
form, headers = hub.pings[0][2:4]
same(form, {'hub.mode': 'publish', 'hub.url': hub.pings[0][1]},
     'the form is a publisher\'s')
same(headers.get('Content-Type'), 'application/x-www-form-urlencoded',
     'and says what it is')
ok('A-IM' not in headers and 'If-None-Match' not in headers,
   'nothing of a feed\'s request is in it', headers)
same(sorted({(e['hub'], e['status']) for e in r.events('hub told')}),
     sorted([(hub.url, '204'), (other.url, '202')]), 'the log has it')
n = len(hub.pings)
r = mill.round()
same((r.status, len(hub.pings)), (0, n), 'no change, no ping') or note(r)

site.documents['/a.xml'] = rss(item(1), item(2))
hub.answers = [500]
r = mill.round()
same((r.status, len(hub.pings)), (0, n + 1),
     'a hub that fails is asked once in a round, and is no failure of it')
ok([e for e in r.events('hub not told') if e['hub'] == hub.url and
    e['level'] == 'warn'], 'but said', r)
hub.answers = [204]
r = mill.round()
same(sorted(hub.topics()[n + 1:]), want,
     'what could not be told is told by the next round') or note(r)

atom = read(mill.path('www/all.atom')).decode()
matches(r'<link rel="hub" href="%s"/>\n<link rel="hub" href="%s"/>' %
        (hub.url, other.url), atom, 'the Atom feed names both')
matches(r'<link rel="self" type="application/atom\+xml" href="%s"/>' %
        topic(mill), atom, 'and itself')
same(json.loads(read(mill.path('www/all.json')))['hubs'],
     [{'type': 'WebSub', 'url': hub.url}, {'type': 'WebSub',
                                           'url': other.url}],
     'the JSON feed names both')
ok(b'hub' not in read(mill.path('www/all.opml')), 'no hub of an OPML file')

# A hub at a private address is only asked where that is allowed.
mill.set(fetch={})
mill.set(feeds={'a': site.source('/a.xml')})
site.documents['/a.xml'] = rss(item(1), item(2), item(3))
n = len(hub.pings)
r = mill.round()
same((r.status, len(hub.pings)), (0, n), 'the guard holds for hubs, too')
ok([e for e in r.events('hub not told') if 'not public' in e['reason']],
   'and says so', r)


# ---------------------------------------------------------------- a daemon

def changes(n):
    site.documents['/a.xml'] = rss(*[item(i) for i in range(1, n + 1)])


def published(mill, n):
    return eventually(lambda: ('Entry %d<' % n).encode() in
                      get(topic(mill)).body, 30)


hub = Hub(204)
mill = mill_of(hub.url)
daemon = mill.start()
ok(eventually(lambda: hub.topics() == [topic(mill)]), 'a daemon tells it',
   daemon.log)
answer = get(topic(mill))
matches(r'<%s>; rel="hub", <%s>; rel="self"' % (hub.url, topic(mill)),
        answer.headers.get('Link', ''), 'HTTP names the hub, too')
again = get(topic(mill), If_None_Match=answer.headers['ETag'])
same((again.status, again.headers.get('Link')),
     (304, answer.headers['Link']), 'also in a 304')
for n in range(2, 6):
    changes(n)
    published(mill, n)
ok(eventually(lambda: b'Entry 5<' in hub.read[-1], 60),
   'a hub that asks at once finds the last of several changes', daemon.log)
ok(len(hub.pings) < 5, 'which are told together', hub.topics())
last = len(hub.pings)
held = threading.Event()
at_end(held.set)


def slow(h):
    held.wait(40)
    return 204, {}


hub.answers = [slow]
changes(6)
ok(eventually(lambda: len(hub.pings) > last, 40), 'a hub that is slow',
   daemon.log)
begin = time.monotonic()
changes(7)
ok(published(mill, 7), 'does not hold up what is published', daemon.log)
same(len(hub.pings), last + 1, 'nor is it asked twice at once')
same(daemon.stop(), 0, 'nor the end')
ok(time.monotonic() - begin < 35, 'in good time', time.monotonic() - begin)
held.set()
hub.answers = [204]
n = len(hub.pings)
daemon = mill.start()
ok(eventually(lambda: len(hub.pings) > n), 'what an end cut off is told after '
   'the next start', daemon.log)
daemon.seen('hub told')
same(daemon.stop(), 0, 'it stops')
time.sleep(0.1)
n = len(hub.pings)
daemon = mill.start()
daemon.seen('visit')
time.sleep(1.5)
same(len(hub.pings), n, 'and only then')
same(daemon.stop(), 0, 'it stops again')


# ------------------------------------------------------- hubs that fail

down = 'http://127.0.0.1:%d/' % free_port()
failing, gone, refusing = Hub(500, 503, 204), Hub(410), Hub(403)
target = Hub(204)
moved = Hub(lambda h: (307, {'Location': target.url + '/moved'}))
lost = Hub(lambda h: (302, {'Location': target.url + '/lost'}))
mill = mill_of(down, failing.url, gone.url, refusing.url, moved.url,
               lost.url)
daemon = mill.start()
ok(published(mill, 1), 'published, whatever its hubs say', daemon.log)
ok(daemon.seen('hub not told', hub=down, level='warn'),
   'a hub that is down is said', daemon.log)
told = daemon.seen('hub told', hub=failing.url, seconds=60)
ok(told and told['failures'] == '2', 'one that fails twice is told in the '
   'end', daemon.log)
times = [p[0] for p in failing.pings]
gaps = [b - a for a, b in zip(times, times[1:])]
ok(len(gaps) == 2 and gaps[0] >= 4.9 and gaps[1] >= 9.9,
   'each time later than before', gaps)
ok(daemon.seen('hub told', hub=moved.url), 'a redirect that posts again is '
   'followed', daemon.log)
same({(p[1], p[4]) for p in target.pings}, {(topic(mill), '/hub/moved')},
     'with the form; one that would ask instead is not')
same((len(gone.pings), len(daemon.events('hub is gone, and not told any '
                                         'more'))),
     (1, 1), 'one that is gone is said to be')
same((len(refusing.pings), len(daemon.events('hub refuses'))), (1, 1),
     'one that refuses is not asked again for the same')
changes(2)
ok(published(mill, 2), 'another change', daemon.log)
ok(eventually(lambda: len(refusing.pings) == 2, 40), 'is told to it',
   daemon.log)
same(len(gone.pings), 1, 'but not to the one that is gone')
same(len([e for e in daemon.events('hub not told')
          if e['hub'] == down and e['level'] == 'warn']), 1,
     'a hub that stays down is not said again and again')
metrics = get(mill.url + '/metrics').body.decode()
matches(r'^feedmill_hub_pings_total [1-9]', metrics, 'pings are counted')
matches(r'^feedmill_hub_ping_failures_total [1-9]', metrics,
        'failures, too')
same(daemon.stop(), 0, 'the daemon ends')
done()
