"""Which entry is which, and what is announced: the rules once more, written
from their description and not from the program, to be compared with it.

A Model is told the configuration and then each document of each source, as
lists of items; it keeps every entry as it should be.  Times are milliseconds;
None where there is none.  An item is a dict:

    link, guid      as written, or None
    permalink       is its guid a link?  (RSS: None where it does not say)
    title, body     as written; body without its stamp
    ts              the time it is compared by
    published       what it gives as that, else None
"""
import urllib.parse

HOUR_MS, DAY_MS = 3600 * 1000, 86400 * 1000
NOBODY = 0                      # of a guid that stood for two entries


class Entry:
    def __init__(self, scope, key, source, item, now, visit):
        self.scope, self.key = scope, key       # a source's id, or None
        self.owner = source
        self.ts = {source: item['ts']}          # the newest, by source
        self.since = {source: visit}            # who listed it, from when
        self.first_visit = visit
        self.announced = self.stored = digest(item)
        self.shown = item                       # its text
        self.title, self.url = item['title'], item['link']
        self.first_ts, self.updates = item['ts'], 0
        self.updated = effective(item['ts'], now)
        self.published = min(t for t in (self.updated, item['published'])
                             if t is not None)
        self.was_taken = False
        self.seq, self.silent = 0, False


class Announcement:
    def __init__(self, entry, item, place, number):
        self.entry, self.item, self.place = entry, item, place
        self.number, self.ms = number, entry.updated
        self.silent = False

    def order(self):
        return self.ms, -self.place, self.number


def digest(item):
    return item['title'].strip(), item['body'].strip()


def effective(ts, now):
    """A time that is missing, or more than an hour ahead, is now."""
    return ts if ts is not None and ts <= now + HOUR_MS else now


def seconds(ms):
    return ms // 1000


def site_of(url):
    host = urllib.parse.urlsplit(url).hostname
    for service in ('www.', 'feeds.', 'rss.'):
        if host.startswith(service):
            return host[len(service):]
    return host


def is_at(key, site):
    host = key[2:].partition('/')[0].partition('?')[0].partition(':')[0]
    return key.startswith('//') and ('.' + host).endswith('.' + site)


def match(sources, conf):
    """Ids by place in conf: name and URL, then one of them, those that are
    configured before those that were."""
    found = {}
    for live, fields in ((None, ('name', 'url')), (True, ('name',)),
                         (True, ('url',)), (False, ('name',)),
                         (False, ('url',))):
        for i, c in enumerate(conf):
            if i in found:
                continue
            for sid, s in sources.items():
                if sid not in found.values() and \
                        live in (None, s['live']) and \
                        all(s[f] == c[f] for f in fields):
                    found[i] = sid
                    break
    return found


