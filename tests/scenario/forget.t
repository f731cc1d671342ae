#!/usr/bin/env python3
"""feedmill forget: an entry is gone from outlets, sealed pages, archive,
search and database, and nothing brings it back; beside a daemon, without one,
and across a crash between the steps."""
import gzip
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

ATOM = '{http://www.w3.org/2005/Atom}'
STONE = '{http://purl.org/atompub/tombstones/1.0}deleted-entry'


def item(n, text=None, minute=0):
    return ('http://a.example/%d' % n, 'Entry %d secretword%d' % (n, n),
            'Sat, 22 Feb 2025 %02d:%02d:09 GMT' % (n, minute),
            text or 'bodyword%d &lt;entry&gt;' % n)


def everywhere(word):
    """The files below the state folder that have it."""
    found = []
    for top, _, names in os.walk(mill.state):
        for name in names:
            if name.startswith('feedmill.'):
                continue
            path = os.path.join(top, name)
            try:
                data = read(path)
            except FileNotFoundError:       # on its way to its name
                continue
            if name.endswith('.gz'):
                data = gzip.decompress(data)
            if word.encode() in data:
                found.append(name)
    return sorted(found)


def rows(sql, *values):
    db = sqlite3.connect('file:%s?mode=ro' % mill.path('feedmill.db'),
                         uri=True)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def ids(name='all.atom'):
    root = ET.parse(mill.path('www', name)).getroot()
    return ({e.findtext(ATOM + 'id') for e in root.findall(ATOM + 'entry')},
            [s.get('ref') for s in root.findall(STONE)])


def pages():
    return sorted(n for n in os.listdir(mill.path('www'))
                  if re.fullmatch(r'all-archive-\d+\.atom', n))


def gone(n, why):
    """Of entry n there is nothing but its key."""
    for word in ('secretword%d' % n, 'bodyword%d' % n):
        ok(eventually(lambda: everywhere(word) == []),
           '%s: no file has %s' % (why, word), everywhere(word))
        same(json.loads(mill.run('search', '--format', 'json', word).out),
             [], '%s: not to be found' % why)
    same(rows('SELECT count(*) FROM revisions r JOIN entries e ON '
              'e.id = r.entry_id WHERE e.url = ?', item(n)[0]), [(0,)],
         '%s: no text in the database' % why)
    e = mill.export()['//a.example/%d' % n]
    same((e['url'], e['title']), (item(n)[0], ''), why + ': the key stays')


site = Site({'/f': rss(*[item(n) for n in range(8)])})
mill = Mill(feeds={'a': site.source('/f')}, fetch={'flood-limit': 0})
mill.sections['publish']['all'].update(
    entries=3, formats=['atom', 'rss', 'json', 'html'])
mill.set()
same(mill.round().status, 0, 'a round')
site.documents['/f'] = rss(*[item(n, minute=1, text='bodyword%d again' % n)
                             for n in range(8)])
same(mill.round().status, 0, 'a revision of each')
same(mill.round().status, 0, 'and all pages')
ok(len(pages()) >= 4, 'there are pages', pages())
same(len(mill.posts()), 16, 'and posts')
uuid = {n: 'urn:uuid:' + e['id'] for e in mill.export().values()
        for n in range(8) if e['url'] == item(n)[0]}
ok(everywhere('secretword1'), 'it is everywhere')

# ------------------------------------------------------------ without a daemon
r = mill.run('forget', 'http://nobody.example/')
ok(r.status == 1 and 'no entry' in r.err, 'nothing of that name', r)
same(mill.run('forget').status, 2, 'which?')
same(mill.run('forget', 'a\tb').status, 2, 'no such address')
r = mill.run('forget', 'http://A.example:80/1#top')
ok(r.status == 0 and '1 entry forgotten' in r.out and
   '2 posts removed' in r.out, 'by address, however it is written', r)
gone(1, 'alone')
same(len(mill.posts()), 14, 'its two posts')
stones = [s for p in pages() for s in ids(p)[1]]
same(set(stones), {uuid[1]}, 'tombstones where it was')
same(ids()[1], [uuid[1]], 'and in the outlet')
for p in pages():
    ok(uuid[2] not in ids(p)[0] or uuid[1] not in ids(p)[0], 'well-formed')
same(set.union(*[ids(p)[0] for p in pages()]) | ids()[0],
     {uuid[n] for n in range(8) if n != 1}, 'all others are still there')
r = mill.run('forget', 'http://a.example/1')
ok(r.status == 0 and '0 posts' in r.out, 'once more: nothing to do', r)
same(mill.run('forget', '//a.example/7', uuid[6]).status, 0,
     'by key, and by id')
