#!/usr/bin/env python3
"""What went wrong in the generators that feedmill takes over from, one test
for each of their mistakes: it cannot happen here."""
import os
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

try:
    import yaml
except ImportError:
    yaml = None

ATOM = '{http://www.w3.org/2005/Atom}'
DAY = 'Sat, 22 Feb 2025 %02d:00:00 GMT'


def item(n, title=None, hour=8, text='text', date=None):
    return ('http://a.example/a/%d' % n, title or 'Title %d' % n,
            DAY % hour if date is None else date, text)


def mill_of(*items, per='revision', **source):
    site = Site({'/f': rss(*items)})
    mill = Mill(feeds={'a': site.source('/f', **source)},
                archive={'posts': {'directory': 'archive', 'per': per}})
    return site, mill


def poll(site, mill, *items):
    site.documents['/f'] = rss(*items)
    return mill.round()


def paths(mill):
    return sorted(k.split('/')[-1] for k in mill.export())


def post(mill, name):
    return read(mill.path('archive', name)).decode()


def front(text):
    return yaml.safe_load(text.split('\n---\n')[0][4:])


# 1: a post without a numeric stamp made the reader of the last post throw.
site, mill = mill_of(item(1, date='yesterday'), item(2, date=''))
mill.round()
r = poll(site, mill, item(1, date='yesterday'), item(2, date=''), item(3))
same((r.status, paths(mill)), (0, ['1', '2', '3']),
     '1: an entry without a date stops nothing') or note(r)
ok(sum('<!--NaN-->' in post(mill, p) for p in mill.posts()) == 2,
   '1: its stamp is NaN')

# 2: what is older than the newest was lost.
site, mill = mill_of(item(1, hour=20))
mill.round()
old = item(2, date='Sat, 22 Feb 2020 08:00:00 GMT')
r = poll(site, mill, item(1, hour=20), old, item(3, hour=20))
same(paths(mill), ['1', '2', '3'],
     '2: what is late or as old as another is new all the same') or note(r)

# 3: identity was the file's name, made of date and title.
site, mill = mill_of(item(1, 'Same'), item(2, 'Same'),
                     item(3, date='Sat, 22 Feb 2125 08:00:00 GMT'))
mill.round()
posts = mill.posts()
same(len(posts), 3, '3: equal titles of a day are two posts')
poll(site, mill, item(1, 'Edited'), item(2, 'Same'),
     item(3, date='Sat, 22 Feb 2126 08:00:00 GMT'))
same((paths(mill), [p for p in posts if p not in mill.posts()]),
     (['1', '2', '3'], []), '3: a title that is edited makes no entry')
ok(not [p for p in mill.posts() if p.startswith('21')],
   '3: a date to come does not name a file', mill.posts())

# 4: "is it known?" was a search for a part of the text of all.
site, mill = mill_of(item(1234))
mill.round()
poll(site, mill, item(123), item(1234), item(12345))
same(paths(mill), ['123', '1234', '12345'],
     '4: an address in another one is new')

# 5: the files were the state; when they were archived, all came again.
site, mill = mill_of(item(1), item(2))
mill.round()
for p in mill.posts():
    os.remove(mill.path('archive', p))
r = mill.round('-v')
poll(site, mill, item(1), item(2), item(3))
same(len(mill.posts()), 1, '5: posts that are taken away do not come back')

# 6: one bad item ended the run of its feed.
site, mill = mill_of(item(1), item(2))
site.documents['/f'] = rss(item(1), item(2)).replace(
    b'<item>', b'<item></item><item><link>::no url</link></item><item>'
    b'<title/><pubDate>never</pubDate></item><item><link>/relative</link>'
    b'</item><item>', 1)
r = mill.round()
same((r.status, {'1', '2'} <= set(paths(mill))), (0, True),
     '6: one bad item costs only itself') or note(r)

# 7: YAML by hand.
HARD = ['"quoted" and \'single\'', 'back\\slash \\n \\"', 'a: b # c',
        '@at', '[list]', '{map}', '- dash', '...', '%TAG', '!tag', '&x *y',
        'null', 'yes', '12', '2025-02-22', '\u2028line', '\U0001f600' * 60,
        'é' * 300, '---']
site, mill = mill_of(*[item(i, t) for i, t in enumerate(HARD)])
mill.round()
if yaml:
    fronts = [front(post(mill, p)) for p in mill.posts()]
    got = {f['title'] for f in fronts}
    want = {re.sub('\u2028', ' ', t).strip() for t in HARD}
    same({re.sub('[\\s\u2028]+', ' ', t).strip() for t in got
          if isinstance(t, str)}, want,
         '7: every title comes through YAML as the text it is')
    same({tuple(f) for f in fronts}, {(
        'layout', 'title', 'date', 'author', 'from', 'tags', 'comments',
        'categories', 'render_with_liquid')}, '7: and no other key')
else:
    skip('7: titles and YAML', 'python3-yaml is absent')
ok(all(len(os.fsencode(p)) < 255 and '\ufffd' not in p and
       not re.search('[\ud800-\udfff]', p) for p in mill.posts()),
   '7: no file name is cut inside a character', mill.posts())

