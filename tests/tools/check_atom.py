"""Atom by the prose of RFC 4287, not by its schema: what a feed must and may
say, sentence by sentence.  complaints(bytes) is a list; empty is valid."""
import datetime
import re
import sys
import xml.etree.ElementTree as ET

ATOM = '{http://www.w3.org/2005/Atom}'
XML = '{http://www.w3.org/XML/1998/namespace}'
XHTML = '{http://www.w3.org/1999/xhtml}'

# Section 4.1: how often each child may be there.
FEED = {'id': (1, 1), 'title': (1, 1), 'updated': (1, 1),
        'generator': (0, 1), 'icon': (0, 1), 'logo': (0, 1),
        'rights': (0, 1), 'subtitle': (0, 1), 'author': (0, None),
        'category': (0, None), 'contributor': (0, None),
        'link': (0, None), 'entry': (0, None)}
ENTRY = {'id': (1, 1), 'title': (1, 1), 'updated': (1, 1),
         'content': (0, 1), 'published': (0, 1), 'rights': (0, 1),
         'source': (0, 1), 'summary': (0, 1), 'author': (0, None),
         'category': (0, None), 'contributor': (0, None),
         'link': (0, None)}
SOURCE = {k: (0, v[1]) for k, v in FEED.items() if k != 'entry'}
PERSON = {'name': (1, 1), 'uri': (0, 1), 'email': (0, 1)}
ATTRIBUTES = {'category': {'term', 'scheme', 'label'},
              'content': {'type', 'src'}, 'generator': {'uri', 'version'},
              'link': {'href', 'rel', 'type', 'hreflang', 'title', 'length'},
              'title': {'type'}, 'subtitle': {'type'}, 'rights': {'type'},
              'summary': {'type'}}
DATE = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?'
                  r'(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$')
MEDIA = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+"
                   r"(\s*;\s*[^\s=;]+=(\"[^\"]*\"|[^\s;]+))*$")
