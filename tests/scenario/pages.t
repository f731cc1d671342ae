#!/usr/bin/env python3
"""A subscriber that follows prev-archive has everything ever announced, across
a restart and a kill, and what is sealed never changes."""
import os
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'


def follow(url, pages):
    """{alternate link: (id, published)}; pages[url] = bytes."""
    found = {}
    while url:
        a = get(url)
        same(a.status, 200, 'there is ' + url.rsplit('/', 1)[1])
        if 'archive' in url:
            same(pages.setdefault(url, a.body), a.body, 'as it was')
        root = ET.fromstring(a.body)
        for e in root.findall(ATOM + 'entry'):
            link = [l.get('href') for l in e.findall(ATOM + 'link')
                    if l.get('rel') == 'alternate'][0]
            told = (e.findtext(ATOM + 'id'), e.findtext(ATOM + 'published'))
            same(found.setdefault(link, told), told, 'one id: ' + link)
        url = next((l.get('href') for l in root.findall(ATOM + 'link')
                    if l.get('rel') == 'prev-archive'), None)
    return found


site = Site({'/f': rss(item(0))})
mill = Mill(feeds={'a': site.source('/f')}, fetch={'flood-limit': 2})
mill.sections['publish']['all']['entries'] = 4
mill.set()
known, pages = {}, {}
for step, last in enumerate((3, 9, 20, 22)):
    site.documents['/f'] = rss(*[item(n) for n in range(last, -1, -1)])
    if step == 1:
        daemon = mill.start()
        daemon.seen('visit', source='a')
        daemon.kill()
    ok(mill.round().status == 0, 'step %d' % step)
    daemon = mill.start()
    now = follow(mill.url + '/all.atom', pages)
    same_set(now, ['http://a.example/%d' % n for n in range(last + 1)],
             'step %d: everything, silent ones too' % step)
    same({k: now.get(k) for k in known}, known, 'and nothing has changed')
    known = now
    same(daemon.stop(), 0, 'stopped')
ok(len(pages) >= 5, '%d pages' % len(pages))

# The first round of all, with many pages at once: they are there when it ends.
site.documents['/f'] = rss(*[
    ('http://a.example/%d' % n, 'Entry %d' % n,
     'Sat, 22 Feb 2025 %02d:%02d:09 GMT' % (n // 60, n % 60), 'x')
    for n in range(1200)])
first = Mill(feeds={'a': site.source('/f')}, fetch={'flood-limit': 'none'})
first.sections['publish']['all']['entries'] = 50
first.set()
same(first.round().status, 0, 'a round with many entries')
name, chain = 'all.atom', set()
while name and os.path.exists(first.path('www', name)):
    root = ET.parse(first.path('www', name)).getroot()
    links = [l.attrib for l in root.findall(ATOM + 'link')]
    chain.update(e.findtext(ATOM + 'title')
                 for e in root.findall(ATOM + 'entry'))
    name = next((os.path.basename(l['href']) for l in links
                 if l.get('rel') == 'prev-archive'), None)
same_set(chain, ['Entry %d' % n for n in range(1200)],
         'all of them on its pages')
same(mill.run('check').status, 0, 'the configuration is well')
done()
