#!/usr/bin/env python3
"""The pages a running daemon serves, as Chromium shows them: narrow and wide,
light and dark, without a script, a complaint, or anything past the edge.
What was seen is kept as build/browser/*.png."""
import json
import os
import struct
import sys
import urllib.parse
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'scenario'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                'conf', 'demo'))
from chromium import *
from feedmill import *
import documents

need_chromium()
PICTURES = os.path.join(ROOT, 'build', 'browser')


def png(width, height, colour):
    """A picture with a gradient, so that one sees how it is cut."""
    rows = b''.join(b'\0' + bytes(
        c * (x + y) // (width + height) for x in range(width) for c in colour)
        for y in range(height))

    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack(
        '>IIBBBBB', width, height, 8, 2, 0, 0, 0)) +
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


GAZETTE = '''<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"
 xmlns:media="http://search.yahoo.com/mrss/">
<title>The Long Gazette &lt;b>not bold&lt;/b> That Is Wide</title>
<id>urn:x-gazette</id><updated>2025-03-05T08:00:00Z</updated>
<link href="https://gazette.example/"/>
<author><name>Ann Author</name></author>
%s
</feed>'''
ENTRY = '''<entry%s><id>urn:x-gazette:%d</id><title type="html">%s</title>
<link href="https://gazette.example/%d"/><updated>2025-03-0%dT08:0%d:00Z</updated>
<content type="html">%s</content>%s</entry>'''
PROSE = ('The council met in the evening and spoke for three hours about the '
         'new lamp, its colour, and who would climb up to clean it. ') * 5
ENTRIES = [
    ('', 'A picture that is wide', 4, PROSE, 'wide'),
    ('', 'A picture that is tall, and a title so long that it has to be '
     'broken into several lines on whatever one reads it', 4, PROSE, 'tall'),
    ('', 'A picture that is not there', 4, 'Short.', 'none'),
    (' xml:lang="ar"', 'عنوان باللغة العربية', 3,
     'نص قصير باللغة العربية يقرأ من اليمين إلى اليسار.', ''),
    ('', 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter' +
     'beamtengesellschaft' * 4, 3, 'https://gazette.example/' + 'a' * 300,
     ''),
    ('', '&lt;script>document.title="ran"&lt;/script>&lt;b>Bold&lt;/b> '
     '&amp;amp; plain', 3,
     '&lt;img src=x onerror="document.title=1">&lt;p>Text', ''),
    (' xml:lang="zh-Hans"', '一个没有空格的很长的标题' * 6, 2,
     '这里是中文的正文，标点符号也在里面。' * 20, 'wide'),
]

site = Site({'/' + k: v for k, v in documents.STEPS[0][1].items()})


def picture(data):
    return lambda h: (200, {'Content-Type': 'image/png'}, data)


site.documents['/wide.png'] = picture(png(640, 200, (60, 160, 250)))
site.documents['/tall.png'] = picture(png(120, 480, (250, 160, 60)))
site.documents['/gazette.xml'] = (GAZETTE % '\n'.join(
    ENTRY % (lang, i, title, i, day, i, body,
             '<media:thumbnail url="%s/%s.png"/>' % (site.url, image)
             if image else '')
    for i, (lang, title, day, body, image) in enumerate(ENTRIES))).encode()

feeds = {n: site.source('/%s.xml' % n)
         for n in ('harbour', 'rivertown', 'market', 'gazette')}
feeds['broken'] = site.source('/missing.xml?token=hunter2')
mill = Mill(feeds=feeds, fetch={'flood-limit': 0})
mill.sections['publish']['all'].update(
    subtitle='Three towns, a gazette, and what became of them')
mill.set()
daemon = mill.start()
ENTRIES_TOLD = 'document.querySelectorAll("article").length'
eventually(lambda: b'gazette.example/6' in get(mill.url + '/all.html').body
           and b'market.demo' in get(mill.url + '/all.html').body, 20)
browser = Chromium()
note(browser.version)
tab = Tab(browser)

# Text and what is behind it, with the contrast of WCAG 2.1.
CONTRAST = r'''(function () {
function parse(c) { return c.match(/[\d.]+/g).map(Number); }
function light(c) {
  return [0.2126, 0.7152, 0.0722].reduce(function (s, w, i) {
    var v = c[i] / 255;
    return s + w * (v <= 0.03928 ? v / 12.92 :
                    Math.pow((v + 0.055) / 1.055, 2.4));
  }, 0);
}
function behind(e) {
  for (; e; e = e.parentElement) {
    var c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
}
var worst = {ratio: 99};
document.querySelectorAll('body *').forEach(function (e) {
  var own = Array.prototype.some.call(e.childNodes, function (n) {
    return n.nodeType == 3 && n.data.trim();
  });
  if (!own) return;
  var a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
  var r = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (r < worst.ratio) worst = {ratio: r, who: e.outerHTML.slice(0, 120)};
});
return worst;
})()'''