LANGUAGE = re.compile(r'[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$')
IRI = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^`\x7f]+$')
# RFC 4288 and the registry: a plain name, or an IRI.
REL = re.compile(r"[A-Za-z0-9!$&'()*+,;=@._~-]+$")


class Checker:
    def __init__(self, data):
        self.found = []
        try:
            data.decode('utf-8')
            self.root = ET.fromstring(data)
        except (UnicodeDecodeError, ET.ParseError) as e:
            self.say('document', str(e))
            return
        if self.root.tag == ATOM + 'feed':
            self.feed(self.root)
        elif self.root.tag == ATOM + 'entry':
            self.entry(self.root, False)
        else:
            self.say('document', 'begins with ' + self.root.tag)

    def say(self, where, what):
        self.found.append('%s: %s' % (where, what))

    # ------------------------------------------------------------- parts

    def children(self, e, where, allowed):
        count = {}
        for c in e:
            if not c.tag.startswith(ATOM):
                continue                          # an extension (6)
            name = c.tag[len(ATOM):]
            count[name] = count.get(name, 0) + 1
            if name not in allowed:
                self.say(where, 'may not have <%s>' % name)
        for name, (least, most) in allowed.items():
            n = count.get(name, 0)
            if n < least or (most is not None and n > most):
                self.say(where, '%d times <%s>' % (n, name))
        if (e.text or '').strip() or any((c.tail or '').strip() for c in e):
            self.say(where, 'has text of its own')

    def common(self, e, where):
        known = ATTRIBUTES.get(e.tag[len(ATOM):], set())
        for name, value in e.attrib.items():
            if name == XML + 'lang':
                if value and not LANGUAGE.match(value):
                    self.say(where, 'xml:lang %r is no tag' % value)
            elif not name.startswith('{') and name not in known:
                self.say(where, 'unknown attribute ' + name)

    def absolute(self, value, where):
        if not value or not IRI.match(value):
            self.say(where, '%r is no absolute IRI' % value)

    def simple(self, e, where):
        self.common(e, where)
        if len(e):
            self.say(where, 'has children')
        return e.text or ''

    def date(self, e, where):
        text = self.simple(e, where)
        m = DATE.match(text)
        try:
            if not m:
                raise ValueError
            datetime.datetime.strptime(m[1], '%Y-%m-%dT%H:%M:%S')
        except ValueError:
            self.say(where, '%r is no date of RFC 3339' % text)

    def text(self, e, where):
        self.common(e, where)
        kind = e.get('type', 'text')
        if kind not in ('text', 'html', 'xhtml'):
            self.say(where, 'type %r' % kind)
        elif kind == 'xhtml':
            if [c.tag for c in e] != [XHTML + 'div']:
                self.say(where, 'is not one div')
        elif len(e):
            self.say(where, 'type %s with children' % kind)

    def person(self, e, where):
        self.common(e, where)
        self.children(e, where, PERSON)
        for c in e:
            text = self.simple(c, where)
            if not text.strip():
                self.say(where, 'empty ' + c.tag)
            elif c.tag == ATOM + 'uri':
                self.absolute(text, where + ' uri')
            elif c.tag == ATOM + 'email' and not re.match(
                    r'[^@\s]+@[^@\s]+$', text):
                self.say(where, 'email %r' % text)

    def links(self, e, where):
        seen = set()
        for link in e.findall(ATOM + 'link'):
            at = where + ' link'
            self.common(link, at)
            self.absolute(link.get('href'), at)
            rel = link.get('rel', 'alternate')
            if not REL.match(rel) and not IRI.match(rel):
                self.say(at, 'rel %r' % rel)
            kind, lang = link.get('type'), link.get('hreflang')
            if kind is not None and not MEDIA.match(kind):
                self.say(at, 'type %r' % kind)
            if lang is not None and not LANGUAGE.match(lang):
                self.say(at, 'hreflang %r' % lang)
            if not re.match(r'\d*$', link.get('length', '')):
                self.say(at, 'length %r' % link.get('length'))
            if rel == 'alternate':
                if (kind, lang) in seen:
                    self.say(at, 'two alternates of one type')
                seen.add((kind, lang))
        return seen

    def head(self, e, where):
        """What feed, entry and source have in common."""
        self.common(e, where)
        for c in e:
            name = c.tag[len(ATOM):] if c.tag.startswith(ATOM) else ''
            at = '%s %s' % (where, name)
            if name in ('title', 'subtitle', 'rights', 'summary'):
                self.text(c, at)
            elif name in ('updated', 'published'):
                self.date(c, at)
            elif name in ('author', 'contributor'):
                self.person(c, at)
            elif name in ('id', 'icon', 'logo'):
                self.absolute(self.simple(c, at), at)
            elif name == 'generator' and not self.simple(c, at).strip():
                self.say(at, 'is empty')
            elif name == 'category':
                self.common(c, at)
                if not c.get('term'):
                    self.say(at, 'has no term')
                if c.get('scheme') is not None:
                    self.absolute(c.get('scheme'), at + ' scheme')
        return self.links(e, where)

    # ------------------------------------------------------------- wholes

    def content(self, e, where):
        kind, src = e.get('type', 'text'), e.get('src')
        if src is not None:
            self.absolute(src, where + ' src')
            if len(e) or (e.text or '').strip():
                self.say(where, 'has a src and is not empty')
        elif kind in ('text', 'html', 'xhtml'):
            return self.text(e, where)
        elif not MEDIA.match(kind):
            self.say(where, 'type %r' % kind)
        self.common(e, where)

    def entry(self, e, has_author):
        where = 'entry %s' % (e.findtext(ATOM + 'id') or '?')[-12:]
        self.children(e, where, ENTRY)
        alternates = self.head(e, where)
        content = e.find(ATOM + 'content')
        source = e.find(ATOM + 'source')
        if content is not None:
            self.content(content, where + ' content')
        elif not alternates:
            self.say(where, 'neither content nor an alternate link')
        if content is not None and e.find(ATOM + 'summary') is None and (
                content.get('src') is not None):
            self.say(where, 'a src and no summary')
        if source is not None:
            self.children(source, where + ' source', SOURCE)
            self.head(source, where + ' source')
            has_author |= source.find(ATOM + 'author') is not None
        if not has_author and e.find(ATOM + 'author') is None:
            self.say(where, 'has no author, nor have those above it')

    def feed(self, e):
        self.children(e, 'feed', FEED)
        self.head(e, 'feed')
        if not e.findall(ATOM + 'link[@rel="self"]'):
            self.say('feed', 'has no link to itself')
        entries = e.findall(ATOM + 'entry')
        for entry in entries:
            self.entry(entry, e.find(ATOM + 'author') is not None)
        ids = [x.findtext(ATOM + 'id') for x in entries]
        pairs = [(i, x.findtext(ATOM + 'updated'))
                 for i, x in zip(ids, entries)]
        if len(set(pairs)) < len(pairs):
            self.say('feed', 'two entries with one id and one date')
        if e.findtext(ATOM + 'id') in ids:
            self.say('feed', 'has the id of an entry')


def complaints(data):
    return Checker(data).found


if __name__ == '__main__':
    found = complaints(open(sys.argv[1], 'rb').read())
    print('\n'.join(found))
    sys.exit(1 if found else 0)