gone(7, 'by key')
gone(6, 'by id')
same_set(ids()[1], [uuid[1], uuid[6], uuid[7]], 'all are told')
jing = subprocess.run(['jing', '-c', os.path.join(ROOT, 'tests/tools/atom.rnc'),
                       mill.path('www', 'all.atom')], capture_output=True)
ok(jing.returncode == 0, 'the outlet is valid', jing.stdout)

# ---------------------------------------------------------- it does not come back
site.documents['/f'] = rss(*[item(n, minute=2, text='bodyword%d thrice' % n)
                             for n in range(9)])
same(mill.round().status, 0, 'the source has it, newer')
gone(1, 'a revision')
ok(everywhere('secretword8'), 'others come')
write(mill.path('old', 'post.md'), '---\nlayout: post\ntitle: "secretword1"\n'
      'date: 2026-02-22T18:08:09.000Z\nauthor: x\nfrom: http://a.example/1\n'
      'tags: [ x ]\ncategories: [ a ]\n---\n<!--1840340846000-->\n'
      '[secretword1](http://a.example/1)\n------\n\n<div>\nbodyword1\n</div>\n')
same(mill.run('import', mill.path('old')).status, 0, 'an import has it')
shutil.rmtree(mill.path('old'))
same(mill.round().status, 0, 'once more')
gone(1, 'an import')

# ------------------------------------------------------------- beside a daemon
daemon = mill.start()
ok(eventually(lambda: 'secretword2' in get(
    mill.url + '/search?q=secretword2&format=json').body.decode()),
   'it can be found')
r = mill.run('forget', item(2)[0], 'nothing')
ok(r.status == 1 and '1 entry forgotten' in r.out and 'no entry' in r.err,
   'one is there, one is not', r)
ok(daemon.seen('forgotten', entries='1'), 'the daemon did it')
gone(2, 'by the daemon')
same(json.loads(get(mill.url + '/search?q=secretword2&format=json')
                .body)['hits'], [], 'nor in the browser')
ok(eventually(lambda: b'secretword2' not in get(mill.url + '/all.html').body),
   'nor in the river')
for p in pages():
    ok(eventually(lambda: b'bodyword2' not in
                  get(mill.url + '/' + p).body), 'nor on ' + p)
same(daemon.stop(), 0, 'stopped')

# --------------------------------------------------- a crash between the steps
# What the first step leaves: texts gone, files there.
db = sqlite3.connect(mill.path('feedmill.db'))
(n3,), = db.execute('SELECT id FROM entries WHERE url = ?', (item(3)[0],))
db.close()
before = everywhere('bodyword3')
ok(before, 'files have it')
r = mill.run('forget', item(3)[0])
daemon = mill.start()
daemon.kill()
db = sqlite3.connect(mill.path('feedmill.db'))
db.execute('UPDATE tombstones SET is_pending = 1 WHERE entry_id = ?', (n3,))
db.commit()
db.close()
page = pages()[0]
text = read(mill.path('www', page)).decode()
write(mill.path('www', page), text.replace(
    '</feed>', '<entry>\n<id>%s</id>\n<title>bodyword3</title></entry>\n'
    '</feed>' % uuid[3]))
write(mill.path('archive', '2025-02-22-x.md'),
      '---\nlayout: post\nfrom: %s\n---\nbodyword3\n' % item(3)[0])
ok(everywhere('bodyword3'), 'as if it had been killed')
daemon = mill.start()
ok(eventually(lambda: everywhere('bodyword3') == []), 'the next start does '
   'the rest', everywhere('bodyword3'))
ok(eventually(lambda: rows('SELECT is_pending FROM tombstones WHERE '
                           'entry_id = ?', n3) == [(0,)]), 'and notes it')
same(daemon.stop(), 0, 'stopped')

# ------------------------------------------------- files that cannot be written
page = mill.path('www', pages()[0])
os.rename(page, page + '.away')
os.mkdir(page)
r = mill.run('forget', item(4)[0])
ok(r.status == 1 and 'tried again' in r.err, 'it is said', r)
os.rmdir(page)
os.rename(page + '.away', page)
same(mill.round().status, 0, 'and done later')
gone(4, 'later')

# ------------------------------------------------ folders that are left, and back
def move(www, archive):
    mill.sections['publish']['all']['directory'] = www
    mill.sections['archive']['posts']['directory'] = archive
    mill.set()


def moved(n, why):
    """Away, without it, and back."""
    move('elsewhere', 'elsewhere/posts')
    same(mill.run('forget', item(n)[0]).status, 0, why + ': forgotten')
    move('www', 'archive')


moved(5, 'where nobody looked')
ok(everywhere('secretword5'), 'what is not configured is left alone')
same(mill.round().status, 0, 'it is again')
gone(5, 'back')