class Model:
    def __init__(self, canonical):
        self.canonical = canonical              # URL to key
        self.entries = {}                       # by (scope, key)
        self.guids = {}                         # by (source, guid)
        self.sources = {}                       # by id
        self.order = []                         # ids, as configured
        self.seq = self.visits = 0

    # ------------------------------------------------------ configuration

    def configure(self, conf):
        found = match(self.sources, conf)
        for s in self.sources.values():
            s['live'] = False
        self.order = []
        for i, c in enumerate(conf):
            sid = found.get(i, len(self.sources) + 1)
            self.sources.setdefault(sid, {'documents': 0}).update(
                c, live=True)
            self.order.append(sid)
        for e in self.entries.values():
            heirs = [(since, sid) for sid, since in e.since.items()
                     if self.sources[sid]['live']]
            if heirs and not self.sources[e.owner]['live']:
                self.give(e, min(heirs)[1])

    def give(self, e, source):
        """The new owner's wording is no news in itself; who had it counts as
        having listed it from the first."""
        e.since[e.owner] = e.first_visit
        e.owner, e.announced = source, None

    # ----------------------------------------------------------- identity

    def identify(self, source, kind, items):
        """What each item is called: copies with scope, key, alias."""
        items = [dict(i) for i in items]
        for i in items:
            self.name(source, kind, i)
        guids = [i['guid'] for i in items]
        by_key = {}
        for i in items:
            i['alias'] = i['own'] if guids.count(i['guid']) == 1 else None
            by_key.setdefault((i['scope'], i['key']), []).append(i)
        # One URL, several guids: they tell the items apart.
        for same in by_key.values():
            if len({i['own'] for i in same} - {None}) > 1:
                for i in same:
                    if i['own']:
                        i['scope'], i['key'] = source, '#' + i['own']
        return items

    def name(self, source, kind, i):
        guid = i['guid']
        if i['link'] is None and guid and guid.startswith('http') and \
                not (kind == 'rss' and i['permalink'] is False):
            i['link'] = guid
        key = self.canonical(i['link']) if i['link'] else None
        # A guid that is the link again tells nothing.
        i['own'] = guid if guid and self.canonical(guid) != key else None
        i['scope'] = source
        if key is None:
            i['key'] = '#' + guid if guid else '#title:' + i['title'].strip()
        elif self.sources[source]['own']:
            i['key'] = '#' + key
        else:
            i['scope'], i['key'] = None, key

    def recognise(self, source, items):
        """The entry of each item, by its key or else by its guid."""
        present = {(i['scope'], i['key']) for i in items}
        moved = {}
        for i in items:
            here = i['scope'], i['key']
            i['entry'] = e = self.entries.get(here) or moved.get(here)
            stood = self.guids.get((source, i['alias']))
            i['learn'] = i['alias'] and stood is None
            if not i['alias'] or stood in (None, NOBODY, e):
                continue
            if (stood.scope, stood.key) == (source, '#' + i['alias']):
                i['entry'] = stood      # it is its very name
            elif e is None and (stood.scope, stood.key) not in present and \
                    stood not in moved.values():
                moved[here] = i['entry'] = stood
            else:
                self.guids[source, i['alias']] = NOBODY
        for i in items:
            i['entry'] = i['entry'] or moved.get((i['scope'], i['key']))

    # ------------------------------------------------------------ a visit

    def visit(self, source, kind, items, now):
        conf = self.sources[source]
        is_first = conf['documents'] == 0
        conf['documents'] += bool(items)
        self.visits += 1
        items = self.identify(source, kind, items)
        self.recognise(source, items)
        said, new, seen, common = [], {}, {}, 0
        for place, i in enumerate(items):
            here = i['scope'], i['key']
            e = i['entry'] = i['entry'] or new.get(here)
            if e is None:
                e = i['entry'] = new[here] = Entry(
                    *here, source, i, now, self.visits)
                seen[e] = Announcement(e, i, place, 0)
                said.append(seen[e])
                continue
            is_old = e not in new.values()
            common += is_old and e not in seen and source in e.since
            if is_old and source != e.owner:
                self.maybe_take(e, source)
            if self.sight(e, source, i, now, is_old and e not in seen):
                # Announced twice it stands behind its first.
                before = seen.get(e)
                seen[e] = Announcement(e, i, before.place if before
                                       else place, e.updates)
                said.append(seen[e])
                if not is_old:
                    e.url = i['link'] or e.url
            seen.setdefault(e, None)
        said.sort(key=Announcement.order)
        if is_first or common == 0:
            self.limit([a for a in said if a.entry in new.values()],
                       conf['flood'])
        self.announce(said, source, now)
        for i in items:
            if i['learn']:
                self.guids.setdefault((source, i['alias']), i['entry'])

    def limit(self, new, limit):
        """The newest so many; what stands there twice by its later half."""
        newest = []
        for a in reversed(new):
            if a.entry not in newest:
                newest.append(a.entry)
        for a in new:
            a.silent = limit and a.entry not in newest[:limit]

    def announce(self, said, source, now):
        for a in said:
            e = a.entry
            self.seq += 1
            e.seq, e.silent, e.announced_ms = self.seq, a.silent, now
            e.told_by, e.told_ts = source, a.item['ts']
            self.entries[e.scope, e.key] = e

    def maybe_take(self, e, source):
        """Who had it has gone, or is not its publisher while this one is:
        that is a reason once."""
        me, owner = self.sources[source], self.sources[e.owner]
        is_publisher = me['updates'] == 'changed' and not e.was_taken and \
            e.scope is None and is_at(e.key, site_of(me['url'])) and \
            not is_at(e.key, site_of(owner['url']))
        if owner['live'] and not is_publisher:
            return
        e.was_taken |= owner['live']
        self.give(e, source)

    def sight(self, e, source, i, now, may_refresh):
        """1: it is to be announced again."""
        policy, ts = self.sources[source]['updates'], i['ts']
        is_owner = source == e.owner
        e.since.setdefault(source, self.visits)
        if not is_owner:
            known = e.ts.get(source)
            if ts is not None and (known is None or ts > known):
                e.ts[source] = ts
            if policy != 'strict':
                return 0
        known = e.ts.get(e.owner)
        is_newer = None not in (ts, known) and seconds(ts) > seconds(known)
        is_older = known is not None and \
            (ts is None or seconds(ts) < seconds(known))
        if ts is not None and (known is None or is_newer):
            e.ts[e.owner] = ts
        if is_owner and e.announced is None:
            e.announced = digest(i)
        if is_newer and (policy == 'strict' or policy == 'changed' and
                         digest(i) != e.announced):
            self.update(e, i, now)
            return 1
        if is_owner and not is_older and may_refresh and \
                digest(i) != e.stored:
            e.stored, e.shown = digest(i), i
        return 0

    def update(self, e, i, now):
        """It keeps id, link and published, and moves updated."""
        told, e.updated = e.updated, effective(i['ts'], now)
        if e.updated <= told:
            e.updated = max(now, told + 1000)
        e.announced = e.stored = digest(i)
        e.title, e.shown = i['title'], i
        e.url = e.url or i['link']
        e.updates += 1

    # ------------------------------------------------------------ outlets

    def window(self, entries, sources):
        """The last so many, and those of two days, at most four times as
        many; in the order of their times."""
        told = sorted((e for e in self.entries.values()
                       if not e.silent and e.told_by in sources),
                      key=lambda e: -e.seq)[:4 * entries]
        shown = [e for n, e in enumerate(told) if n < entries or
                 e.announced_ms >= told[0].announced_ms - 2 * DAY_MS]
        return sorted(shown, key=lambda e: (-e.updated, -e.seq))
