#!/usr/bin/env python3
"""What html_sanitise() lets through, in a real browser: as HTML and as XHTML
nothing of it runs, navigates, breaks out, or asks for anything but the
pictures and recordings it shows.

Each piece is a document of its own, in a frame, served from a loopback port.
Its page counts calls of the functions the pieces would like to call, moves a
pointer over every element, clicks it, submits it, and parses the piece a
second time.  The names the pieces speak of lead to a second port, the
canary, which notes who asked.  The same pieces unsanitised are the control.
"""
import html.parser
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'scenario'))
from chromium import *
from feedmill import *

need_chromium()
TOOL = os.path.join(ROOT, os.environ.get('FEEDMILL_TEST_BUILD') or 'build',
                    'tests/tools/sanitise')
BASE = 'http://base.example/a/b.html'
BATCH = 40
# As many of the unsanitised pieces have to run, or the test proves nothing.
CONTROLS = 60

# What every page of a piece does.  KIND is HTML, XHTML or raw; a raw one
# also follows its links.
SCRIPT = r'''
var raw = KIND == 'raw', said = {};
function say(what) {
  if (said[what]) return;
  said[what] = 1;
  parent.postMessage({kind: KIND, id: ID, what: String(what)}, '*');
}
function xss() { say('ran'); }
var names = ['x', 'y', 'z', 'f', 'pwn', 'evil', 'alert', 'prompt',
             'confirm', 'print', 'open'];
names.forEach(function (n) { window[n] = xss; });
addEventListener('message', function (e) {
  if (typeof e.data == 'string' && /^xss/.test(e.data)) say('ran');
});
addEventListener('error', function (e) {
  if (!raw && e.message) say('error: ' + e.message);
}, true);
document.addEventListener('securitypolicyviolation', xss);
document.addEventListener('click', function (e) {
  var a = e.target.closest && e.target.closest('a[href]');
  if (a && !raw && /^(https?|mailto|tel|ftp|magnet|xmpp|irc|gemini|sms|news|nntp|geo|sip|feed):/i.test(a.href))
    e.preventDefault();
}, true);
function each(f) {
  Array.prototype.forEach.call(document.querySelectorAll('#host *'), f);
}
function touch(e) {
  ['pointerover', 'mouseover', 'mouseenter', 'pointerdown', 'mousedown',
   'focus', 'animationstart', 'toggle'].forEach(function (t) {
    e.dispatchEvent(new (t[0] == 'p' ? PointerEvent :
      t[0] == 'm' ? MouseEvent : Event)(t, {bubbles: true,
                                            cancelable: true}));
  });
  if (e.click) e.click();
  else e.dispatchEvent(new MouseEvent('click', {bubbles: true,
                                                cancelable: true}));
  if (raw && e.submit && /^javascript/i.test(e.action)) e.submit();
}
var never = /^(script|style|link|meta|base|iframe|frame|frameset|object|embed|applet|form|input|button|select|textarea|svg|math|template|noscript|portal|dialog|marquee|slot)$/;
function scheme(address) {
  try { return new URL(address).protocol; }
  catch (x) { return ''; }      // leads nowhere
}
function inspect(e) {
  if (never.test(e.localName)) say('element ' + e.localName);
  if (e.namespaceURI != 'http://www.w3.org/1999/xhtml')
    say('namespace ' + e.namespaceURI);
  for (var i = 0; i < e.attributes.length; i++) {
    var n = e.attributes[i].localName, v = e.attributes[i].value;
    if (/^on|^(style|ping|srcdoc|action|formaction|background|target|autofocus|contenteditable|is|slot|part|id|name|class|usemap|http-equiv|referrerpolicy)$/.test(n))
      say('attribute ' + n);
    if (/^(href|src|cite|poster|longdesc)$/.test(n) &&
        /^(javascript|vbscript|file|blob|view-source|ms-.*):$/
          .test(scheme(v)))
      say('address ' + v);
  }
}
// An HTML parser drops the newline after <pre>, an XML one does not.
function shape(n) {
  if (n.nodeType == 3)
    return n.parentNode.localName == 'pre' && !n.previousSibling ?
      n.data.replace(/^\n+/, '') : n.data;
  if (n.nodeType != 1) return '';
  var s = '<' + n.localName;
  Array.prototype.map.call(n.attributes, function (a) {
    return ' ' + a.localName + '=' + a.value;
  }).sort().forEach(function (a) { s += a; });
  s += '>';
  for (var c = n.firstChild; c; c = c.nextSibling) s += shape(c);
  return s + '</>';
}
setTimeout(function () {
  var host = document.getElementById('host');
  var after = document.getElementById('after');
  if (!raw) {
    if (document.getElementsByTagName('parsererror').length)
      say('parsererror');
    if (!host || !after || host.nextElementSibling !== after ||
        host.parentNode !== document.body)
      say('broke out');
    else
      parent.postMessage({kind: KIND, id: ID, shape: shape(host)}, '*');
    each(inspect);
    if (document.title != 't') say('title');
    var again = document.createElement('div');
    again.innerHTML = host ? host.innerHTML : '';
    if (host) host.appendChild(again);
  }
  setTimeout(function () {
    each(function (e) { try { touch(e); } catch (x) {} });
    setTimeout(function () {
      if (document.title != 't') say('title');
      names.forEach(function (n) {
        if (window[n] !== xss) say('clobbered ' + n);
      });
      parent.postMessage({kind: KIND, id: ID, done: 1}, '*');
    }, 150);
  }, raw ? 400 : 150);
}, 100);
'''

