#!/usr/bin/env python3
"""burst.py FEEDMILL [SOURCES] - all of many sources are due at once.

How far the writer falls behind, how long the loop is busy at once and how
large the daemon gets, looked at ten times a second until every source was
visited; and that nothing was lost.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import made


def metrics(url):
    try:
        page = urllib.request.urlopen(url + '/metrics', timeout=30).read()
    except OSError:
        return {}
    return {k: float(v) for k, v in re.findall(
        r'^feedmill_(\S+) (\S+)$', page.decode(), re.M)}


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    folder = tempfile.mkdtemp(prefix='feedmill-bench-')
    sources = made.Sources(count)
    address = made.free_address()
    conf = os.path.join(folder, 'feedmill.yaml')
    with open(conf, 'w') as f:
        f.write(made.config(sources, address, {}))
    log = open(os.path.join(folder, 'log'), 'w')
    daemon = subprocess.Popen(
        [sys.argv[1], '-c', conf, '--state', os.path.join(folder, 'state'),
         '-q', 'run'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    start, highest, m = time.monotonic(), {}, {}
    try:
        while sum(v for k, v in m.items() if k.startswith('visits_total')) \
                < count:
            if daemon.poll() is not None or time.monotonic() - start > 600:
                sys.exit('bench: it did not get through\n' +
                         open(log.name).read()[-2000:])
            time.sleep(0.1)
            m = metrics('http://' + address)
            for name, value in m.items():
                highest[name] = max(value, highest.get(name, 0))
        wall = time.monotonic() - start
        rss = re.search(r'VmHWM:\s+(\d+)', open(
            '/proc/%d/status' % daemon.pid).read()).group(1)
        daemon.terminate()
        daemon.wait(60)
    finally:
        daemon.kill()
        sources.close()
        shutil.rmtree(folder, ignore_errors=True)
    print('%d sources of %d entries in %.1f s, peak %d MiB' % (
        count, sources.entries, wall, int(rss) / 1024))
    for name in ('store_queue_visits', 'read_queue_documents',
                 'fetches_in_progress', 'store_group_max_seconds',
                 'store_step_max_seconds', 'loop_lag_max_seconds',
                 'loop_cpu_max_seconds'):
        if name in highest:
            print('  highest %-30s %8.3f' % (name, highest[name]))
    if m['entries_new_total'] != count * sources.entries:
        sys.exit('bench: %d new entries' % m['entries_new_total'])


if __name__ == '__main__':
    main()
