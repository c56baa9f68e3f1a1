"""Waits before the API server is told to stop: it does so at once, whatever it is doing.

usage: drain.py SECONDS

After SECONDS nobody sends requests any more. The guard, where there is one, then lets those that are
under way come to their end and goes; the containers of the pod share their processes, so that it can
be seen. It takes 15 s at most.
"""

import glob
import sys
import time


def guarded():
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(path) as name:
                if name.read().strip() == "haproxy":
                    return True
        except OSError:  # It has just ended.
            pass
    return False


if len(sys.argv) != 2:
    sys.exit(__doc__)
time.sleep(float(sys.argv[1]))
deadline = time.monotonic() + 16
while guarded() and time.monotonic() < deadline:
    time.sleep(0.2)
