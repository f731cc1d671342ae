#!/usr/bin/env python3
"""demo.py FEEDMILL - runs it over documents.py and tells what it did.

Nothing leaves this machine: the sources are served from a port of 127.0.0.1.
What is told is read from feedmill's own log and export, not from the script.
"""
import hashlib
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

import documents

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.path.join('var', 'demo')
COLOUR = sys.stdout.isatty() and not os.environ.get('NO_COLOR')


def paint(code, text):
    return '\033[%sm%s\033[0m' % (code, text) if COLOUR else text


def bold(text):
    return paint('1', text)


def dim(text):
    return paint('2', text)


# ------------------------------------------------------------- the sources

class Sources(http.server.BaseHTTPRequestHandler):
    """The documents of the present step, with validators."""
    protocol_version = 'HTTP/1.1'
    documents = {}

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.documents.get(self.path.lstrip('/'))
        tag = '"%s"' % hashlib.sha1(body or b'').hexdigest()[:16]
        status = 404 if body is None else 200
        if self.headers.get('If-None-Match') == tag:
            status = 304
        self.send_response(status)
        self.send_header('ETag', tag)
        self.send_header('Content-Type', 'text/html' if
                         (body or b'<!').startswith(b'<!') else 'text/xml')
        if status != 304:
            self.send_header('Content-Length', str(len(body or b'')))
        self.end_headers()
        if status != 304:
            self.wfile.write(body or b'')


def serve():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Sources)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return 'http://127.0.0.1:%d' % server.server_address[1]


def free_address():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return '127.0.0.1:%d' % s.getsockname()[1]


# ------------------------------------------------------------ the feedmill

class Mill:
    def __init__(self, binary, site, listen):
        self.conf = os.path.join(STATE, 'feedmill.yaml')
        self.command = [binary, '-c', self.conf, '--state', STATE]
        os.makedirs(STATE)
        with open(os.path.join(HERE, 'feedmill.yaml')) as f:
            text = f.read()
        with open(self.conf, 'w') as f:
            f.write(text.replace('@SITE@', site).replace('@LISTEN@', listen))

    def run(self, *words, good=(0,)):
        p = subprocess.run(self.command + list(words), timeout=60,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        if p.returncode not in good:
            sys.stderr.write(p.stderr.decode('utf-8', 'replace'))
            sys.exit('demo: %s: exit status %d' % (
                ' '.join(self.command + list(words)), p.returncode))
        return p.stdout.decode(), p.stderr.decode('utf-8', 'replace')

    def round(self):
        """What each source brought: {name: {field: value}}."""
        # 1 says that a source failed: some do, on purpose.
        _, log = self.run('-v', 'run', '--once', '--now', good=(0, 1))
        visits = {}
        for line in log.splitlines():
            fields = dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line))
            if fields.get('event') == 'visit':
                visits[fields['source']] = {
                    k: v.strip('"') for k, v in fields.items()}
        return visits

    def entries(self):
        out, _ = self.run('export', '--format', 'jsonl')
        return {e['key']: e for e in map(json.loads, out.splitlines())}


# --------------------------------------------------------------- the story

OUTCOMES = {
    'ok': 'read', 'not-modified': 'not modified: nothing was sent',
    'unchanged': 'the same bytes as last time',
    'damaged': 'damaged: read as far as it went',
    'not-a-feed': 'not a feed: nothing was changed',
}


def recognised(visit, before, after):
    """What the duplicates of this visit were, in words."""
    words = []
    known = int(visit.get('duplicate', 0))
    edited = int(visit.get('edited', 0))
    redated = sum(1 for k, e in after.items()
                  if k in before and e['source'] == visit['source'] and
                  e['ts'] != before[k]['ts'] and
                  e['updates'] == before[k]['updates'])
    if known:
        words.append('%d seen before' % known)
    if redated:
        words.append('%d of them only re-dated' % redated)
    if edited:
        words.append('%d quietly edited' % edited)
    return words


def tell(visit, before, after):
    mark = {'ok': '32', 'not-modified': '32', 'unchanged': '32'}.get(
        visit['outcome'], '33')
    words = ['%s new' % visit['new']] if int(visit['new']) else []
    if int(visit['updated']):
        words.append('%s revised' % visit['updated'])
    words += recognised(visit, before, after)
    print('  %s %-10s %s' % (paint(mark, '*'), visit['source'], dim(
        OUTCOMES.get(visit['outcome'], visit['outcome']))))
    if words:
        print('    %10s %s' % ('', ', '.join(words)))
    for key, e in after.items():
        if e['source'] != visit['source']:
            continue
        if key not in before:
            print('    %10s %s %s' % ('', paint('32', '+'), e['title']))
        elif e['updates'] > before[key]['updates']:
            print('    %10s %s %s' % ('', paint('36', '~'), e['title']))


def show_serving(mill, listen):
    """What somebody who subscribes gets, now and when asking again."""
    daemon = subprocess.Popen(mill.command + ['run'], stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL)
    try:
        for line in daemon.stderr:
            if b'event=ready' in line:
                break
        host, port = listen.split(':')
        threading.Thread(target=daemon.stderr.read, daemon=True).start()
        tag = None
        for _ in range(2):
            c = http.client.HTTPConnection(host, int(port), timeout=10)
            c.request('GET', '/all.atom', headers={
                'If-None-Match': tag} if tag else {})
            r = c.getresponse()
            body = r.read()
            tag = r.headers['ETag']
            print('  GET http://%s/all.atom%s -> %d, %d bytes' % (
                listen, ' again' if r.status == 304 else '', r.status,
                len(body)))
            c.close()
    finally:
        daemon.terminate()
        daemon.wait(20)


def main():
    binary = sys.argv[1]
    shutil.rmtree(STATE, ignore_errors=True)
    listen = free_address()
    mill = Mill(binary, serve(), listen)
    total = {'new': 0, 'updated': 0, 'duplicate': 0, 'edited': 0}
    before = {}
    for n, (what, pages) in enumerate(documents.STEPS, 1):
        print('\n%s %s' % (bold('Step %d of %d.' % (n, len(documents.STEPS))),
                           what))
        Sources.documents = pages
        visits = mill.round()
        after = mill.entries()
        for visit in visits.values():
            tell(visit, before, after)
            for k in total:
                total[k] += int(visit.get(k, 0))
        before = after
    print('\n' + bold('In all: ') + '%d entries, %d revision, %d repeats '
          'recognised (%d of them quietly edited).' % (
              total['new'], total['updated'], total['duplicate'],
              total['edited']))
    print('\n' + bold('What a subscriber gets'))
    show_serving(mill, listen)
    posts = len([f for f in os.listdir(os.path.join(STATE, 'archive'))
                 if f.endswith('.md')])
    print('\n' + bold('Where to look'))
    for path, text in (
            (os.path.join(STATE, 'www', 'all.atom'), 'the merged feed'),
            (os.path.join(STATE, 'archive') + os.sep,
             '%d posts in Markdown' % posts),
            (mill.conf, 'the configuration of this demo')):
        print('  %-28s %s' % (path, dim(text)))
    print('  %-28s %s' % ('make run', dim('the same with the real sources')))


if __name__ == '__main__':
    main()
