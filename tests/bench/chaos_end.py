"""What must be true when chaos.py has ended."""
import glob
import gzip
import json
import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from chaos_conf import remove

PATIENCE_S = 120
ATOM = '{http://www.w3.org/2005/Atom}'
FROM = re.compile(r'^from: https?:(//\S+)$', re.M)


class Fault(Exception):
    pass


def require(truth, *words):
    if not truth:
        raise Fault(' '.join(str(w) for w in words))


class Ending:
    """Of a run: it looks, and raises Fault."""

    def settle(self):
        """All is well: it comes to the whole truth."""
        for t in self.threads:
            t.join(PATIENCE_S)
            require(not t.is_alive(), 'a verb or a reader hangs')
        self.site.calm()
        remove(os.path.join(self.conf.top, 'conf.d'))
        self.conf.calm()
        self.conf.write()
        self.say('settle')
        self.sane()
        p = self.popen('reload', stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
        out = p.communicate()[0]
        require(p.returncode == 0, 'the last reload:', out)
        end = time.monotonic() + PATIENCE_S
        while True:
            rows = self.export()
            missing = self.site.offered() - set(rows)
            if not self.conf.with_retention:
                missing |= set(self.ids) - set(rows)
            if not missing:
                break
            require(time.monotonic() < end, len(missing), 'are missing:',
                    sorted(missing)[:5])
            time.sleep(1)
        return rows

    def export(self):
        p = self.popen('export', '--format', 'jsonl', stdout=subprocess.PIPE,
                       stderr=self.log)
        out = p.communicate()[0]
        require(p.returncode == 0, 'export:', p.returncode)
        self.take_export(out)
        return {e['key']: e for e in map(json.loads, out.decode()
                                         .splitlines())}

    def shown(self, folder):
        """What the calm outlet shows, and all of its pages."""
        www = os.path.join(folder, 'www')
        root = ElementTree.parse(os.path.join(www, 'all.atom')).getroot()
        current = [(e.findtext(ATOM + 'id'), e.findtext(ATOM + 'updated'),
                    e.findtext(ATOM + 'title'), e.findtext(ATOM + 'content'))
                   for e in root.findall(ATOM + 'entry')]
        with open(os.path.join(www, 'all.json')) as f:
            items = [i['id'] for i in json.load(f)['items']]
        with open(os.path.join(www, 'all.html')) as f:
            links = re.findall(r'href="(http://s\d+\.example/\d+)"', f.read())
        outlines = sorted(o.get('xmlUrl') for o in ElementTree.parse(
            os.path.join(www, 'all.opml')).iter('outline')
            if o.get('xmlUrl'))
        rss = [i.findtext('link') for i in ElementTree.parse(
            os.path.join(folder, 'other', 'two.rss')).iter('item')]
        return {'atom': current, 'json': items, 'opml': outlines,
                'html': links, 'rss': rss}

    def twins(self):
        """What is not what its gzip twin says."""
        wrong = []
        for name in glob.glob(os.path.join(self.state, 'www', 'all*.gz')):
            with gzip.open(name) as packed, open(name[:-3], 'rb') as plain:
                if packed.read() != plain.read():
                    wrong.append(name)
        return wrong

    def pages(self):
        www, name, ids = os.path.join(self.state, 'www'), 'all.atom', set()
        while name is not None:
            root = ElementTree.parse(os.path.join(www, name)).getroot()
            ids.update(e.findtext(ATOM + 'id').rpartition(':')[2]
                       for e in root.findall(ATOM + 'entry'))
            before = root.find(ATOM + "link[@rel='prev-archive']")
            name = None if before is None else \
                os.path.basename(before.get('href'))
        return ids

    def posts(self, below='.'):
        """The keys of all that was ever archived, wherever."""
        keys = set()
        for top, _, files in os.walk(os.path.join(self.state, below)):
            for f in files:
                if f.endswith(('.md', '.html')) and '/www' not in top:
                    with open(os.path.join(top, f)) as t:
                        found = FROM.search(t.read())
                    if found:
                        keys.add(found[1])
        return keys

    def fresh(self):
        """What a first start makes of a copy of the database."""
        state = os.path.join(self.folder, 'fresh')
        os.makedirs(state, exist_ok=True)
        for words in (['db', 'backup', state + '/feedmill.db'],
                      ['run', '--once']):
            p = subprocess.run(self.argv(*words, state=self.state if
                                         words[0] == 'db' else state),
                               env=self.env(), stderr=self.log,
                               stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
            require(p.returncode == 0, words, p.returncode)
        return self.shown(state)

    def check_outlets(self, rows):
        """They follow within seconds."""
        end = time.monotonic() + PATIENCE_S / 2
        wanted = self.fresh()
        wrong = ['nothing']
        while wrong and time.monotonic() < end:
            time.sleep(0.5)
            got = self.shown(self.state)
            wrong = [k for k in wanted if wanted[k] != got[k]]
        twins = self.twins()
        require(not twins, 'not what their twins say:', twins)
        require(not wrong, 'stale:', wrong, [
            (k, [x for x in got[k] if x not in wanted[k]][:2],
             [x for x in wanted[k] if x not in got[k]][:2]) for k in wrong])
        gone = {rows[k]['id'] for k in self.forgotten if k in rows}
        pages = self.pages()
        require(not gone & pages, 'forgotten but shown:', gone & pages)
        if self.conf.with_retention:
            return
        announced = {e['id']: k for k, e in rows.items() if e['seq'] > 0 and
                     self.conf.is_everywhere(k)}
        missing = set(announced) - pages
        require(not missing, len(missing), 'on no page:', [
            (i, announced[i]) for i in sorted(missing)[:3]])

    def check_archive(self, rows):
        end = time.monotonic() + PATIENCE_S / 2
        want = {k for k, e in rows.items()
                if e['seq'] > 0 and self.conf.is_everywhere(k)}
        while True:
            missing = want - self.posts()
            if not missing:
                break
            require(time.monotonic() < end, len(missing),
                    'without a post:', sorted(missing)[:5])
            time.sleep(1)
        gone = self.forgotten & self.posts('archive')
        require(not gone, 'forgotten but archived:', sorted(gone)[:5])

    def proc(self):
        top = '/proc/%d/' % self.daemon.pid
        fds = []
        for f in os.listdir(top + 'fd'):
            try:
                fds.append(os.readlink(top + 'fd/' + f))
            except OSError:
                pass
        return sorted(fds), len(os.listdir(top + 'task'))

    def check_leaks(self):
        """Compared with a daemon that has just been started."""
        old = self.proc()
        self.end(signal.SIGTERM)
        self.check_rest()
        self.start()
        end = time.monotonic() + 30
        while True:
            new = self.proc()
            if len(old[0]) <= len(new[0]) + 6 and old[1] <= new[1] + 1:
                break
            require(time.monotonic() < end, 'it had', old, 'it has', new)
            time.sleep(0.5)
        self.end(signal.SIGTERM)

    def check_rest(self):
        p = self.popen('db', 'check', stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
        out = p.communicate()[0]
        require(p.returncode == 0, 'db check:', out.decode()[-3000:])
        left = glob.glob(os.path.join(self.state, '*-journal'))
        # Of what is still written; nobody tidies where that is elsewhere.
        for mask in ('www/.all*.new', 'www/..all*.new', 'archive/.*.new',
                     'archive/lists/.*.new', 'other/.two*.new'):
            left += glob.glob(os.path.join(self.state, mask))
        require(not left, 'left over:', left[:5])
        require(not os.path.exists(os.path.join(self.state,
                                                'feedmill.sock')),
                'the control socket is still there')