HEADINGS = '''Array.prototype.map.call(
document.querySelectorAll("h1,h2,h3,h4,h5,h6"),
function (h) { return [Number(h.localName[1]), h.textContent.trim()]; })'''

PAST_THE_EDGE = '''(function () {
var w = document.documentElement.clientWidth;
return [document.documentElement.scrollWidth - w,
  Array.prototype.filter.call(document.querySelectorAll('body *'),
    function (e) {
      var r = e.getBoundingClientRect();
      return r.right > w + 1 && r.width > 0;
    }).map(function (e) { return e.outerHTML.slice(0, 100); })];
})()'''


def looks(name):
    """At every width and in both lights."""
    for width in (320, 360, 1600):
        for dark in (False, True):
            what = '%s at %d px, %s' % (name, width,
                                        'dark' if dark else 'light')
            tab.look(width, dark=dark)
            over, who = tab.evaluate(PAST_THE_EDGE)
            ok(over <= 0 and not who, what + ': nothing past the edge',
               '%s px: %s' % (over, who))
            worst = tab.evaluate(CONTRAST)
            ok(worst['ratio'] >= 4.5, what + ': contrast of at least 4.5',
               worst)
            background = tab.evaluate(
                'getComputedStyle(document.body).backgroundColor')
            ok((sum(map(int, re.findall(r'\d+', background)[:3])) < 200) ==
               dark, what + ': as light as wanted', background)
            tab.screenshot(os.path.join(PICTURES, '%s-%d-%s.png' % (
                name, width, 'dark' if dark else 'light')))


def roles():
    tree = tab.call('Accessibility.getFullAXTree')['nodes']
    return [(n['role']['value'], n.get('name', {}).get('value', ''))
            for n in tree if not n.get('ignored') and 'role' in n]


def press_tab():
    for kind in ('rawKeyDown', 'keyUp'):
        tab.call('Input.dispatchKeyEvent', type=kind, key='Tab', code='Tab',
                 windowsVirtualKeyCode=9)


def is_sound(name, path):
    """What holds for every page."""
    tab.look(1600)
    ok(tab.load(mill.url + path), name + ' is loaded')
    same(tab.evaluate('document.compatMode'), 'CSS1Compat',
         name + ': in standards mode')
    same(tab.evaluate('document.querySelectorAll("script,iframe,object,'
                      'embed,form:not([action=search]):not([action=day]),'
                      'base,[onclick],[onload],[onerror],'
                      '[style]").length'), 0, name + ': nothing active')
    ok(tab.evaluate('document.title.length') > 3, name + ' has a title')
    ok(tab.evaluate('document.documentElement.lang'),
       name + ': its language is said')
    same(tab.evaluate('Array.prototype.filter.call(document.images,'
                      'function (i) { return !i.hasAttribute("alt"); })'
                      '.length'), 0, name + ': alt everywhere')
    levels = [l for l, _ in tab.evaluate(HEADINGS)]
    ok(levels[:1] == [1] and levels.count(1) == 1 and
       all(b <= a + 1 for a, b in zip(levels, levels[1:])),
       name + ': headings skip no level', levels)
    ok(all(t for _, t in tab.evaluate(HEADINGS)),
       name + ': no heading is empty')
    told = [r for r, _ in roles()]
    for role in ('banner', 'main', 'contentinfo'):
        same(told.count(role), 1, '%s: one %s' % (name, role))
    nameless = [r for r in roles() if r[0] == 'link' and not r[1].strip()]
    same(nameless, [], name + ': every link has a name')
    same(tab.evaluate('(function (ids) { return ids.filter(function (i, n) '
                      '{ return ids.indexOf(i) != n; }); })(Array.prototype.'
                      'map.call(document.querySelectorAll("[id]"), '
                      'function (e) { return e.id; }))'), [],
         name + ': no id twice')


def can_be_walked(name):
    """With the Tab key through every link and field, the skip link first."""
    stops = json.dumps('a[href],input:not([type=hidden]),button')
    count = tab.evaluate('document.querySelectorAll(%s).length' % stops)
    seen = []
    # A date has a stop for its day, month, year and calendar.
    for _ in range(count + 8):
        press_tab()
        seen.append(tab.evaluate(
            '(function (e) { var r = e.getBoundingClientRect();'
            ' return [Array.prototype.indexOf.call('
            'document.querySelectorAll(%s), e), r.left >= 0 &&'
            ' r.width > 0, getComputedStyle(e).outlineStyle]; })'
            '(document.activeElement)' % stops))
        if seen[-1][0] == -1:
            seen.pop()
            break
        if len(seen) > 1 and seen[-1][0] == seen[-2][0]:
            seen.pop()
        if seen[-1][0] == count - 1:
            break
    same([s[0] for s in seen], list(range(count)),
         name + ': the Tab key comes by every link and field, in order')
    ok(seen and all(s[1] for s in seen), name + ': and it is seen', seen)
    ok(seen and all(s[2] not in ('none', '') for s in seen),
       name + ': with an outline', seen)


