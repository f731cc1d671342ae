#!/usr/bin/env python3
"""What feedmill archives, feedmill imports: the same URLs and stamps; and
the posts of the old generators."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

AWKWARD = [
    ('http://a.example/1', 'Plain', 'Sat, 22 Feb 2025 18:08:09 GMT',
     '<p>Text</p>'),
    ('http://a.example/2', 'Brackets ](http://evil.example/) and "quotes"',
     'Sun, 23 Feb 2025 10:00:00 GMT', '<!--123--> {{ site }} {% x %}'),
    ('http://a.example/3', 'No date', '', ''),
    ('http://a.example/4', 'a/../../b: c', 'Sun, 23 Feb 2025 10:00:00 GMT',
     '<pre>\n\n# no heading\n\n---\n</pre>'),
    ('http://a.example/5', '同一天同一个标题', 'Mon, 24 Feb 2025 08:00:00 GMT',
     '一'),
    ('http://a.example/6', '同一天同一个标题', 'Mon, 24 Feb 2025 08:00:00 GMT',
     '二'),
    ('http://a.example/7?x=1&y=%E4%B8%AD', '长' * 300,
     'Tue, 25 Feb 2025 08:00:00 GMT', 'x'),
]


def known(mill):
    """The set of (URL, stamp).  The key is the URL without its spelling:
    a post has the host in lower case, whatever the source wrote."""
    return {(k, str(e['stamp'])) for k, e in mill.export().items()}


def comes_back(mill, what):
    written = known(mill)
    fresh = Mill()
    r = fresh.run('import', mill.path('archive'))
    same(r.status, 0, what + ': the archive is imported') or note(r)
    same_set(known(fresh), written, what + ': with the same URLs and stamps')
    r = fresh.run('import', mill.path('archive'))
    same((r.status, known(fresh)), (0, written),
         what + ': imported twice it adds nothing')


site = Site({'/a.xml': rss(*AWKWARD)})
mill = Mill(feeds={'a': site.source('/a.xml')})
r = mill.round()
same(len(known(mill)), len(AWKWARD), 'awkward entries are all stored') or \
    note(r)
same(len(mill.posts()), len(AWKWARD), 'each has a post of its own')
outside = [p for p in mill.posts() if '..' in p.split('/')]
same(outside, [], 'no title leads out of the folder')
comes_back(mill, 'awkward')
for name in mill.posts():
    post = read(mill.path('archive', name)).decode()
    if not re.search(r'\n<!--(-?\d+|NaN)-->\n\[.*\]\(.*\)\n------\n\n', post):
        ok(False, 'the post has its stamp, link line and rule', post[:600])
        break
else:
    ok(True, 'every post has its stamp, link line and rule')

# A power failure leaves half a file under a name of its own, and the post
# may never be made again.
half = [mill.path('archive', '.2020-01-01-gone.md.new'),
        mill.path('archive', 'lists', '.a-2020-01.md.new')]
kept = [mill.path('archive', '.nojekyll'), mill.path('archive', 'a.new'),
        mill.path('archive', 'lists', '.a.md')]
for path in half + kept:
    write(path, 'half')
before = mill.posts()
same(mill.round().status, 0, 'a round that brings nothing')
same([p for p in half if os.path.exists(p)], [],
     'what a power failure left in an archive goes with the next start')
same([p for p in kept if not os.path.exists(p)], [], 'and nothing else')
same(mill.posts(), before, 'no post does')

# An entry the archive knew is no news when its source lists it again.
fresh = Mill(feeds={'a': site.source('/a.xml')})
fresh.run('import', mill.path('archive'))
visits = fresh.round().events('visit')
same([(v.get('new'), v.get('updated')) for v in visits], [('0', '0')],
     'what was imported is not announced again')

# What is not known by its address comes back as what it was: named by guids
# (at one page, or without any), by its title, by its text; an address that
# is no link; and what one source keeps to itself.
ITEM = '<item>%s<pubDate>Sat, 22 Feb 2025 18:08:09 GMT</pubDate></item>'
NAMED = ['<link>http://c.example/log</link><guid>v1</guid><title>1</title>',
         '<link>http://c.example/log</link><guid>v2</guid><title>2</title>',
         '<link>http://c.example/log</link><title>none</title>',
         '<guid isPermaLink="false">a: "b" {{ c }} # \u4e2d</guid>',
         '<guid isPermaLink="false">http://c.example/not-here</guid>',
         '<title>only a title</title>', '<description>text</description>',
         '<link>ftp://c.example/file</link><title>file</title>']
named = Site({p: rss().replace(b'</channel>', ''.join(
    ITEM % i for i in NAMED).encode() + b'</channel>')
    for p in ('/c.xml', '/own.xml')})
feeds = {'c': named.source('/c.xml'),
         'own': named.source('/own.xml', identity='own')}
forms = {'%s-%s' % (per, form): {'directory': per + form, 'per': per,
                                 'format': form}
         for per in ('revision', 'entry') for form in ('markdown', 'html')}
mill = Mill(feeds=feeds, archive=forms)
mill.round()
written = known(mill)
same(len(written), 2 * len(NAMED), 'entries without an address of their own')
for form in forms.values():
    for subscribed in (feeds, {}):
        fresh = Mill(feeds=subscribed)
        r = fresh.run('import', mill.path(form['directory']))
        same_set(known(fresh), written, '%(per)s, %(format)s: their archive '
                 'gives the same keys and stamps' % form) or note(r)
        fresh.set(feeds=feeds)
        same([(v['new'], v['updated']) for v in fresh.round().events('visit')],
             [('0', '0')] * 2, 'and nothing is announced again')

# A post is worded as it is shown.  A feed that dates anew what it has is no
# update, as it was none where the post was written; one that comes then is.
def dated(minute, text):
    return rss(('http://r.example/1', 'Dated anew', 'Sat, 22 Feb 2025 18:%02d:'
                '09 GMT' % minute, '<p onclick="x">%s</p>' % text))


again = Site({'/r.xml': dated(1, 'text')})
mill, fresh = [Mill(feeds={'r': again.source('/r.xml')}) for _ in 'ab']
mill.round()
again.documents['/r.xml'] = dated(2, 'text')
for m, why in ((mill, 'here'), (fresh, 'nor where its archive was read')):
    if m is fresh:
        same(m.run('import', mill.path('archive')).status, 0, 'read')
    same([(v['new'], v['updated']) for v in m.round().events('visit')],
         [('0', '0')], 'dated anew: it is no update, ' + why)
again.documents['/r.xml'] = dated(3, 'other text')
for m in (mill, fresh):
    same([(v['new'], v['updated']) for v in m.round().events('visit')],
         [('0', '1')], 'one that is changed, too, is')
same(sum(b'other text' in read(mill.path('archive', p))
         for p in mill.posts()), 1, 'and has a post')

seeds = os.path.join(SHARED, 'seeds')
if os.path.isdir(seeds):
    posts = {n[:3]: os.path.join(seeds, n) for n in os.listdir(seeds)}
    old = Mill()
    r = old.run('import', *[posts[n] for n in ('000', '001', '003')])
    same(r.status, 0, 'posts of the two old dialects are imported') or note(r)
    same_set({s for _, s in known(old)},
             ['1740340846000', '1740249544000', '1737684422000'],
             'with their stamps')
    r = old.run('import', posts['002'])
    ok(r.status == 1 and r.err.strip(), 'plain page text is refused', r)
else:
    skip('posts of the two old dialects', '../shared/seeds is absent')

if os.path.isdir(os.path.join(SHARED, 'series')):
    series = Series()
    mill = series.mill(names=series.order[:8])
    for step in (0, 1):
        series.step(step)
        mill.round()
    comes_back(mill, 'series')
else:
    skip('series', '../shared/series is absent')
done()
