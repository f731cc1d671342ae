#!/usr/bin/env python3
"""Every outlet by the rules of its format, by checkers that know nothing of
feedmill, and in the readers people use: all say the same."""
import datetime
import email.utils
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from feedmill import *
sys.path.insert(0, os.path.join(ROOT, 'tests/tools'))
import check_atom
import check_json_feed

ATOM = '{http://www.w3.org/2005/Atom}'

# A document with everything an outlet can carry, and with what it must not.
RICH = '''<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh">
<id>urn:x</id><title>丰富 &amp; rich</title><link href="http://r.example/"/>
<updated>2025-02-22T18:08:09Z</updated>
<subtitle type="html">&lt;i>sub&lt;/i> &amp;amp; more</subtitle>
<rights>© 乙 &lt;2025></rights><icon>http://r.example/i.ico</icon>
<logo>javascript:alert(1)</logo><generator version="1">G &amp; co</generator>
<author><name>乙</name><uri>javascript:x</uri></author>
<category term="k" label="K"/><category term=""/>
<entry><id>urn:1</id><title type="html">&lt;b&gt;Bold&lt;/b&gt; &amp;amp; x</title>
<link href="http://r.example/1"/><link rel="enclosure"
 href="http://r.example/a.mp3" type="audio/mpeg" length="1234"/>
<link rel="enclosure" href="http://r.example/b" type="no type" length="-5"/>
<link rel="replies" type="text/html" href="http://r.example/1#c"/>
<author><name>甲 &lt;a&gt;</name><email>a@b.example</email><uri>http://a.example/</uri></author>
<author><name></name><email>not mail</email><uri>javascript:alert(1)</uri></author>
<category term="t" scheme="http://s.example/" label="L &amp; l"/><category term=""/>
<category term="u" scheme="no iri"/>
<published>2025-02-20T08:00:00+08:00</published>
<updated>2025-02-22T18:08:09.123Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>多
<img src="/i.png"/></p></div></content></entry>
<entry xml:lang="not a tag"><id>urn:2</id><title></title>
<updated>2025-02-23T00:00:00Z</updated><content type="html">&lt;p&gt;no link, no
title</content></entry>
<entry><id>urn:3</id><title>a ]]&gt; b</title><link href="http://r.example/3?a=1&amp;b=%E4%B8%AD#f"/>
<updated>yesterday</updated><summary>]]&gt; &amp;amp;nbsp; \u2028 end</summary></entry>
<entry><id>urn:4</id><title>future</title><link href="http://r.example/4"/>
<updated>2125-02-23T00:00:00Z</updated><content src="http://r.example/4.bin" type="image/png"/></entry>
<entry><id>urn:5</id><title>old</title><link href="http://r.example/5"/>
<link rel="enclosure" href="http://r.example/5.ogg" type=" audio/ogg; codecs=&quot;x"/>
<link rel="enclosure" href="http://r.example/5.a" type="a/b/c"/>
<link rel="enclosure" href="http://r.example/5.b" type="ä/ö"/>
<link rel="enclosure" href="http://r.example/5.c" type="text/html;charset=utf-8"/>
<updated>1969-07-20T20:17:40Z</updated><content>the eagle</content></entry>
</feed>
'''
POD = rss(('http://p.example/1', 'Episode', 'Mon, 24 Feb 2025 08:00:00 +0800',
           '<p>x</p>'), title='Pod "cast"').replace(
    b'</item>', b'<enclosure url="http://p.example/1.mp3" type="audio/mpeg" '
    b'length="many"/><category>c</category><author>p@example.org (P)</author>'
    b'</item>')
site = Site({'/r': RICH.encode(), '/p': POD, '/many': rss(*[
    ('http://m.example/%d' % i, 'Many %d' % i,
     'Fri, 21 Feb 2025 %02d:00:00 GMT' % (i % 24), 'x') for i in range(30)])})
