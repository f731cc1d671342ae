#!/usr/bin/env python3
"""Hostile documents cost about what ordinary ones of their size do.

Compared is the time of the CPU in the shipped program, a kind of document at
a time, with much room: what this is to find is not slow but quadratic, or a
library called for every byte.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

MIB = 1 << 20
ROOM, SLACK_S, TRIES = 5, 0.15, 3

if not os.path.exists(RELEASE):
    skip_all('%s is not built' % RELEASE)


# ---------------------------------------------------------------- documents

def fill(unit, size):
    return unit * max(size // len(unit.encode()), 1)


def esc(s):
    return s.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def feed(items, head='', root='<rss version="2.0">'):
    return ('%s<channel><title>t</title><link>http://a.example/</link>%s%s'
            '</channel></rss>' % (root, head, items)).encode()


def item(i, inside):
    return ('<item><title>e%d</title><guid>%d</guid>%s</item>'
            % (i, i, inside))


def described(text, parts=1):
    """As many entries, each with a part of so much text."""
    def document(size):
        part = fill(text, size // parts - 150)
        return feed(''.join(item(i, '<description>%s</description>' % part)
                            for i in range(parts)))
    return document


def html(text, parts=1):
    return described(esc(text), parts)


def inside(text):
    """Elements in one entry, numbered where there is a %d."""
    def document(size):
        n = size // len(text % 100000 if '%d' in text else text)
        return feed(item(1, ''.join(text % i for i in range(n))
                         if '%d' in text else text * n))
    return document


def field(name, unit, where=item):
    def document(size):
        text = '<%s>a%s</%s>' % (name, fill(unit, size - 300), name)
        return feed(item(1, text)) if where is item else feed(item(1, ''),
                                                              text)
    return document


def entities(reference):
    def document(size):
        return b''.join((b'<!DOCTYPE rss [', b''.join(
            b'<!ENTITY e%d "v%d">' % (i, i) for i in range(300)), b']>',
            described(reference)(size - 6000)))
    return document


def json_feed(unit, key='content_html', parts=1):
    def document(size):
        return ('{"version":"https://jsonfeed.org/version/1.1","items":[%s]}'
                % ','.join('{"id":"%d","%s":"%s"}' % (
                    i, key, fill(unit, size // parts - 50))
                    for i in range(parts))).encode()
    return document


def json_item(before, unit, after):
    def document(size):
        n = (size - 200) // (len(unit) + len(after))
        return ('{"version":"https://jsonfeed.org/version/1.1","items":['
                '{"id":"1","x":%s%s1%s}]}' % (before, unit * n, after * n)
                ).encode()
    return document


def encoded(label, unit):
    def document(size):
        return (b'<?xml version="1.0" encoding="%s"?><rss><channel><item>'
                b'<description>' % label) + unit * (size // len(unit))
    return document


def based(text):
    """Relative URLs under a base of eight thousand bytes."""
    root = '<rss xml:base="http://a.example/%s">' % ('a/' * 4000)

    def document(size):
        return feed(item(1, '<description>%s</description>'
                         % fill(esc(text), size - 9000)), root=root)
    return document


def ordinary(parts):
    prose = ('Harbour tide and council bridge: the library, the market in a '
             'storm &amp; a letter from the garden.  ')
    return html('<p>%s<a href="/more">engine</a></p>\n' % (prose * 8), parts)


KINDS = {
    # what looks like markup and is none
    'raw &': described('&'), 'raw <': described('< '),
    'raw <<': described('<'), 'raw >': described('>'),
    'raw ]]>': described(']]>'), 'raw &<': described('&<'),
    'raw "': described('"'), 'raw &#': described('&#'),
    'raw &nbsp;': described('&nbsp;&eacute;'),
    'unknown names': lambda size: described(''.join(
        '&e%d;' % i for i in range(size // 9)))(1),
    'declared names': entities('&e299;'), 'undeclared names': entities('&f;'),
    'raw tags': described('<b>'), 'raw unknown tags': described('<zz>'),
    'raw void tags': described('<img src=a>'),
    'raw end tags': described('</b>'), 'raw </': described('</'),
    'open comments': described('<!--'), 'open CDATA': described('<![CDATA['),
    'CDATA of one byte': described('<![CDATA[&]]>'),
    'open instructions': described('<?'), 'open values': described('<b a="'),
    'a value of &': described('<b a="%s">' % ('&' * 900)),
    'attributes without values': described('<b%s>' % ''.join(
        ' a%d' % i for i in range(500))),
    'controls': described('\x01'),
    'items in items': described('<item>'),
    # HTML
    'HTML &': html('&'), 'HTML <': html('<'), 'HTML names': html('&notit;'),
    'HTML nested': html('<b>'), 'HTML misnested': html('<b><p></b></p>'),
    'HTML formatting': html('<font color=red><p>'),
    'HTML tables': html('<table>'), 'HTML fostered': html('<table><b>x'),
    'HTML rows': html('<table><tr><b>x'), 'HTML lists': html('<ul><li>'),
    'HTML links': html('<a href=x><div>'), 'HTML comments': html('<!--'),
    'HTML scripts': html('<script>'), 'HTML values': html('<a b="'),
    'HTML attributes': html('<a%s>' % ''.join(
        ' title%d=1' % i for i in range(200))),
    'HTML hosts': html('<a href=//\u00e9.\u00e8.\u00e9>'),
    'HTML srcset': html('<img srcset="%s">' % ('a 1x,' * 1000)),
    'HTML dots': html('<a href="%s">x</a>' % ('../' * 400)),
    'HTML long base': based('<img src=b>'),
    # elements
    'categories': inside('<category>c%d</category>'),
    'links': inside('<link href="http://a.example/%d"/>'),
    'enclosures': inside('<enclosure url="http://a.example/%d"/>'),
    'authors': inside('<author>n%d</author>'),
    'other elements': inside('<z%d/>'), 'other prefixes': inside('<q%d:z/>'),
    'namespaces': inside('<z xmlns:a%d="http://x"/>'),
    'nested elements': inside('<a>'), 'dates': inside('<pubDate>x</pubDate>'),
    'attributes of one tag': lambda size: feed(item(1, '<z%s/>' % ''.join(
        ' a%d=""' % i for i in range(size // 12)))),
    'entries': lambda size: feed('<item/>' * (size // 7)),
    # fields
    'brackets after a name': field('managingEditor', ')', None),
    'brackets before a name': field('managingEditor', '(', None),
    'brackets of an author': field('author', '()'),
    'addresses': field('author', ' @x'), 'a title': field('title', '&amp;'),
    'a link': field('link', '../'), 'a date': field('pubDate', '1 Jan '),
    # encodings
    'bad UTF-8': encoded(b'utf-8', b'\xffa'),
    'half characters': encoded(b'utf-8', b'\xc3'),
    'bad GB 18030': encoded(b'gb18030', b'\x81'),
    'escapes': encoded(b'iso-2022-jp', b'\x1b$B'),
    'surrogates': lambda size: b'\xff\xfe' + '<rss><channel>'.encode(
        'utf-16-le') + b'\0\xd8' * (size // 2),
    'NULs': lambda size: bytes(size),
    # around the root
    'junk before': lambda size: b'<' * size + feed(''),
    'comments before': lambda size: b'<!--' * (size // 4) + feed(''),
    'comments after': lambda size: feed('') + b'<!---->' * (size // 7),
    'declarations': lambda size: b'<!DOCTYPE rss [%s]>' % (
        b'<!ENTITY e "x">' * (size // 15)) + feed(''),
    # JSON
    'JSON &': json_feed('&'), 'JSON escapes': json_feed('\\u0041'),
    'JSON surrogates': json_feed('\\ud800'),
    'JSON controls': json_feed('\x01'), 'JSON backslashes': json_feed('\\d'),
    'JSON nested': json_item('', '[', ']'),
    'JSON keys': lambda size: json_item('{%s"z":' % ''.join(
        '"%d":1,' % i for i in range(size // 12)), '', '}')(201),
    'JSON numbers': json_item('[', '1e308,', ''),
    'JSON commas': json_item('[', ',', ''),
}


# ---------------------------------------------------------------- measuring

def user_s(argv):
    """(time of the CPU outside of the kernel, exit status, stderr)"""
    with tempfile.TemporaryFile() as err:
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=err)
        killer = threading.Timer(PATIENCE_S, p.kill)
        killer.start()
        _, status, used = os.wait4(p.pid, 0)
        killer.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return used.ru_utime, p.returncode, err.read().decode('utf-8',
                                                              'replace')


def parse(document):
    path = write(top + '/document', document)
    return user_s([RELEASE, 'parse', '--format', 'json', path])


def whole_round(document):
    """From the server to all outlets and the archive."""
    site = Site({'/': document})
    mill = Mill(binary=RELEASE, feeds={'a': site.source('/')},
                fetch={'flood-limit': 0})
    return user_s(mill.argv('run', '--once', '--now'))


def compare(measure, kinds, size, reference):
    base = min(measure(reference)[0] for _ in range(TRIES))
    most = ROOM * base + SLACK_S
    note('ordinary: %.3f s, at most %.3f s' % (base, most))
    worst = []
    for name, document in kinds.items():
        document = document(size)
        for _ in range(TRIES):
            spent, status, err = measure(document)
            if spent <= most:
                break
        worst.append((spent, name))
        ok(spent <= most and status >= 0 and len(document) > size // 2, name,
           '%.2f s for %d bytes, exit status %s\n%s' % (
               spent, len(document), status, err[-500:]))
    note(', '.join('%s %.2f s' % (n, s) for s, n in sorted(worst)[:-6:-1]))


top = folder()
compare(parse, KINDS, MIB, ordinary(50)(MIB))
# Texts that every outlet writes again, in entries without a title, whose
# title is taken from the text.
compare(whole_round, {
    'a round of JSON &': json_feed('&', parts=4),
    'a round of JSON controls': json_feed('\x01', parts=4),
    'a round of raw &': described('&', 4),
    'a round of HTML tags': html('<img src=x>', 4),
    'a round of line breaks': json_feed('\\n* ', parts=4),
}, 3 * MIB, ordinary(20)(3 * MIB))
done()
