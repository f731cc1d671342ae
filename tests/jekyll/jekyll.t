#!/usr/bin/env python3
"""An archive of hostile feeds, built by Jekyll: it builds, what a publisher
wrote is never a template, a page's front matter or a handler."""
import html.parser
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'scenario'))
from feedmill import *

try:
    import yaml
except ImportError:
    skip_all('python3-yaml is absent')
sys.dont_write_bytecode = True
try:
    import html5lib                                      # the oracle's
except ImportError:
    html5lib = None
    # Debian's modules are Debian's python's.
    if sys.executable != '/usr/bin/python3' and subprocess.run(
            ['/usr/bin/python3', '-c', 'import html5lib, yaml'],
            stderr=subprocess.DEVNULL).returncode == 0:
        os.execv('/usr/bin/python3', ['/usr/bin/python3',
                                      os.path.abspath(__file__)])

CANARY = 191 * 7
LIQUID = ('{{ 7 | times: 191 }}', '{% assign x = 7 | times: 191 %}{{ x }}',
          '{% raw %}{{ 7 | times: 191 }}{% endraw %}{{ 7 | times: 191 }}',
          '{% include evil.html %}', '{% link nowhere.md %}', '{{',
          '{% for %}', '{%- post_url x -%}', '{% comment %}')
KRAMDOWN = ('{: onclick="alert(1)"}', '{::nomarkdown}<script>alert(1)'
            '</script>{:/}', '{:toc}', '[x](javascript:alert(1))',
            '![x](data:text/html,y)', '*[HTML]: <b onclick=x>', '[^1]: note',
            '\n\n[a]: javascript:alert(1)\n\n[a]', '$$\\href{javascript:1}$$',
            '<javascript:alert(1)>', '`<b>`', '# head', '|a|b|\n|-|-|\n|c|d|')
FRONT = ('"\npermalink: /index.html\nx: "', '---\nlayout: evil\n---',
         "'\npermalink: /x\n'", '\\"\\npermalink: y', 'a\r\npermalink: /y',
         '- - -', '!!python/object:os.system', '*anchor', '<<: *x')
# Links are normalised by Jekyll, the names of its files are not.
LETTERS = ('ＮＨＫ３月', 'ﬁn²', 'ｶﾞｽ', 'e\u0301a\u0301', 'か\u3099', 'Привет Ünal',
           '각각 \u1100\u1161', 'ศำ', '①②½', '豈', 'नमस्ते', 'Å')
items = []
for i, text in enumerate(LIQUID + KRAMDOWN + FRONT + LETTERS):
    items.append(('http://t.example/%d?q=%s' % (
        i, re.sub('[^ -~]', '', text).replace(' ', '%20')), text,
        'Sat, 22 Feb 2025 18:%02d:09 GMT' % (i % 60),
        '<p title="%s">%s</p>' % (text.replace('"', '&quot;'), text)))
# By their guids, on one page.
GUIDS = ''.join('<item><link>http://t.example/log</link><title>log</title>'
                '<guid>%s</guid></item>' % text.replace('&', '&amp;').replace(
                    '<', '&lt;') for text in LIQUID + KRAMDOWN + FRONT)
OWN = {'/own': rss(*items, title='{{ 7 | times: 191 }}').replace(
    b'</channel>', GUIDS.encode() + b'</channel>')}
documents = dict(OWN)
corpus = os.path.join(SHARED, 'hostile', 'hostile')
if os.path.isdir(corpus):
    # One holds 5,000 entries that are all alike, under everybody's URLs.
    documents.update({'/' + f: read(os.path.join(corpus, f))
                      for f in sorted(os.listdir(corpus))
                      if f.endswith('.xml') and '5000' not in f})
else:
    note('../shared/hostile is absent: only what is made here')
vectors = os.path.join(SHARED, 'hostile', 'xss_vectors.json')
if os.path.exists(vectors):
    documents['/vectors'] = rss(*[
        ('http://v.example/' + v['id'], re.sub('[\x00-\x1f]', ' ', v['html']),
         '', re.sub('[\x00-\x08\x0b\x0c\x0e-\x1f]', '\ufffd', v['html']))
        for v in json.loads(read(vectors))])
site = Site(documents)


def mill_of(form, documents):
    mill = Mill(fetch={'allow-private-addresses': True, 'timeout': '20s'},
                feeds={p[1:].replace('.xml', ''): {
                    'url': site.url + p, 'flood-limit': 'none',
                    'tags': ['{{ 7 | times: 191 }}']} for p in documents},
                archive={'posts': {'directory': 'site/_posts',
                                   'format': form}},
                publish={'all': {'directory': 'www', 'entries': 10000,
                                 'formats': ['atom']}})
    r = mill.round(seconds=200)
    if r.status not in (0, 1):        # some of the feeds are none
        note(r)
    return mill


def pages(mill):
    for part in ('_posts', 'lists'):
        top = mill.path('site', part)
        for name in sorted(os.listdir(top)):
            yield part + '/' + name, read(os.path.join(top, name)).decode()


KEYS = {'_posts': ['layout', 'title', 'date', 'author', 'from', 'tags',
                   'comments', 'categories', 'render_with_liquid'],
        'lists': ['layout', 'title', 'render_with_liquid']}


def fault(name, text):
    """Why the front matter is not ours; None: it is."""
    m = re.match(r'---\n(.*?\n)---\n', text, re.S)
    if not m:
        return 'none'
    try:
        f = yaml.safe_load(m[1])
    except yaml.YAMLError as e:
        return str(e)
    keys = list(f)
    # Of what is not known by its address.
    if name.startswith('_posts') and keys[-1] == 'key' and \
            isinstance(f['key'], str) and f['key']:
        keys.pop()
    if keys != KEYS[name.split('/')[0]]:
        return list(f)
    if not isinstance(f['title'], str) or not f['title'] or \
            f['render_with_liquid'] is not False:
        return f
    if name.startswith('_posts') and not (
            isinstance(f['author'], str) and isinstance(f['from'], str) and
            all(isinstance(t, str) for t in f['tags'] + f['categories']) and
            hasattr(f['date'], 'year')):
        return f
    return None


