#!/usr/bin/env python3
"""make install puts things where they belong, twice without harm; the unit
it installs is sound and keeps the daemon in a small room."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from feedmill import *


def make(*words):
    # Only what install does: the build itself was made before us.
    p = subprocess.run(['make', '--no-print-directory', '-o', 'all', *words],
                       cwd=ROOT, stdin=subprocess.DEVNULL,
                       env={k: v for k, v in os.environ.items()
                            if not k.startswith('MAKE') and k != 'MFLAGS'},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout.decode()


def installed(top):
    return sorted(os.path.relpath(os.path.join(d, f), top)
                  for d, _, files in os.walk(top) for f in files)


if not os.path.exists(RELEASE):
    skip_all('%s is not built' % os.path.relpath(RELEASE, ROOT))
BUILD = 'BUILD=' + os.path.dirname(RELEASE)
top = folder()
status, out = make('install', BUILD, 'DESTDIR=' + top, 'PREFIX=/opt/mill')
same(status, 0, 'make install') or note(out)
expected = ['etc/feedmill/feedmill.yaml', 'opt/mill/bin/feedmill',
            'opt/mill/lib/systemd/system/feedmill.service',
            'opt/mill/lib/systemd/system/feedmill.socket',
            'opt/mill/lib/sysusers.d/feedmill.conf',
            'opt/mill/share/bash-completion/completions/feedmill',
            'opt/mill/share/fish/vendor_completions.d/feedmill.fish',
            'opt/mill/share/zsh/site-functions/_feedmill'] + [
    'opt/mill/share/man/man%s/%s' % (m[-1], m)
    for m in os.listdir(os.path.join(ROOT, 'src')) if re.search(
        r'\.[158]$', m)]
same_set(installed(top), expected, 'every file in its place')
service = os.path.join(top, 'opt/mill/lib/systemd/system/feedmill.service')
text = read(service).decode()
matches(r'^ExecStart=/opt/mill/bin/feedmill .*run$', text,
        'the unit starts what was installed')
same('/usr/bin/feedmill' in text, False, 'and nothing else')
conf = write(os.path.join(top, 'etc/feedmill/feedmill.yaml'), '# mine\n')
make('install', BUILD, 'DESTDIR=' + top, 'PREFIX=/opt/mill')
same(read(conf), b'# mine\n', 'a configuration that is there stays')
make('uninstall', 'DESTDIR=' + top, 'PREFIX=/opt/mill')
same(installed(top), ['etc/feedmill/feedmill.yaml'],
     'make uninstall leaves the configuration alone')

if shutil.which('systemd-analyze'):
    top = folder()
    make('install', BUILD, 'DESTDIR=' + top, 'PREFIX=/usr')
    units = os.path.join(top, 'usr/lib/systemd/system')
    # verify wants the program where the unit says.
    for name in os.listdir(units):
        path = os.path.join(units, name)
        write(path, re.sub(r'(?m)^(Exec\w+=)/usr/bin/feedmill',
                           r'\1%s/usr/bin/feedmill' % top,
                           read(path).decode()))
    p = subprocess.run(['systemd-analyze', 'verify', '--man=no',
                        *(os.path.join(units, n) for n in os.listdir(units))],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    complaints = [l for l in p.stdout.decode().splitlines()
                  if 'feedmill' in l]
    same((p.returncode, complaints), (0, []), 'systemd accepts the units')
    p = subprocess.run(['systemd-analyze', 'security', '--offline=true',
                        '--no-pager', os.path.join(ROOT,
                                                   'systemd/feedmill.service')
                        ], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    m = re.search(r'exposure level.*?: ([0-9.]+)', p.stdout.decode())
    ok(m and float(m[1]) <= 1.3, 'exposure %s, at most 1.3' % (
        m and m[1]), p.stdout.decode()[-3000:])
else:
    skip('systemd accepts the units', 'systemd-analyze is absent')
done()