MODES = ('full', 'summary', 'none')
mill = Mill(feeds={n: site.source('/' + n, **{'flood-limit': 0,
                                             'tags': ['t<&>', n]})
                   for n in ('r', 'p', 'many')})
mill.set(publish={m: {
    'title': 'All <of> & "it"', 'subtitle': 'sub & title', 'language': 'zh',
    'url': mill.url + '/', 'directory': 'www', 'content': m, 'entries': 20,
    'hubs': ['http://127.0.0.1:1/hub?a=1&b=2'],
    'formats': ['atom', 'rss', 'json', 'opml', 'html']} for m in MODES})
r = mill.round()
same(r.status, 0, 'a round') or note(r)
# Others list an entry, too: one of them in secret.
site.documents['/again'] = site.documents['/secret'] = rss(
    ('http://r.example/1', 'Bold & x', 'Sat, 22 Feb 2025 18:08:09 GMT', 'x'))
mill.sections['feeds'].update(
    again=site.source('/again', title='Again & <more>'),
    secret=site.source('/secret', publish=False),
    token=site.source('/again?token=hunter2'))
mill.set()
site.documents['/p'] = POD.replace(b'Episode', b'Episode, again').replace(
    b'08:00:00', b'09:30:00')
mill.round()


def path(name):
    return mill.path('www', name)


# -------------------------------------------------------------------- Atom
atoms = sorted(n for n in os.listdir(path('')) if n.endswith('.atom'))
ok(set(m + '.atom' for m in MODES) < set(atoms),
   'there are documents and sealed pages', atoms)
for name in atoms:
    same(check_atom.complaints(read(path(name))), [],
         name + ': by the words of RFC 4287')