HUB = '''<!doctype html><meta charset="utf-8"><title>hub</title><script>
var notes = [], left = {};
addEventListener('message', function (e) {
  if (!e.data || !e.data.id) return;
  if (e.data.done) delete left[e.data.kind + e.data.id];
  else notes.push(e.data);
});
function finished(ms) {
  return new Promise(function (yes) {
    var end = Date.now() + ms;
    (function look() {
      if (!Object.keys(left).length || Date.now() > end)
        setTimeout(function () { yes([notes, Object.keys(left)]); }, 100);
      else setTimeout(look, 50);
    })();
  });
}
JSON.parse('%s').forEach(function (path) {
  var f = document.createElement('iframe');
  f.src = path;
  left[path.slice(1).replace('/', '')] = 1;
  document.documentElement.appendChild(f);
});
</script>'''


def page(kind, number, piece):
    """The document a piece is tried in, bytes and media type."""
    script = 'var KIND = %s, ID = %s;\n%s' % (
        json.dumps(kind), json.dumps('%d' % number), SCRIPT)
    if kind == 'XHTML':
        text = ('<?xml version="1.0" encoding="UTF-8"?>\n'
                '<html xmlns="http://www.w3.org/1999/xhtml"><head>'
                '<meta name="referrer" content="unsafe-url"/><title>t</title>'
                '<script>//<![CDATA[\n%s\n//]]></script></head>'
                '<body><div id="host">' % script).encode() + piece + \
            b'</div><p id="after">after</p></body></html>'
        return text, 'application/xhtml+xml; charset=utf-8'
    return ('<!doctype html><html><head><meta charset="utf-8">'
            '<meta name="referrer" content="unsafe-url"><title>t</title>'
            '<script>%s</script></head><body><div id="host">'
            % script).encode() + piece + \
        b'</div><p id="after">after</p></body></html>', \
        'text/html; charset=utf-8'


