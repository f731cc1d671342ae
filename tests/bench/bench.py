#!/usr/bin/env python3
"""bench.py FEEDMILL [SOURCES] - whole rounds over made-up sources.

Wall time, CPU time and the largest memory of feedmill alone, for a first
round, one where nothing changed, and one where each source has one new
entry; and checks that each round brought exactly what it should.  The
sources are a Python server on the same machine: compare the CPU figures,
the wall time is mostly the server's.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import made


def run(command):
    """(wall s, CPU s, peak MiB, log) of one process."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as stderr:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, used = os.wait4(p.pid, 0)
        wall = time.monotonic() - start
        p.returncode = os.waitstatus_to_exitcode(status)
        stderr.seek(0)
        log = stderr.read().decode('utf-8', 'replace')
    if p.returncode != 0:
        sys.exit('bench: exit status %d\n%s' % (p.returncode, log[-2000:]))
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, log


def main():
    binary = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    folder = tempfile.mkdtemp(prefix='feedmill-bench-')
    sources = made.Sources(count)
    conf = os.path.join(folder, 'feedmill.yaml')
    with open(conf, 'w') as f:
        f.write(made.config(sources, made.free_address(), {}))
    command = [binary, '-c', conf, '--state', os.path.join(folder, 'state'),
               'run', '--once', '--now']
    print('%d sources of %d entries' % (count, sources.entries))
    print('%-24s %8s %8s %10s %8s' % ('round', 'wall s', 'CPU s',
                                      'peak MiB', 'new'))
    try:
        for name, more, new in (('first', 0, count * sources.entries),
                                ('nothing changed (304)', 0, 0),
                                ('one new entry each', 1, count)):
            sources.newest = [n + more for n in sources.newest]
            sources.prepare()
            wall, cpu, peak, log = run(command)
            got = int(re.search(r'event="round done".* new=(\d+)',
                                log).group(1))
            print('%-24s %8.2f %8.2f %10.1f %8d' % (name, wall, cpu, peak,
                                                    got))
            if got != new:
                sys.exit('bench: %d new entries, expected %d' % (got, new))
    finally:
        sources.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
