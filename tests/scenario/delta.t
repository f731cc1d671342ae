#!/usr/bin/env python3
"""A subscriber that sends A-IM: feed is given what is new since its ETag, and
nobody else is: conditions, codings, parts, restarts."""
import gzip
import os
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'


def numbers(body):
    """Of the entries, in order; and it is well-formed."""
    root = ET.fromstring(body)
    if root.tag == 'rss':
        links = [i.findtext('link') for i in root.iter('item')]
    else:
        links = [l.get('href') for e in root.findall(ATOM + 'entry')
                 for l in e.findall(ATOM + 'link')
                 if l.get('rel') == 'alternate']
    return [int(l.rsplit('/', 1)[1]) for l in links]


def ask(tag, name='all.atom', a_im='feed', method='GET', **more):
    return get('%s/%s' % (mill.url, name), method, If_None_Match=tag,
               A_IM=a_im, **more)


site = Site({'/f': rss(item(1), item(2), item(3))})
mill = Mill(feeds={'a': site.source('/f')}, fetch={'flood-limit': 0})
mill.sections['publish']['all'].update(
    entries=4, formats=['atom', 'rss', 'json', 'html'])
mill.set()


def step(*items):
    """Publish these; the tags of what was there before by file name."""
    site.documents['/f'] = rss(*items)
    same(mill.round().status, 0, 'a round')


step(item(1), item(2), item(3))
daemon = mill.start()
first = {n: get('%s/%s' % (mill.url, n))
         for n in ('all.atom', 'all.rss', 'all.json')}
zipped = get(mill.url + '/all.atom', Accept_Encoding='gzip')
tag = first['all.atom'].headers['ETag']
tag_gz = zipped.headers['ETag']
ok(tag != tag_gz and not tag.startswith('W/'), 'two strong tags',
   (tag, tag_gz))
same(numbers(gzip.decompress(zipped.body)), [3, 2, 1], 'for one document')
matches('A-IM', first['all.atom'].headers['Vary'], 'Vary: A-IM')
same(ask(tag).status, 304, 'unchanged: 304')
same(ask(tag_gz, Accept_Encoding='gzip').status, 304, 'and for its twin')
a = ask(tag, Accept_Encoding='gzip')
same((a.status, a.headers['ETag']), (304, tag),
     'who has the plain one, and takes gzip, has it')
same(daemon.stop(), 0, 'stopped')

step(item(1), item(2, 'now otherwise'), item(3), item(4), item(5))
daemon = mill.start()
whole = get(mill.url + '/all.atom')
a = ask(tag)
same((a.status, numbers(a.body)), (226, [5, 4, 2]),
     'changed: 226 with what is new and what was updated')
same([a.headers[n] for n in ('IM', 'ETag', 'Delta-Base')],
     ['feed', whole.headers['ETag'], tag], 'of the whole, since its own')
matches('no-store', a.headers['Cache-Control'], 'not for other caches')
matches(r'\bim\b', a.headers['Cache-Control'], 'for those that know it')
same({f.strip() for f in a.headers['Vary'].split(',')},
     {'A-IM', 'If-None-Match', 'Accept-Encoding'}, 'it is his alone')
same(ask(a.headers['ETag']).status, 304, 'with its tag he has all')
same(ask(a.headers['ETag'], Accept_Encoding='gzip').status, 304,
     'also of the gzip twin')
h = ask(tag, method='HEAD')
same((h.status, h.body, h.headers['Content-Length']),
     (226, b'', str(len(a.body))), 'HEAD says the same')
r = ask(first['all.rss'].headers['ETag'], 'all.rss')
same((r.status, numbers(r.body)), (226, [5, 4, 2]), 'RSS, too')
same(ask(first['all.json'].headers['ETag'], 'all.json').status, 200,
     'JSON has none')
for name, status, answer in (
        ('gzip twin', 226, ask(tag_gz, Accept_Encoding='gzip')),
        ('a weak tag', 226, ask('W/' + tag)),
        ('of several the latest', 226, ask('"x", ' + tag + ', "y"')),
        ('not asked for', 200, get(mill.url + '/all.atom',
                                   If_None_Match=tag)),
        ('another manipulation', 200, ask(tag, a_im='vcdiff, diffe')),
        ('refused', 200, ask(tag, a_im='vcdiff, feed;q=0')),
        ('with others', 226, ask(tag, a_im='vcdiff , Feed;q=0.5, gzip')),
        ('a tag that is not ours', 200, ask('"0123"')),
        ('one that looks like ours', 200,
         ask(tag[:-2] + ('0' if tag[-2] != '0' else '1') + '"')),
        ('without a tag', 200, get(mill.url + '/all.atom', A_IM='feed')),
        ('any tag', 304, ask('*')),
        ('If-Match comes first', 412, ask(tag, If_Match='"x"')),
        ('If-Match that holds', 226,
         ask(tag, If_Match=whole.headers['ETag'])),
        ('a date says nothing beside a tag', 226, ask(
            tag, If_Modified_Since=whole.headers['Last-Modified'])),
        ('a part is one of the whole', 206, ask(tag, Range='bytes=0-9'))):
    same(answer.status, status, name)
    if answer.status == 226:
        same((numbers(answer.body), answer.headers['ETag'],
              answer.headers['Content-Encoding']),
             ([5, 4, 2], whole.headers['ETag'], None), name)

# What was sent before it is killed is known after it.
daemon.kill()
step(*[item(n) for n in range(5, 20)])
daemon = mill.start()
a = ask(tag)
same((a.status, sorted(numbers(a.body))), (226, list(range(4, 20))),
     'more than the window: what was announced is on sealed pages')
same(len(a.body) > 0 and len(set(re.findall(rb'<id>urn:uuid:.*?<', a.body))),
     17, 'each once, and the feed')
r = ask(first['all.rss'].headers['ETag'], 'all.rss')
same((r.status, len(numbers(r.body))), (200, 16), 'RSS has none: all of it')
a = ask(whole.headers['ETag'])
same((a.status, sorted(numbers(a.body))), (226, list(range(6, 20))),
     'since the second')
same(daemon.stop(), 0, 'stopped')
os.remove(mill.path('www', '.all.atom.delta'))
step(item(20))
daemon = mill.start()
same(ask(tag).status, 200, 'where the notes are lost: all of it')
same(daemon.stop(), 0, 'stopped')
done()