def is_quiet(name, pictures):
    """After a while nobody has complained or asked for anything else."""
    tab.evaluate('new Promise(function (r) { setTimeout(r, 500); })')
    own = [c for c in tab.complaints() if not any(
        '"%s"' % u in c for u in (*pictures, mill.url + '/favicon.ico'))]
    same(own, [], name + ': no complaint in the console')
    # The picture in a date field is the browser's own.
    others = [u for u in tab.requests() if not u.startswith(mill.url) and
              u not in pictures and not u.startswith('data:image/svg')]
    same(others, [], name + ': it asks nobody but itself and for pictures')


# --------------------------------------------------------------- the river

SHOWN = {'%s/%s.png' % (site.url, n) for n in ('wide', 'tall', 'none')}
SHOWN.add(site.url + '/x')
is_sound('river', '/all.html')
entries = tab.evaluate(ENTRIES_TOLD)
ok(entries >= len(ENTRIES) + 3, 'river: entries of every source', entries)
same(tab.evaluate('document.title'), 'All of it',
     'river: no title has run as a script')
days = [t for l, t in tab.evaluate(HEADINGS) if l == 2]
ok(len(days) >= 3 and len(set(days)) == len(days),
   'river: every day stands there once', days)
same(tab.evaluate('document.querySelectorAll("h2 time[datetime]").length'),
     len(days), 'river: and for machines')
told = roles()
same([r for r in told if r[0] == 'navigation'],
     [('navigation', 'Subscribe'), ('navigation', 'Older')],
     'river: how to subscribe and where it goes on are landmarks')
same(sum(r[0] == 'article' for r in told), entries,
     'river: every entry is an article')
ok(('link', mill.url + '/all.atom') in told,
   'river: the feed\'s address can be read', told[:12])
same(get(mill.url + '/all.atom').status, 200, 'river: and is there')
same(tab.evaluate('document.querySelectorAll(\'link[rel=alternate]'
                  '[type="application/atom+xml"]\').length'), 1,
     'river: and programs find it')
for language in ('ar', 'zh-Hans'):
    same(tab.evaluate('document.querySelectorAll("article[lang=%s]").length'
                      % json.dumps(language).replace('"', "'")), 1,
         'river: an entry says that it is ' + language)
same(tab.evaluate('getComputedStyle(document.querySelector('
                  '"article[lang=ar] h3")).direction'), 'rtl',
     'river: Arabic runs from the right')
same(tab.evaluate('Array.prototype.map.call(document.images, function (i) {'
                  'return [i.loading, i.referrerPolicy]; })'),
     [['lazy', 'no-referrer']] * 5, 'river: pictures are lazy and discreet')
tab.evaluate('window.scrollTo(0, document.body.scrollHeight)')
eventually(lambda: len(site.asked('/wide.png')), 5)
ok(site.asked('/wide.png') and site.asked('/tall.png'),
   'river: pictures are loaded', site.asked())
same([h.get('Referer') for p, h in site.requests if p.endswith('.png')
      and h.get('Referer')], [], 'river: without a word of where from')
same(tab.evaluate('Array.prototype.filter.call(document.images, function (i)'
                  '{ return i.naturalWidth > 0; }).length'), 3,
     'river: and shown')
is_quiet('river', SHOWN)
tab.load(mill.url + '/all.html')
can_be_walked('river')
tab.load(mill.url + '/all.html')
looks('river')
same(get(mill.url + '/').headers.get('Content-Security-Policy', '')[:18],
     "default-src 'none'", 'river: its policy is that nothing is allowed')

# ------------------------------------------------------ the search, the days

same([r for r in told if r[0] == 'search'], [('search', '')],
     'river: the search is a landmark')
ok(('searchbox', 'Words to look for') in told, 'river: its field is named')
tab.evaluate('document.querySelector("#q").value = "council <lamp>"')
tab.evaluate('document.querySelector("form button").click()')
ok(eventually(lambda: tab.evaluate('location.pathname') == '/search' and
              tab.evaluate('document.readyState') == 'complete', 10),
   'river: the form leads to the search')
same(tab.evaluate('document.querySelector("#q").value'), 'council <lamp>',
     'search: what was typed is still there')
