#!/usr/bin/env python3
"""feedmill db: looked at, copied while it is written to, restored, made
small, brought up to date; and every kind of damage is found and named."""
import fcntl
import os
import signal
import sqlite3
import stat
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

DATE = 'Sat, 22 Feb 2025 18:08:%02d GMT'


def item(name, n, text='x'):
    return ('http://%s.example/%d' % (name, n), 'Title %d' % n,
            DATE % (n % 60), '%s %d ' % (text, n) + 'word ' * 200)


site = Site({'/a.xml': rss(*[item('a', n) for n in range(60)]),
             '/b.xml': rss(*[item('b', n) for n in range(30)])})
feeds = {'a': site.source('/a.xml'), 'b': site.source('/b.xml')}
mill = Mill(feeds=feeds, fetch={'flood-limit': 0})
database = mill.path('feedmill.db')


def check(*words):
    return mill.run('db', 'check', *words)


def same_everything(other, name):
    """Of two mills: every entry, the outlet's bytes, what is found."""
    same(other.export(), mill.export(), name + ': every entry')
    same(read(other.path('www', 'all.atom')),
         read(mill.path('www', 'all.atom')), 'the outlet')
    same(other.run('search', 'title').out, mill.run('search', 'title').out,
         'what a search finds')


# ------------------------------------------------------------------- check

r = check()
ok(r.status == 69 and 'no database' in r.err, 'there is none yet', r)
same(mill.round().status, 0, 'a first round')
r = check()
same(r.status, 0, 'it is sound') or note(r)
matches(r'feedmill\.db: ok, schema \d+, 90 entries, 90 revisions, last '
        r'number 90$', r.out, 'and how much there is')
r = mill.run('db')
same(r.status, 2, 'do what?') or note(r)
r = mill.run('db', 'chekc')
ok(r.status == 2 and 'did you mean "check"' in r.err, 'which?', r)

BREAK = {
    "INSERT INTO entries SELECT id + 1000, key_hash, source_id, seq, ts, "
    "announced, stored, updates, taken, scope, key, first_seen_ms, "
    "published_ms, first_ts, 'x', url, title, edits FROM entries WHERE id = 7":
        [r'entries 7 and 1007 have the same key: //', 'is no UUID: x'],
    "UPDATE entries SET uuid = (SELECT uuid FROM entries WHERE id = 1) "
    "WHERE id = 2": ['entries 1 and 2 have the same id'],
    "UPDATE entries SET key = key || 'x' WHERE id = 3":
        ['entry 3 cannot be found by its key'],
    "UPDATE meta SET value = value + 1 WHERE name = 'hash_seed'":
        ['entry 1 cannot be found by its key', '70 more of this kind',
         'damaged, 90 findings'],
    "UPDATE revisions SET entry_id = 5 WHERE seq = "
    "(SELECT seq FROM entries WHERE id = 4)":
        ['entry 4: number \\d+ is not its own, but of entry 5',
         'entry 5 was updated for the 0th time more than once'],
    "UPDATE revisions SET number = 3 WHERE seq = 9":
        ['revision number 9 is newer than its newest'],
    "UPDATE revisions SET announced_ms = 5 WHERE seq = 50":
        ['revision number 50: announced before'],
    "UPDATE meta SET value = 80 WHERE name = 'last_seq'":
        ['number 90 was given, but the last is 80'],
    "UPDATE outlets SET seq = 91":
        ['outlet all: rendered up to number 91'],
    "INSERT INTO aliases VALUES(1, x'00', 4711)":
        ['leads to entry 4711, which is not there'],
    "DELETE FROM revisions WHERE seq = 12":
        ['its newest revision, number 12, is not there',
         'number 12 of the index for search is not there'],
    "DELETE FROM sources WHERE id = 2": ['row \\d+ of \\w+: the row of '
                                         'sources that it belongs to'],
    "UPDATE sources SET name = 'a'": ['source a is configured more than'],
    "UPDATE meta SET value = 20 WHERE name = 'indexed_seq'":
        ['number 21 of the index for search is not there, or not yet',
         '70 of them in the index.*db reindex'],
    "DELETE FROM search_docsize WHERE id = 5":
        ['revision number 5 is not in the index for search'],
    "UPDATE revisions SET title = 'other' WHERE seq = 6":
        ['does not say what the texts do', '1 of them.*db reindex'],
    "INSERT INTO outdated VALUES(4711, '', '')":
        ['revision number 4711, that was edited, is not there'],
    "UPDATE entries SET scope = 99 WHERE id = 1":
        ['entry 1: its scope is no source: 99'],
    "DROP TABLE outlets": ['no such table: outlets',
                           'the table outlets is not there'],
    "DROP INDEX entries_key": ['the index entries_key is not there'],
    "/* DROP TRIGGER search_delete */": ['the trigger search_delete is not '
                                         'there', 'damaged, 1 finding'],
    "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = "
    "replace(sql, 'until_ms', 'untid_ms') WHERE name = 'hsts'":
        ['the table hsts is not as it should be'],
    "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name = "
    "'entries_key'": ['never used|not in index|entries_key'],
}