# A reload that is applied while it looks for the entry: its folders count.
move('elsewhere', 'elsewhere/posts')
same(mill.round().status, 0, 'another folder, with all pages')
ok(everywhere('secretword0'), 'it is there, too')
move('www', 'archive')
daemon = mill.start()
daemon.signal(signal.SIGSTOP)
asked = subprocess.Popen(mill.argv('forget', item(0)[0]), env=mill.env(),
                         stdout=subprocess.PIPE)
time.sleep(0.5)
move('elsewhere', 'elsewhere/posts')
daemon.signal(signal.SIGHUP)
daemon.signal(signal.SIGCONT)
same(asked.wait(30), 0, 'a reload comes between')
ok(eventually(lambda: not [
    n for n in os.listdir(mill.path('elsewhere')) if n.endswith('.atom') and
    b'secretword0' in read(mill.path('elsewhere', n))]),
   'the folders of then are cleaned')
move('www', 'archive')
daemon.signal(signal.SIGHUP)
ok(eventually(lambda: everywhere('secretword0') == []), 'and those of later',
   everywhere('secretword0'))
same(daemon.stop(), 0, 'stopped')
gone(0, 'meanwhile')

# ------------------------------------------------------------------ retention
site.documents['/g'] = rss(*[
    ('http://g.example/%d' % n, 'G%d' % n, 'Mon, 23 Feb 2026 01:0%d:00 GMT' % n,
     'g') for n in range(4)])
mill.sections['feeds'] = {'g': site.source('/g')}
mill.sections['publish'] = {
    'g': {'directory': 'g', 'tombstones': 'all', 'entries': 1},
    'none': {'directory': 'g', 'tombstones': 'none', 'entries': 1}}
# Retention waits until it is on sealed pages, which one entry fills here.
mill.sections['retention'] = {'keep': '1m', 'keep-at-least': 2}
mill.set()
same(mill.round().status, 0, 'four entries')
same(mill.round().status, 0, 'all young')
db = sqlite3.connect(mill.path('feedmill.db'))
db.execute('UPDATE revisions SET announced_ms = announced_ms - 90000')
db.commit()
db.close()
site.documents['/g'] = rss(*[
    ('http://g.example/%d' % n, 'G%d' % n, 'Mon, 23 Feb 2026 01:0%d:00 GMT' % n,
     'g') for n in range(1, 5)])
same(mill.round().status, 0, 'one more, three are old')
daemon = mill.start()
ok(eventually(lambda: rows("SELECT count(*) FROM revisions r JOIN entries e "
                           "ON e.id = r.entry_id WHERE e.url LIKE "
                           "'http://g.%'") == [(2,)]), 'are taken away')
same(daemon.stop(), 0, 'stopped')
same(mill.round().status, 0, 'and published')
root = ET.parse(mill.path('g', 'g.atom')).getroot()
same(len(root.findall(ATOM + 'entry')), 2, 'two are kept')
ids_of = {e['url']: 'urn:uuid:' + e['id'] for e in mill.export().values()}
same_set([s.get('ref') for s in root.findall(STONE)],
         [ids_of['http://g.example/%d' % n] for n in range(3)],
         'and the others are told')
ok(STONE not in read(mill.path('g', 'none.atom')).decode() and
   'deleted-entry' not in read(mill.path('g', 'none.atom')).decode(), 'or not')
# An author's name as long as an entry may be hides no post.
site.documents['/h'] = rss(('http://h.example/1', 'h', '', 'x')).replace(
    b'</item>', b'<author>%s</author></item>' % (b'{wordy' * 20000))
mill.sections['feeds'] = {'h': site.source('/h')}
mill.set()
mill.round()
ok(everywhere('wordy'), 'a post that begins with much')
r = mill.run('forget', 'http://h.example/1')
ok(r.status == 0 and '1 post removed' in r.out and everywhere('wordy') == [],
   'goes like all others', (r, everywhere('wordy')))

# Several on one page, each by its guid: one of them goes.
LOG = '<item><link>http://l.example/log</link><guid>v%d</guid><title>wordv%d' \
      '</title></item>'
site.documents['/l'] = rss().replace(b'</channel>', ''.join(
    LOG % (n, n) for n in range(3)).encode() + b'</channel>')
mill.sections['feeds'] = {'l': site.source('/l')}
mill.set()
mill.round()
r = mill.run('forget', 'l#v1')
ok(r.status == 0 and '1 post removed' in r.out, 'one of three on a page', r)
same([any('.md' in f for f in everywhere('wordv%d' % n)) for n in range(3)],
     [True, False, True], 'and the others stay')

r = mill.run('db', 'check')
ok(r.status == 0, 'the database is sound', r)
done()