eventually(lambda: b'<mark>' in get(mill.url + '/search?q=council').body, 20)
ok(tab.load(mill.url + '/search?q=council'), 'search: again')
for name, path in (
        ('search', '/search?q=council&in=all'),
        ('search-none', '/search?q=' + urllib.parse.quote(
            '<script>document.title="ran"</script>"\'> ' + 'x' * 200)),
        ('search-empty', '/search'),
        ('search-cjk', '/search?order=new&q=' + urllib.parse.quote('正文')),
        ('day', '/day?date=2025-03-04&in=all'),
        ('day-none', '/day?date=2024-02-29&in=all')):
    is_sound(name, path)
    ok('ran' not in tab.evaluate('document.title').split(),
       name + ': nothing has run')
    if name == 'search':
        ok(tab.evaluate('document.querySelectorAll("mark").length') >= 2,
           'search: what was found is marked')
    if name == 'search-cjk':
        same(tab.evaluate('document.querySelectorAll("article[lang=zh-Hans] '
                          'mark").length') > 0, True,
             'search: in Chinese, in its own language')
    if name == 'day':
        same(tab.evaluate('document.querySelectorAll("article").length'), 3,
             'day: all of it')
        ok(tab.evaluate('document.querySelectorAll("a[rel=next],a[rel=prev]")'
                        '.length') >= 2, 'day: and the days beside it')
    # That nothing was typed is told as 400, which is a complaint.
    if name != 'search-empty':
        is_quiet(name, SHOWN)
    tab.load(mill.url + path)
    can_be_walked(name)
    tab.load(mill.url + path)
    looks(name)
tab.load(mill.url + '/all.html')

# -------------------------------------------------------------- the status

same(tab.evaluate('document.querySelectorAll("header a[href=status]")'
                  '.length'), 1, 'river: leads to the status')
same(get(mill.url + '/status').status, 200, 'status: is known at once')
is_sound('status', '/status')
seen = [t for _, t in tab.evaluate(HEADINGS)]
same(seen[:2], ['Status of the sources', 'Failing: 1'],
     'status: what is wrong comes first')
ok('Working: 4' in seen and 'Harbour News' in seen,
   'status: every source is there', seen)
text = tab.evaluate('document.body.innerText')
same(tab.evaluate('document.querySelectorAll("svg[role=img] rect").length'),
     30, 'status: entries per day')
ok([r for r in roles() if r[0] in ('img', 'image', 'graphics-document') and
    'entries per day' in r[1]], 'status: the picture says what it shows',
   [r for r in roles() if 'im' in r[0]])
matches('failure in a row: .*404', text, 'status: with its error')
matches('next in [0-9]+m', text, 'status: and when it is asked again')
ok('hunter2' not in text and 'token=' in text,
   'status: secrets are not shown', text)
ok('<b>not bold</b>' in text, 'status: a title is no markup', text)
is_quiet('status', ())
can_be_walked('status')
tab.load(mill.url + '/status')
looks('status')
answer = get(mill.url + '/status.json')
same((answer.status, answer.headers['Content-Type']),
     (200, 'application/json'), 'status.json: is there')
told = json.loads(answer.body)
same({s['name']: s['state'] for s in told['sources']},
     {**{n: 'ok' for n in feeds}, 'broken': 'failing'},
     'status.json: the state of each')
same(told['entries'], entries, 'status.json: as many entries as are shown')
ok('hunter2' not in answer.body.decode(), 'status.json: no secrets')
mill.set(http={**mill.sections['http'], 'status': False})
mill.run('reload')
eventually(lambda: get(mill.url + '/status').status == 404, 10)
same([get(mill.url + p).status for p in ('/status', '/status.json')],
     [404, 404], 'status: can be switched off')

# The ears that heard no complaint are good ones.
tab.load(mill.url + '/all.html')
tab.evaluate('(function (i) { i.src = "data:image/png,x";'
             ' document.body.appendChild(i); })(new Image())')
tab.evaluate('new Promise(function (r) { setTimeout(r, 300); })')
ok(any('Content Security Policy' in c or 'ContentSecurityPolicy' in c
       for c in tab.complaints()), 'control: a violation would be heard',
   tab.complaints())
tab.evaluate('(function (d) { d.style.width = "3000px"; d.textContent = "x";'
             ' document.body.appendChild(d); })('
             'document.createElement("div"))')
ok(tab.evaluate(PAST_THE_EDGE)[1], 'control: what is too wide is seen')

# ------------------------------------------------- a daemon without pages

same(daemon.stop(), 0, 'the daemon ends well')
mill.sections['publish']['all']['formats'] = ['atom', 'json']
mill.set(feeds={'harbour': feeds['harbour']})
daemon = mill.start()
eventually(lambda: b'all.atom' in get(mill.url + '/').body, 10)
is_sound('index', '/')
is_quiet('index', ())
looks('index')
same(daemon.stop(), 0, 'and this one, too')
done()