def copy(name):
    """A copy of the database, to be broken; nobody uses the original."""
    path = os.path.join(mill.dir, name)
    for suffix in ('', '-wal', '-shm', '-journal'):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    shutil_copy(database, path)
    return path


def shutil_copy(a, b):
    write(b, read(a))


# A process of the daemon's may not have closed; the copy is of one file.
db = sqlite3.connect(database)
db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
db.close()
for sql, patterns in BREAK.items():
    path = copy('broken.db')
    db = sqlite3.connect(path)
    db.execute('PRAGMA foreign_keys=OFF')
    # The tokenizer is feedmill's own: nobody else may run these.
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE "
                          "type = 'trigger'").fetchall()
    db.executescript(''.join('DROP TRIGGER %s;' % t for t, _ in triggers) +
                     sql + ';' + ''.join(s + ';' for t, s in triggers
                                         if 'TRIGGER ' + t not in sql))
    db.commit()
    db.close()
    r = check(path)
    ok(r.status == 65 and 'damaged, ' in r.out and
       all(re.search(p, r.out) for p in patterns),
       'found: ' + sql.split(' WHERE')[0][:50], '%s\n%s' % (r, patterns))

path = copy('pages.db')
size = os.path.getsize(path)
with open(path, 'r+b') as f:
    f.seek(size // 2 // 16384 * 16384)
    f.write(b'\xa5' * 16384)
r = check(path)
ok(r.status == 65 and 'findings' in r.out, 'a page in the middle', r)
hurt = Mill()
os.mkdir(hurt.state)
shutil_copy(path, hurt.path('feedmill.db'))
sound = write(os.path.join(hurt.dir, 'sound.db'), read(database))
r = hurt.run('db', 'backup', '--force', sound)
ok(r.status == 65 and 'is damaged' in r.err and
   read(sound) == read(database) and
   sorted(os.listdir(hurt.dir)) == ['feedmill.yaml', 'sound.db', 'state'],
   'no backup is made of it, and the last one stays', r)
path = copy('header.db')
with open(path, 'r+b') as f:
    f.write(b'\xa5' * 100)
r = check(path)
ok(r.status == 65 and 'not a database' in r.err, 'the header', r)
write(path, read(database)[:size // 3])
r = check(path)
same(r.status, 65, 'two thirds missing') or note(r)
shutil_copy(path, hurt.path('feedmill.db'))
for words in (['status'], ['export'], ['search', 'word'], ['run', '--once']):
    r = hurt.run(*words)
    ok(r.status == 65 and 'is damaged' in r.err, words[0] + ' says so', r)
path = write(os.path.join(mill.dir, 'other.db'), b'')
db = sqlite3.connect(path)
db.execute('CREATE TABLE t(x)')
db.commit()
db.close()
r = check(path)
ok(r.status == 65 and 'is not a feedmill database' in r.err, 'another\'s', r)
ok(not [n for n in os.listdir(mill.dir) if n.endswith('.lock')],
   'none of them was locked', os.listdir(mill.dir))

# ------------------------------------------------- backup beside a daemon

# Every answer has a new entry: the daemon writes all the time.
asked = [1000]


def ever_new(handler):
    asked[0] += 10
    return 200, {'Content-Type': 'application/rss+xml'}, rss(
        *[item('new', n) for n in range(asked[0], asked[0] + 10)])


site.documents.update({'/new%d' % i: ever_new for i in range(4)})
busy = {'n%d' % i: site.source('/new%d' % i, **{
    'interval': '1s', 'interval-min': '1s', 'interval-max': '1s'})
    for i in range(4)}
quiet, mill = mill, Mill(feeds=busy)
database = mill.path('feedmill.db')
daemon = mill.start()
daemon.seen('visit', source='n1')
where = os.path.join(mill.dir, 'backups')
os.mkdir(where)
sizes, bad = [], []
for i in range(6):
    path = os.path.join(where, '%d.db' % i)
    r = mill.run('db', 'backup', path)
    if r.status != 0:
        bad.append(r)
        continue
    db = sqlite3.connect(path)
    sizes.append(db.execute('SELECT count(*) FROM entries').fetchone()[0])
    db.close()
    r = check(path)
    if r.status != 0:
        bad.append(r)
    time.sleep(0.7)
ok(not bad, 'each is sound', bad and bad[0])
ok(sizes == sorted(sizes) and len(set(sizes)) > 1,
   'the daemon wrote meanwhile', sizes)
same(sorted(os.listdir(where)), ['%d.db' % i for i in range(6)],
     'one file each')
same(stat.S_IMODE(os.stat(path).st_mode), 0o600, 'for its owner alone')
r = check()
ok(r.status == 0 and 'only counted' in r.out,
   'a database in use is looked at, too', r)

before = read(path)
r = mill.run('db', 'backup', path)
ok(r.status == 1 and '--force' in r.err, 'what is there is kept', r)
same(read(path), before, 'as it was')
old = os.stat(path)
r = mill.run('db', 'backup', '--force', path)
ok(r.status == 0 and os.stat(path).st_ctime_ns != old.st_ctime_ns,
   'unless it is to be replaced', r)
with open(os.path.join(where, '.slow.db.new'), 'wb') as other:
    fcntl.flock(other, fcntl.LOCK_EX)
    r = mill.run('db', 'backup', os.path.join(where, 'slow.db'))
    ok(r.status == 1 and 'another backup' in r.err and
       os.path.exists(other.name), 'never two at once to one name', r)
os.unlink(other.name)
r = mill.run('db', 'backup', '--force', database)
ok(r.status == 1 and 'itself' in r.err, 'never by itself', r)
r = mill.run('db', 'backup', '--force', where)
ok(r.status == 1 and 'no file' in r.err, 'nor a folder', r)
r = mill.run('db', 'backup', os.path.join(where, 'none', 'x.db'))
ok(r.status == 74 and 'none' in r.err, 'a folder that is not there', r)
write(path + '-wal', 'log')
r = mill.run('db', 'backup', '--force', path)
ok(r.status == 1 and 'log' in r.err, 'nor one in use', r)
os.unlink(path + '-wal')
if os.path.exists('/dev/full'):
    r = mill.run('db', 'backup', '/dev/full')
    ok(r.status == 1 and stat.S_ISCHR(os.stat('/dev/full').st_mode),
       'nor a device', r)

r = mill.run('db', 'vacuum')
ok(r.status == 75 and str(daemon.process.pid) in r.err,
   'vacuum is refused with the pid of the daemon', r)
r = mill.run('db', 'upgrade')
ok(r.status == 75 and str(daemon.process.pid) in r.err, 'upgrade, too', r)
r = mill.run('db', 'reindex')
ok(r.status == 75 and str(daemon.process.pid) in r.err, 'and reindex', r)

NO_PARTS = "UPDATE search_data SET block = x'ffffffffffff' WHERE id = 10"
MENDED = 'the index for search was damaged and is made anew'


def plant(sql):
    """Damage; where the index begins in the file."""
    db = sqlite3.connect(database, timeout=60)
    db.execute(sql)
    db.commit()
    root = db.execute("SELECT rootpage FROM sqlite_schema "
                      "WHERE name = 'search_data'").fetchone()
    db.close()
    return root and (root[0] - 1) * 16384


def first_is_found():
    r = mill.run('search', '--limit', '1000', 'title')
    return r.status == 0 and 'Title 1010' in r.out


ok(eventually(first_is_found, 30), 'an entry is found')
plant(NO_PARTS)
ok(daemon.seen(MENDED, 40), 'an index that is damaged is made anew',
   daemon.log[-2000:])
ok(eventually(first_is_found, 40), 'and has again what was there before',
   mill.run('search', 'title'))
same(mill.metric('store_index_mended_total'), 1, 'once')
same(daemon.stop(), 0, 'the daemon was not disturbed')
same(daemon.events('database failing'), [], 'not once')
same(check().status, 0, 'nor is anything wrong')

# Killed in the midst: no file of that name.
for i in range(8):
    path = os.path.join(where, 'killed.db')
    p = subprocess.Popen(mill.argv('db', 'backup', path), env=mill.env(),
                         stdout=subprocess.DEVNULL)
    time.sleep(0.005 * i)
    p.kill()
    p.wait()
    if os.path.exists(path):
        same(check(path).status, 0, 'finished before it was killed')
        os.unlink(path)
same(mill.run('db', 'backup', path).status, 0, 'what a kill left is no '
     'hindrance')
same([n for n in os.listdir(where) if n.endswith('.new')], [], 'and goes')

mill, database = quiet, quiet.path('feedmill.db')

# ----------------------------------------------------------------- restore

other = Mill(feeds=feeds, fetch={'flood-limit': 0})
other.set(publish=mill.sections['publish'])
path = os.path.join(where, 'restore.db')
same(mill.run('db', 'backup', path).status, 0, 'a backup')
os.makedirs(other.state)
shutil_copy(path, other.path('feedmill.db'))
n = len(site.requests)
daemon = other.start()
ok(eventually(lambda: os.path.exists(other.path('www', 'all.atom')), 20),
   'a daemon starts on it', daemon.log)
ok(eventually(lambda: get(other.url + '/all.atom').status == 200, 20),
   'and serves', daemon.log)
same(daemon.stop(), 0, 'and stops')
same(len(site.requests), n, 'it asks nothing that is not due')
same_everything(other, 'restored')
r = other.round()
same([e['new'] for e in r.events('round done')], ['0'],
     'nothing is new to it') or note(r)

# ------------------------------------------------------ vacuum and upgrade

db = sqlite3.connect(database)
db.executescript('CREATE TABLE hole(x);')
db.executemany('INSERT INTO hole VALUES(?)', [('y' * 10000,)] * 500)
db.commit()
db.execute('DROP TABLE hole')
db.commit()
db.close()
size = os.path.getsize(database)
exported = mill.export()
r = mill.run('db', 'vacuum')
same(r.status, 0, 'vacuum') or note(r)
ok(os.path.getsize(database) < size - 4000000, 'gives the room back',
   (size, os.path.getsize(database), r))
same(check().status, 0, 'and what is left is sound')
same(mill.export(), exported, 'and all there')
r = mill.run('db', 'upgrade')
ok(r.status == 0 and 'already' in r.out, 'nothing to be brought up', r)

# --------------------------------------------- the index for search, damaged

found = mill.run('search', 'title').out
plant(NO_PARTS)
before = read(database)
r = mill.run('search', 'title')
ok(r.status == 65 and 'db reindex' in r.err, 'a search says what to do', r)
r = check()
ok(r.status == 65 and 'db reindex' in r.out, 'so does db check', r)
same(read(database), before, 'and both leave it as it was')
r = mill.run('db', 'reindex')
ok(r.status == 0 and 'of 90 revisions' in r.out, 'reindex', r)
same(check().status, 0, 'all is sound')
same(mill.run('search', 'title').out, found, 'all is found')
for damage in (NO_PARTS, 'DELETE FROM search_data', 'DROP TABLE search_idx'):
    plant(damage)
    r = mill.round()
    ok(r.status == 0 and len(r.events(MENDED)) == 1,
       'a start mends: ' + damage, r)
    same(check().status, 0, 'all is sound')
    same(mill.run('search', 'title').out, found, 'all is found')
same(mill.round().events(MENDED), [], 'and it is sound for good')
whole = read(database)
first = plant(NO_PARTS)
with open(database, 'r+b') as f:
    f.seek(first)
    f.write(b'\xa5' * 16384)
before = read(database)
r = check()
ok(r.status == 65 and 'db reindex' not in r.out,
   'of pages that are damaged no index is made', r)
for words in (('db', 'reindex'), ('run', '--once'), ('search', 'title')):
    r = mill.run(*words)
    ok(r.status == 65 and 'db check' in r.err,
       'pages are another matter: ' + ' '.join(words), r)
same(read(database), before, 'and nothing is touched')
write(database, whole)

version = sqlite3.connect(database).execute('PRAGMA user_version').fetchone()[0]
db = sqlite3.connect(database)
db.execute('PRAGMA user_version=%d' % (version + 1))
db.commit()
db.close()
for words in (('db', 'upgrade'), ('db', 'check'), ('db', 'vacuum'),
              ('run',), ('export',), ('db', 'backup', path + '2')):
    r = mill.run(*words, seconds=20)
    ok(r.status == 65 and 'newer feedmill' in r.err,
       'newer: %s is refused' % ' '.join(words[:2]), r)
done()
