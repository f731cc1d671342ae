#!/usr/bin/env python3
"""feedmill search, after a round and beside a running daemon."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ONE = ('http://a.example/1', '中国的国家安全法',
       'Sat, 22 Feb 2025 18:08:09 GMT', '<p>Un caf&eacute; <b>noir</b></p>')
TWO = ('http://a.example/2', 'Two', 'Sun, 23 Feb 2025 18:08:09 GMT',
       '<p>武汉和中国</p>')
NEW = ('http://a.example/3', 'Drei', 'Mon, 24 Feb 2025 18:08:09 GMT',
       'Xylophon')
site = Site({'/a.xml': rss(ONE), '/b.xml': rss(TWO)})
mill = Mill(fetch={'allow-private-addresses': True},
            feeds={'a': site.source('/a.xml'), 'b': site.source('/b.xml')})


def found(*words):
    r = mill.run('search', '--format', 'json', *words)
    return [h['url'] for h in json.loads(r.out)] if r.status == 0 else r


r = mill.run('search', 'x')
ok(r.status == 69 and 'feedmill run' in r.err, 'no database yet: it is said', r)
mill.round()
same(found('安全'), [ONE[0]], 'two characters of a sentence are found')
same(found('中国'), [ONE[0], TWO[0]], 'a title weighs more than a text')
same(found('CAFE', 'noir'), [ONE[0]], 'whatever the case and the accents')
same(found('中国 武汉'), [TWO[0]], 'all words are wanted')
same(found('nothing'), [], 'or nothing is found')
same(mill.run('search', 'nothing').err, 'feedmill search: nothing found\n',
     'and somebody who reads is told')
same(found('--source', 'b', '中国'), [TWO[0]], 'of one source')
same(found('--source', site.url + '/a.xml', '中国'), [ONE[0]], 'by its URL')
same(found('--limit', '1', '中国'), [ONE[0]], 'no more than asked for')
for junk in ('"', '--', 'NOT', '(', '*', 'a AND', '\udcff'):
    same(found('--', junk), [], 'any words will do: %r' % junk)

r = mill.run('search', '武汉')
ok(r.status == 0 and r.err == '', 'as text', r)
same(re.sub(r'  +', ' ', r.out).split('\n'),
     ['Two', ' 2025-02-23 Made up', ' ' + TWO[0], ' [武汉]和中国', ''],
     'title, date, source, URL and what was found')
h = json.loads(mill.run('search', '--format', 'json', '武汉').out)[0]
same((h['title'], h['source'], h['date'], h['stamp'], h['snippet']),
     ('Two', 'b', '2025-02-23T18:08:09Z', '1740334089000', '[武汉]和中国'),
     'as JSON')
for words in (('--limit', '0', 'x'), ('--limit', 'x', 'x'),
              ('--limit', '-1', 'x'), ('--format', 'x', 'x'), ()):
    same(mill.run('search', *words).status, 2, 'wrong usage: %s' % (words,))
r = mill.run('search', '--source', 'nobody', 'x')
ok(r.status == 1 and 'nobody' in r.err, 'no such source', r)

daemon = mill.start()
daemon.seen('visit', source='a')
site.documents['/a.xml'] = rss(ONE, NEW)
same(mill.run('fetch', 'a').status, 0, 'something new beside a daemon')
ok(eventually(lambda: found('xylophon') == [NEW[0]]), 'is found soon')
same(daemon.stop(), 0, 'it stops')
done()