class Page(html.parser.HTMLParser):
    """What a browser could be made to run, and the text it shows."""

    def __init__(self, text):
        super().__init__()
        self.bad, self.text, self.links = [], '', []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in ('script', 'iframe', 'object', 'embed', 'form', 'meta',
                   'base', 'link', 'style', 'svg', 'math'):
            self.bad.append(tag)
        for name, value in attributes:
            value = re.sub('[\x00-\x20]', '', value or '')
            if tag == 'a' and name == 'href':
                self.links.append(value)
            value = value.lower()
            if name.startswith('on') or name in ('style', 'srcdoc',
                                                 'formaction') or \
                    value.startswith(('javascript:', 'vbscript:',
                                      'data:text')):
                self.bad.append((tag, name, value))

    def handle_data(self, data):
        self.text += data


CONFIG = '''title: t
baseurl: ""
kramdown: {parse_block_html: %s, parse_span_html: %s}
plugins: [%s]
'''
LAYOUT = '''<!doctype html>
<title>{{ page.title | escape }}</title>
<h1>{{ page.title | escape }}</h1>
<p>{{ page.tags | join: "," | escape }}</p>
<main>{{ content }}</main>
'''
HAS_LINKS = subprocess.run(
    ['ruby', '-e', 'require "jekyll-relative-links"'],
    stderr=subprocess.DEVNULL).returncode == 0 if shutil.which('ruby') \
    else False


def jekyll(mill, blocks):
    """{path: bytes} of what Jekyll makes of it; None: it does not build."""
    source, target = mill.path('site'), folder()
    for name in ('post', 'page'):
        write(source + '/_layouts/%s.html' % name, LAYOUT)
    yes = 'true' if blocks else 'false'
    write(source + '/_config.yml', CONFIG % (
        yes, yes, 'jekyll-relative-links' if HAS_LINKS else ''))
    p = subprocess.run(['jekyll', 'build', '--quiet', '--future', '--source',
                        source, '--destination', target],
                       env=dict(os.environ, LC_ALL='C.UTF-8'), timeout=300,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if not same(p.returncode, 0, 'jekyll builds it'):
        return note(p.stdout.decode()[-3000:])
    return {os.path.relpath(os.path.join(d, f), target):
            read(os.path.join(d, f)) for d, _, files in os.walk(target)
            for f in files if f.endswith('.html')}


def judge_built(mill, built):
    ours = dict(pages(mill))
    same(len(built), len(ours), 'every post and list is a page of its own')
    read_pages = {n: Page(b.decode()) for n, b in built.items()}
    same({n: p.bad for n, p in read_pages.items() if p.bad}, {},
         'nothing in it runs')
    same([n for n, p in read_pages.items() if str(CANARY) in p.text], [],
         'no template of a publisher was run')
    shown = ''.join(p.text for p in read_pages.values())
    ok(all(t in shown for t in LIQUID[:2]), 'they are shown as text')
    return read_pages


# All of it in one form, in the other what concerns Jekyll most.
for form, feeds in (('html', OWN), ('markdown', documents)):
    mill = mill_of(form, feeds)
    entries = len(mill.export())
    ours = dict(pages(mill))
    count = sum(n.startswith('_posts/') for n in ours)
    ok(count == entries >= len(items), form + ': every entry has its post',
       (count, entries))
    same({n: f for n, f in ((n, fault(n, t)) for n, t in ours.items()) if f},
         {}, form + ': all front matter is ours')
    same([n for n, t in ours.items() if '{{' in t or '{%' in t or '{:' in t],
         [], form + ': no template is in any file')
    if not shutil.which('jekyll'):
        skip(form + ': what jekyll makes of it', 'jekyll is absent')
        continue
    built = jekyll(mill, form == 'markdown')
    if built is None:
        continue
    read_pages = judge_built(mill, built)
    if not HAS_LINKS or form == 'html':
        skip(form + ': lists lead to posts',
             'ruby-jekyll-relative-links is absent or of Markdown only')
        continue
    links = [link for n, p in read_pages.items() if n.startswith('lists/')
             for link in p.links if not link.startswith('http')]
    have = {'/' + n for n in built}
    ok(len(links) >= count * 0.9 and all(
        urllib.parse.unquote(l) in have for l in links),
       'lists lead to posts', [l for l in links
                               if urllib.parse.unquote(l) not in have][:9])

# The oracle of the corpus on all of it together.
try:
    sys.path.insert(0, os.path.dirname(corpus))
    import oracle
except ImportError:
    oracle = None
if oracle is None or html5lib is None:
    skip('the oracle finds nothing', 'the oracle or html5lib is absent')
    done()
# What feedmill adds to images itself; the oracle does not know it.
OURS = ' referrerpolicy="no-referrer"'
top = folder()
for name, text in pages(mill):
    write(os.path.join(top, 'archive', name), text.replace(OURS, ''))
atom = write(os.path.join(top, 'atom'), read(mill.path('www/all.atom'))
             .decode().replace(OURS.replace('"', '&quot;'), ''))
for name, found in (('archive', oracle.check_archive(top + '/archive')),
                    ('merged feed', oracle.check_atom(atom))):
    same([f for f in found if f[0] in ('CRIT', 'HIGH')], [],
         'the oracle finds nothing in the ' + name)
done()
