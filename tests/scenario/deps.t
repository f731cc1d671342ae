#!/usr/bin/env python3
"""make deps on machines that are not this one: what is missing is named,
installed by root or sudo, and nothing is asked when nothing is missing."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *

TOOLS = ['make', 'sh', 'dash', 'echo', 'id', 'env', 'sed', 'nproc']


def machine(uid, missing, sudo):
    """A PATH whose dpkg-query, apt-get, sudo and id are pretended."""
    path = folder()
    for tool in TOOLS:
        where = shutil.which(tool)
        if where and tool != 'id':
            os.symlink(where, os.path.join(path, tool))
    log = os.path.join(path, 'log')

    def fake(name, script):
        where = write(os.path.join(path, name), '#!/bin/sh\n' + script)
        os.chmod(where, 0o755)

    fake('id', 'echo %d\n' % uid)
    # Says of each name "installed=NAME ", of the missing nothing.
    fake('dpkg-query', 'shift 3\nfor n; do case " %s " in *" $n "*) ;; '
         '*) printf "installed=%%s " "$n";; esac; done\n' % ' '.join(missing))
    fake('apt-get', 'echo "apt-get $* [$DEBIAN_FRONTEND]" >>%s\n' % log)
    if sudo:
        fake('sudo', 'echo sudo >>%s\n"$@"\n' % log)
    return path, log


def deps(uid, missing, sudo, target='deps'):
    path, log = machine(uid, missing, sudo)
    p = subprocess.run(
        ['make', '--no-print-directory', target], cwd=ROOT,
        env={'PATH': path}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    did = read(log).decode() if os.path.exists(log) else ''
    return p.returncode, p.stdout.decode(), p.stderr.decode(), did


same(deps(1000, [], False), (0, '', '', ''),
     'nothing missing: silent, no network')
status, out, err, did = deps(0, ['pkg-config', 'libev-dev'], False,
                             'deps-build')
same(status, 0, 'missing, root: installs')
same(did.splitlines(), [
    'apt-get -q update []',
    'apt-get -q install -y --no-install-recommends pkg-config libev-dev '
    '[noninteractive]'], 'only what is missing') or note(out + err)
status, out, err, did = deps(1000, ['libev-dev'], True, 'deps-build')
same((status, did.count('sudo')), (0, 2), 'missing, a user: by sudo') or \
    note(out + err + did)
status, out, err, did = deps(1000, ['libev-dev'], False, 'deps-build')
ok(status != 0 and 'apt-get install libev-dev' in err and not did,
   'missing, neither root nor sudo: one sentence that names them', err)
status, out, err, did = deps(1000, [], False, 'help')
ok(status == 0 and 'make demo' in out, 'make help needs nothing', err)
done()
