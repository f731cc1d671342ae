#!/bin/sh
# 500 of the faults of make torture, evenly over all of them.  Of the build
# that is shipped: it is twice as fast, and all of it is in the scenarios too.
exec "$(dirname "${FEEDMILL_RELEASE:-build/feedmill}")"/tests/torture/torture -n 500
