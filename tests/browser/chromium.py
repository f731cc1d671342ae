"""A headless Chromium, driven by the DevTools protocol over a pipe.

It reaches this machine only: every other name leads to hosts_port, or
nowhere.  Its profile is new and goes away with it.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'scenario'))
from feedmill import at_end, folder, skip_all

BINARY = shutil.which(os.environ.get('CHROMIUM') or 'chromium')
OPTIONS = [
    '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars',
    '--remote-debugging-pipe',
]


def need_chromium():
    if BINARY is None:
        skip_all('chromium is absent')


def _high(fd):
    """The same descriptor out of the way of 3 and 4."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64)
    os.close(fd)
    return copy


class Chromium:
    def __init__(self, hosts_port=None):
        hosts = 'MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'
        if hosts_port:
            hosts = ('MAP *.example 127.0.0.1:%d, MAP *.invalid ~NOTFOUND, '
                     'MAP *.org ~NOTFOUND, EXCLUDE 127.0.0.1' % hosts_port)
        argv = [BINARY, *OPTIONS, '--host-resolver-rules=' + hosts,
                '--user-data-dir=' + os.path.join(folder(), 'profile')]
        if os.getuid() == 0:
            argv.append('--no-sandbox')
        argv.append('about:blank')
        commands, self.write_to = map(_high, os.pipe())
        self.read_from, answers = map(_high, os.pipe())

        def place():
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=place, pass_fds=(3, 4),
            start_new_session=True)
        at_end(self.kill)
        os.close(commands)
        os.close(answers)
        self.pending = b''
        self.last_id = 0
        self.events = []
        self.version = self.call('Browser.getVersion')['product']

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def _receive(self, end):
        """The next message, or None when it is late."""
        while b'\0' not in self.pending:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.read_from], [], [],
                                              left)[0]:
                return None
            data = os.read(self.read_from, 1 << 16)
            if not data:
                raise RuntimeError('chromium has ended')
            self.pending += data
        message, self.pending = self.pending.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, session=None, seconds=30, **params):
        self.last_id += 1
        message = {'id': self.last_id, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.write_to, data):]
        end = time.monotonic() + seconds
        while True:
            answer = self._receive(end)
            if answer is None:
                raise RuntimeError('no answer to ' + method)
            if answer.get('id') == self.last_id:
                if 'error' in answer:
                    raise RuntimeError('%s: %s' % (
                        method, answer['error'].get('message')))
                return answer['result']
            if 'method' in answer:
                self.events.append(answer)

    def wait(self, method, session, seconds=20):
        """The next such event of the session; None if it does not come."""
        end = time.monotonic() + seconds
        while True:
            for i, e in enumerate(self.events):
                if (e['method'], e.get('sessionId')) == (method, session):
                    return self.events.pop(i)['params']
            e = self._receive(end)
            if e is None:
                return None
            if 'method' in e:
                self.events.append(e)


class Tab:
    """A page of its own, with what it said while it was loaded."""

    def __init__(self, browser):
        self.browser = browser
        target = browser.call('Target.createTarget', url='about:blank')
        self.session = browser.call(
            'Target.attachToTarget', flatten=True,
            targetId=target['targetId'])['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network', 'Audits'):
            self.call(domain + '.enable')

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def look(self, width, height=900, dark=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setEmulatedMedia', features=[{
            'name': 'prefers-color-scheme',
            'value': 'dark' if dark else 'light'}])

    def load(self, url):
        """1 when it is all there."""
        self.browser.events = [e for e in self.browser.events
                               if e.get('sessionId') != self.session]
        self.call('Page.navigate', url=url)
        return self.browser.wait('Page.loadEventFired',
                                 self.session) is not None

    def evaluate(self, expression, seconds=30):
        """What a script from outside the page sees."""
        r = self.browser.call('Runtime.evaluate', self.session, seconds,
                              expression=expression, returnByValue=True,
                              awaitPromise=True)
        if 'exceptionDetails' in r:
            raise RuntimeError(json.dumps(r['exceptionDetails'])[:800])
        return r['result'].get('value')

    def complaints(self):
        """Console errors, exceptions, policy violations, issues."""
        found = []
        for e in self.browser.events:
            if e.get('sessionId') != self.session:
                continue
            p = e['params']
            if e['method'] == 'Runtime.exceptionThrown' or \
                    e['method'] == 'Audits.issueAdded' or \
                    (e['method'] == 'Runtime.consoleAPICalled' and
                     p['type'] in ('error', 'warning')) or \
                    (e['method'] == 'Log.entryAdded' and
                     p['entry']['level'] in ('error', 'warning')):
                found.append(json.dumps(p)[:600])
        return found

    def requests(self):
        return [e['params']['request']['url'] for e in self.browser.events
                if e.get('sessionId') == self.session and
                e['method'] == 'Network.requestWillBeSent']

    def screenshot(self, path, whole=True):
        data = self.call('Page.captureScreenshot', format='png',
                         captureBeyondViewport=whole)['data']
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(base64.b64decode(data))

    def close(self):
        self.browser.events = [e for e in self.browser.events
                               if e.get('sessionId') != self.session]
        self.call('Page.close')