class Server:
    """Answers on a loopback port by a function of the request handler."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            wbufsize = 1 << 16

            def log_message(self, *_):
                pass

            def do_GET(self):
                status, kind, body = answer(self)
                self.send_response(status)
                if kind:
                    self.send_header('Content-Type', kind)
                self.send_header('Cache-Control', 'no-store')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.close_connection = True
                self.do_GET()

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Quiet(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        at_end(self.server.shutdown)


# ------------------------------------------------------------- the pieces

def tool(*words, lines=()):
    p = subprocess.run(
        [TOOL, *words], stdout=subprocess.PIPE, timeout=60, check=True,
        input=''.join(l.hex() + '\n' for l in lines).encode())
    return [bytes.fromhex(l) for l in p.stdout.decode().split('\n')[:-1]]


class Shown(html.parser.HTMLParser):
    """The addresses a browser is meant to ask for by itself."""
    found = ()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ('src', 'poster') and value:
                self.found += (value,)
            if name == 'srcset' and value:
                self.found += tuple(
                    c.split()[0] for c in re.split(r',\s+', value) if c)


def shown(piece):
    parser = Shown()
    parser.feed(piece.decode('utf-8', 'replace'))
    return {urllib.parse.unquote(u) for u in parser.found}


asked = []          # of the canary: (page or None, URL)


def note_asked(h):
    by = re.search(r'/(HTML|XHTML|raw)/(\d+)', h.headers.get('Referer', ''))
    asked.append((by and (by[1], int(by[2])),
                  'http://%s%s' % (h.headers.get('Host', '?'), h.path)))
    return 204, None, b''


canary = Server(note_asked)
vectors = []        # (name, HTML)
path = os.path.join(SHARED, 'hostile/xss_vectors.json')
if os.path.exists(path):
    vectors = [(v['id'], v['html'].replace('127.0.0.1:1/', '127.0.0.1:%d/'
                                           % canary.port)
                .encode('utf-8', 'surrogatepass'))
               for v in json.loads(read(path))]
rows = [('row %d' % i, r) for i, r in enumerate(tool('--rows'))]
pieces = vectors + rows
safe = tool(BASE, lines=[p for _, p in pieces])
same(len(safe), len(pieces), 'every piece is sanitised')
documents = {}
for i, piece in enumerate(safe):
    documents['HTML', i] = piece
    documents['XHTML', i] = piece
for i, (_, piece) in enumerate(vectors):
    documents['raw', i] = piece
# One that runs in each form, whatever is in ../shared.
CONTROL = len(pieces)
for kind in ('HTML', 'XHTML'):
    documents[kind, CONTROL] = \
        b'<img src="http://canary.example/" onerror="xss()"/>'
pieces.append(('control', b''))


def answer(h):
    m = re.fullmatch(r'/(HTML|XHTML|raw)/(\d+)', h.path)
    if m and (m[1], int(m[2])) in documents:
        return 200, *reversed(page(m[1], int(m[2]),
                                   documents[m[1], int(m[2])]))
    m = re.fullmatch(r'/hub/(\d+)', h.path)
    if m:
        return 200, 'text/html', (HUB % json.dumps(
            hubs[int(m[1])])).encode()
    if not h.path.startswith('/favicon'):
        strays.append((h.headers.get('Referer', ''), h.path))
    return 404, 'text/plain', b''


strays = []
order = sorted(documents, key=lambda d: (d[0] == 'raw', d))
hubs = []
for group in (lambda k: k != 'raw', lambda k: k == 'raw'):
    paths = ['/%s/%d' % d for d in order if group(d[0])]
    hubs += [paths[i:i + BATCH] for i in range(0, len(paths), BATCH)]
server = Server(answer)


# -------------------------------------------------------------- the trials

browser = Chromium(hosts_port=canary.port)
note('%s: %d vectors, %d rows' % (browser.version, len(vectors), len(rows)))
said, shapes, unfinished = {}, {}, []
calm = None         # so many requests before the first raw piece
for i, hub in enumerate(hubs):
    if calm is None and hub[0].startswith('/raw'):
        calm = len(asked)
    tab = Tab(browser)
    tab.load('http://127.0.0.1:%d/hub/%d' % (server.port, i))
    notes, left = tab.evaluate('finished(6000)')
    for n in notes:
        key = n['kind'], int(n['id'])
        if 'shape' in n:
            shapes[key] = n['shape']
        else:
            said.setdefault(key, []).append(n['what'])
    unfinished += [u for u in left if not u.startswith('raw')]
    tab.close()


def tell(key):
    return '%s as %s: %s\n  from %r\n  made %r' % (
        pieces[key[1]][0], key[0], said.get(key), pieces[key[1]][1],
        documents[key])


for kind in ('HTML', 'XHTML'):
    bad = [k for k in sorted(said) if k[0] == kind and k[1] != CONTROL]
    ok(not bad, 'as %s none of %d pieces runs, breaks out or is odd' % (
        kind, len(safe)), '\n'.join(map(tell, bad)))
    ok('ran' in said.get((kind, CONTROL), ()),
       'control: as %s a handler would run' % kind)
    ok(((kind, CONTROL), 'http://canary.example/') in asked,
       'control: as %s the canary would know' % kind, asked)
same(unfinished, [], 'every page got to its end')
other = [k[1] for k in shapes if k[0] == 'HTML' and
         shapes.get(('XHTML', k[1])) != shapes[k]]
ok(not other and len(shapes) == 2 * len(pieces),
   'HTML and XML parsers read the same', '\n'.join(
       '%s\n  HTML  %r\n  XHTML %r' % (
           documents['HTML', i], shapes['HTML', i],
           shapes.get(('XHTML', i))) for i in other))

allowed = {u for p in safe for u in shown(p)}
allowed.add('http://canary.example/')
by_raw = [a for a in asked if a[0] and a[0][0] == 'raw']
odd = [a for a in asked[:calm] if urllib.parse.unquote(a[1]) not in allowed]
ok(not odd, 'asked for are pictures and recordings that are shown',
   '\n'.join(map(repr, odd)))
ok(not [s for s in strays if 'raw' not in s[0]],
   'nothing is asked of the page\'s own host', strays)
note('canary: %d requests, %d by unsanitised pieces' % (
    len(asked), len(by_raw)))

if vectors:
    fired = [i for i in range(len(vectors)) if 'ran' in
             said.get(('raw', i), ())]
    ok(len(fired) >= CONTROLS, 'control: %d of %d unsanitised vectors run' % (
        len(fired), len(vectors)))
    ok(by_raw, 'control: unsanitised, the canary is asked')
else:
    skip('the vectors and their controls',
         '../shared/hostile/xss_vectors.json is absent')
done()