schema = os.path.join(ROOT, 'tests/tools/atom.rnc')
if shutil.which('jing'):
    p = subprocess.run(['jing', '-c', schema] + [path(n) for n in atoms],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    same((p.returncode, p.stdout), (0, b''), 'all of them by its schema')
else:
    skip('all of them by its schema', 'jing is absent')

good = read(path('full.atom')).decode()

source = next(e for e in ET.fromstring(good).iter(ATOM + 'source')
              if e.findtext(ATOM + 'title') == '丰富 & rich')
same([(c.tag[len(ATOM):], (c.text or '').strip() or c.get('href') or
       c.get('term') or c.findtext(ATOM + 'name')) for c in source
      if c.tag != ATOM + 'updated'],
     [('id', 'urn:x'), ('title', '丰富 & rich'),
      ('link', 'http://r.example/'), ('link', site.url + '/r'),
      ('subtitle', 'sub & more'), ('rights', '© 乙 <2025>'),
      ('author', '乙'), ('category', 'k'), ('icon', 'http://r.example/i.ico'),
      ('generator', 'G & co')], 'atom:source says what the feed says')
bold = next(e for e in ET.fromstring(good).iter(ATOM + 'entry')
            if e.findtext(ATOM + 'title') == 'Bold & x')
same([(link.get('href'), link.get('title')) for link in bold.iter(
    ATOM + 'link') if link.get('rel') == 'via'],
     [(site.url + '/again', 'Again & <more>')],
     'an entry names who had it, too, if he may be named')
same([i['_feedmill'].get('further') for i in
      json.loads(read(path('full.json')))['items']
      if i['title'] == 'Bold & x'],
     [[{'source': 'Again & <more>', 'source_feed': site.url + '/again'}]],
     'so does JSON')

BROKEN = [
    ('<id>urn:uuid:', '<id>uuid-'), ('<updated>2', '<updated>x2'),
    ('T00:00:00Z</updated>', 't00:00:00z</updated>'),
    ('<title type="text">', '<title type="markdown">'),
    ('<title type="text">', '<title type="text"><b/>'),
    ('</title>', '</title><title>b</title>'), ('<author>', '<writer>'),
    ('<name>', '<name></name><!--'), (' rel="self"', ' rel="via"'),
    (' href="http://', ' href="'), ('<category term="t"', '<category'),
    ('type="audio/mpeg"', 'type="audio"'), ('length="1234"', 'length="-1"'),
    ('xml:lang="zh"', 'xml:lang="zh hans"'), ('</entry>', ''),
    ('<published>', '<published/><published>'),
    ('<content type="html">', '<content src="x" type="html">'),
    ('<email>a@b.example', '<email>nobody'), ('<feed ', '<feed version="1" '),
    ('<generator>feedmill', '<generator>'), ('<entry', '<source/><entry'),
]
missed = []
for old, new in BROKEN:
    bad = good.replace(old, new, 1)
    if old == '<author>':
        bad = re.sub(r'<author>.*?</author>', '', good, flags=re.S)
    elif old == '<name>':
        bad = re.sub(r'<name>[^<]*</name>', '<name></name>', good, count=1)
    if bad == good or not check_atom.complaints(bad.encode()):
        missed.append((old, new))
same(missed, [], 'the checker finds what is broken on purpose')

# --------------------------------------------------------------- JSON Feed
for m in MODES:
    same(check_json_feed.complaints(read(path(m + '.json'))), [],
         m + '.json: by the rules of JSON Feed 1.1')
BROKEN = [
    ('version/1.1', 'version/1'), ('"items":', '"entries":'),
    ('\n{"id":"urn', '\n{"guid":"urn'), ('"content_html":', '"content":'),
    ('"date_published":"2', '"date_published":"x2'),
    ('"mime_type":"audio/mpeg"', '"mime_type":null'),
    ('"authors":[{"name"', '"authors":[{"nick"'), ('"tags":[', '"tags":[1,'),
    ('"url":"http:', '"url":"'), ('"language":"zh"', '"language":"zh_"'),
    ('"_feedmill":{', '"feedmill":{'), ('"type":"WebSub"', '"kind":"WebSub"'),
    ('"title":', '"title":"a","title":'),
]
good = read(path('full.json')).decode()
same([b for b in BROKEN if good.replace(*b, 1) == good or
      not check_json_feed.complaints(good.replace(*b, 1).encode())], [],
     'that checker, too')

# ----------------------------------------------------- all say the same


def seconds(text):
    text = re.sub(r'\.\d+', '', text).replace('Z', '+00:00')
    return int(datetime.datetime.fromisoformat(text).timestamp())


feed = ET.fromstring(read(path('full.atom')))
atom, published = {}, {}
for e in feed.iter(ATOM + 'entry'):
    published[e.findtext(ATOM + 'id')] = seconds(
        e.findtext(ATOM + 'published'))
    link = e.find(ATOM + 'link[@rel="alternate"]')
    atom[e.findtext(ATOM + 'id')] = (
        e.findtext(ATOM + 'title'), None if link is None else
        link.get('href'), seconds(e.findtext(ATOM + 'updated')),
        e.findtext(ATOM + 'content'))
same(len(atom) >= 20, True, 'the outlet is full')
ok(any(published[i] < v[2] for i, v in atom.items()),
   'an entry was updated after it was published')
ok(min(published.values()) < 0, 'and one is older than 1970', published)
order = [e.findtext(ATOM + 'id') for e in feed.iter(ATOM + 'entry')]

items = json.loads(good)['items']
same({i['id']: (i['title'], i.get('url'), seconds(i['date_modified']),
                i['content_html']) for i in items}, atom,
     'JSON: ids, titles, addresses, dates, texts')
same([i['id'] for i in items], order, 'JSON: in that order')
rss_items = list(ET.fromstring(read(path('full.rss'))).iter('item'))
same({i.findtext('guid'): (
    i.findtext('title'), i.findtext('link'), seconds(
        i.findtext(ATOM + 'updated')) if i.find(ATOM + 'updated') is not None
    else int(email.utils.parsedate_to_datetime(
        i.findtext('pubDate')).timestamp()),
    i.findtext('description')) for i in rss_items}, atom, 'RSS: the same')
same({i.findtext('guid'): int(email.utils.parsedate_to_datetime(
    i.findtext('pubDate')).timestamp()) for i in rss_items}, published,
    'RSS: pubDate is the published of Atom')
same([i.findtext('guid') for i in rss_items], order, 'RSS: in that order')

FEEDPARSER = '''
import calendar, feedparser, json, sys
f = feedparser.parse(sys.argv[1])
print(json.dumps([bool(f.bozo), f.feed.get("title"), [
    [e.id, e.get("title"), e.get("link"), calendar.timegm(
        e.updated_parsed if "updated" in e else e.published_parsed),
        calendar.timegm(e.published_parsed)] for e in f.entries]]))
'''
if subprocess.run(['/usr/bin/python3', '-c', 'import feedparser'],
                  stderr=subprocess.DEVNULL).returncode == 0:
    for ending in ('atom', 'rss'):
        p = subprocess.run(['/usr/bin/python3', '-c', FEEDPARSER,
                            path('full.' + ending)],
                           stdout=subprocess.PIPE)
        bozo, title, entries = json.loads(p.stdout)
        same((bozo, len(entries)), (False, len(atom)),
             'feedparser reads the %s feed without complaint' % ending)
        # It takes a guid for a link where there is none.
        same({i: (p, s) for i, _, _, s, p in entries},
             {i: (published[i], v[2]) for i, v in atom.items()},
             ending + ': the same dates')
        same({i: l for i, _, l, _, _ in entries if atom[i][1]},
             {i: v[1] for i, v in atom.items() if v[1]},
             ending + ': the same addresses')
else:
    skip('feedparser', 'python3-feedparser is absent')

if shutil.which('sfeed'):
    got = {}
    for ending in ('atom', 'rss'):
        p = subprocess.run(['sfeed', mill.url + '/'], input=read(
            path('full.' + ending)), stdout=subprocess.PIPE, timeout=60)
        # time, title, link, content, type, id, author, enclosure, category
        got[ending] = {f[5]: (int(f[0]), f[1], f[2], f[7]) for f in (
            l.split('\t') for l in p.stdout.decode().split('\n')[:-1])}
    # It does not know atom:source, and takes its link where an entry has
    # none.
    for ending, found in got.items():
        same({i: (v[1], v[2]) for i, v in found.items() if atom[i][1]},
             {i: v[:2] for i, v in atom.items() if v[1]},
             'sfeed reads the same of ' + ending)
        same({i: v[0] for i, v in found.items()}, published,
             'sfeed: with the same dates')
    ok(any(v[3] == 'http://r.example/a.mp3' for v in got['rss'].values()),
       'sfeed finds the enclosure')
else:
    skip('sfeed', 'sfeed is absent')

# -------------------------------------------------------------------- OPML
opml = ET.fromstring(read(path('full.opml')))
same((opml.tag, opml.get('version'), opml.find('head/title').text),
     ('opml', '2.0', 'All <of> & "it"'), 'OPML 2.0')
outlines = opml.findall('body/outline')
ok(all(o.get('type') == 'rss' and o.get('text') and
       o.get('xmlUrl', '').startswith('http') for o in outlines) and
   len(outlines) == 4, 'every outline is a subscription')
if shutil.which('newsboat'):
    home = folder()
    urls = write(os.path.join(home, 'urls'), '')
    p = subprocess.run(
        ['newsboat', '-q', '-u', urls, '-c', home + '/cache', '-C',
         write(home + '/config', ''), '-i', path('full.opml')],
        env=dict(mill.env(), HOME=home, TERM='dumb', LC_ALL='C.UTF-8'),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60)
    same((p.returncode, {line.split()[0] for line in
                         read(urls).decode().splitlines() if line}),
         (0, {site.url + '/' + n for n in ('r', 'p', 'many', 'again')}),
         'newsboat imports it') or note(p.stdout.decode())
else:
    skip('newsboat imports it', 'newsboat is absent')
done()