# 8: the link line was not escaped.
TITLES = ['[图] a', 'b](http://evil.example/) c', '[x][y]: z', 'two\nlines']
site, mill = mill_of(*[item(i, t) for i, t in enumerate(TITLES)])
mill.round()
old = re.compile(r'\[([\s\S]*?)\]\((.*?)\)')
seen = {int(m[2].split('/')[-1]): m[1] for m in
        (old.search(post(mill, p).split('-->\n')[1]) for p in mill.posts())}
same(sorted(seen), [0, 1, 2, 3], '8: the old readers find the right link')
ok(all(t.split()[-1].strip('[]') in seen[i] for i, t in enumerate(TITLES)),
   '8: and all of the title', seen)

# 9: names were counters that fell, as text.
site, mill = mill_of(*[item(i, date='%02d Feb 2025 %02d:00:00 GMT' %
                            (i % 28 + 1, i % 24)) for i in range(40)],
                     **{'flood-limit': 0})
mill.round()
dates = [re.search(r'^date: (\S+)$', post(mill, p), re.M)[1][:10]
         for p in sorted(mill.posts())]
same((len(dates), dates), (40, sorted(dates)),
     '9: names sort by date, however many there are')

# 10: every poll loaded everything.
n = len(site.requests)
mill.round()
ok('If-None-Match' in site.requests[n][1], '10: a poll is conditional',
   site.requests[n:])

# 11: dates that are none took part in the order.
site, mill = mill_of(*[item(i, date='' if i % 2 else DAY % i)
                       for i in range(12)])
mill.round()
first = read(mill.path('www/all.atom'))
os.remove(mill.path('www/all.atom'))
mill.round()
same(read(mill.path('www/all.atom')), first,
     '11: the order is the same every time')

# 12: every post was written again in every run, and cut at "---".
site, mill = mill_of(item(1, 'a --- b', text='<p>c</p>\n---\n<p>d</p>'))
mill.round()
name = mill.posts()[0]
before = os.stat(mill.path('archive', name)), post(mill, name)
poll(site, mill, item(1, 'a --- b', text='<p>c</p>\n---\n<p>d</p>'), item(2))
after = os.stat(mill.path('archive', name))
same((after.st_ino, after.st_mtime_ns),
     (before[0].st_ino, before[0].st_mtime_ns), '12: a post is written once')
ok('<p>d</p>' in before[1], '12: and complete', before[1])

# 13: the outgoing feed's ids followed the title, and led to the aggregator.
site, mill = mill_of(item(1, 'Old title 标题'))
mill.set(publish={'all': {'title': 'All', 'url': mill.url + '/', 'entries': 5,
                          'directory': 'www'}})


def entries():
    feed = ET.fromstring(read(mill.path('www/all.atom')))
    return {e.find(ATOM + 'link[@rel="alternate"]').get('href'): e
            for e in feed.iter(ATOM + 'entry')}


mill.round()
before = entries()['http://a.example/a/1']
poll(site, mill, item(1, 'New title', hour=9, text='another text'))
after = entries()['http://a.example/a/1']
same(after.findtext(ATOM + 'title'), 'New title', '13: a revision is shown')
same(after.findtext(ATOM + 'id'), before.findtext(ATOM + 'id'),
     '13: under the id it had')
matches(r'^urn:uuid:[0-9a-f-]{36}$', after.findtext(ATOM + 'id'),
        '13: which is one')
ok(after.findtext(ATOM + 'published') == before.findtext(ATOM + 'published')
   and after.findtext(ATOM + 'updated') > after.findtext(ATOM + 'published'),
   '13: published stays, updated moves', ET.tostring(after))
poll(site, mill, *[item(i, date='Sat, 22 Feb 2020 08:00:00 GMT')
                   for i in range(2, 90)])
ok(len(entries()) <= 20, '13: and the feed is bounded', len(entries()))

# 14: lists had become empty, and nobody noticed.
site, mill = mill_of(item(1), item(2))
mill.round()
listed = read(mill.path('archive/lists/a-2025-02.md')).decode()
linked = re.findall(r'\]\(\.\./([^)]*)\)', listed)
same(sorted(linked), mill.posts(), '14: a list links every post') or \
    note(listed)
good = read(mill.path('www/all.atom'))
write(mill.path('www/all.atom'), b'')
mill.round()
same(read(mill.path('www/all.atom')), good, '14: a document that is not '
     'what it should be is written again')
shutil.rmtree(mill.path('archive'))
write(mill.path('archive'), 'in the way')
r = poll(site, mill, item(1), item(2), item(3))
ok(r.status == 1 and [e for e in r.events() if e['level'] == 'error'],
   '14: what cannot be written is an error', r)
os.remove(mill.path('archive'))
r = mill.round()
same((r.status, len(mill.posts())), (0, 1), '14: and is made up for') or \
    note(r)

# per: entry - one post, replaced; its list says the newest title.
site, mill = mill_of(item(1, 'First'), per='entry')
mill.round()
name = mill.posts()
poll(site, mill, item(1, 'Second', hour=9, text='other'))
same(mill.posts(), name, 'one post for an entry, whatever its title')
matches(r'^title: "Second"$', post(mill, name[0]), 'of its newest state')
matches(r'^\* 2025-02-22 \[Second\]\(\.\./%s\)' % re.escape(name[0]),
        read(mill.path('archive/lists/a-2025-02.md')).decode(),
        'as its list says')
done()
