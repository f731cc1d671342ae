#!/usr/bin/env python3
"""/status and /status.json of a running daemon: known soon, never waited
for, read anew when they are old, without secrets, and switched off."""
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

site = Site({'/a.xml': rss(('http://a.example/1', 'One',
                            'Sat, 22 Feb 2025 18:08:09 GMT', 'x'))})
mill = Mill(feeds={'a': site.source('/a.xml?key=hunter2'),
                   'b': site.source('/missing.xml?token=hunter2')})
site.documents['/a.xml?key=hunter2'] = site.documents['/a.xml']
daemon = mill.start()
daemon.seen('visit', source='a')
daemon.seen('visit', source='b')


def page():
    return get(mill.url + '/status')


def told():
    return json.loads(get(mill.url + '/status.json').body)


first = get(mill.url + '/status.json')
same((first.status, len(json.loads(first.body)['sources'])), (200, 2),
     'who asks first is told, too')
answer = page()
same(answer.status, 200, 'and the page is there at once')
same(get(mill.url + '/status', Accept='application/json').headers[
    'Content-Type'], 'application/json', 'for a program it is JSON')
same(answer.headers['Content-Type'], 'text/html; charset=utf-8',
     'the page is HTML')
matches("default-src 'none'", answer.headers['Content-Security-Policy'],
        'and may do nothing')
same(answer.headers['Cache-Control'], 'no-store', 'nobody keeps it')
text = answer.body.decode()
ok('hunter2' not in text and 'missing.xml?token=' in text,
   'the page has no secrets', text)
matches('Failing</span>: 1', text, 'the page says what fails')
head = get(mill.url + '/status', method='HEAD')
same((head.status, head.body), (200, b''), 'HEAD has no body')
status = told()
same({s['name']: s['state'] for s in status['sources']},
     {'a': 'ok', 'b': 'failing'}, 'JSON says the same')
same((status['entries'], status['running']), (1, True), 'with the totals')
ok('hunter2' not in json.dumps(status), 'and no secrets')
same(told()['time'], status['time'], 'asked again at once: the same')

time.sleep(5.2)
ok(told()['time'] > status['time'], 'after five seconds it is told anew')

# Many at once, over the moment when it is read anew.
answers = []


def ask():
    end = time.monotonic() + 6
    while time.monotonic() < end:
        answers.append(get(mill.url + '/status').status)


threads = [threading.Thread(target=ask) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
same(set(answers), {200}, 'many at once are all answered')
note('%d answers in 6 s' % len(answers))

mill.set(http={**mill.sections['http'], 'status': False})
r = mill.run('reload')
same(r.status, 0, 'it is switched off') or note(r)
same([get(mill.url + p).status for p in ('/status', '/status.json')],
     [404, 404], 'and is not there any more')
mill.set(http={**mill.sections['http'], 'status': True})
mill.run('reload')
time.sleep(5.1)
page()
same(daemon.stop(), 0, 'stopped while it is read: ends well')
done()
