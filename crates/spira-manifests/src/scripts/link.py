"""Tells from the pod's own TCP table whether SPIRA's program is well: exits 0, or 1 and says why.

usage: link.py connected
       link.py alive [PORT]

connected   the program holds a connection to NATS.
alive       the program holds a connection to NATS, or nobody gets one: while NATS is away a
            restart mends nothing. With PORT, the program listens on it too.

SPIRA's programs give up on NATS after some two minutes without it, say nothing and stay up, deaf
even when NATS is back. HTTP shows nothing of it; the TCP table does. More than one connection is
normal: each failed publication leaves one open. They close when NATS goes, so one that is
established is proof of a NATS that was there.
"""

import os
import socket
import sys
from urllib.parse import urlsplit

ESTABLISHED = "01"
LISTEN = "0A"


def sockets():
    """Yields local port, remote port and state of every TCP socket in the pod."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:
                next(lines)
                for line in lines:
                    _, local, remote, state = line.split()[:4]
                    yield port_of(local), port_of(remote), state
        except FileNotFoundError:
            pass  # A kernel without IPv6 has no second table.


def port_of(address):
    return int(address.rpartition(":")[2], 16)


def answers(host, port):
    """Whether NATS greets a new client, as it does before any login."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            return connection.recv(5) == b"INFO "
    except OSError:
        return False


def complaint(mode, listen_port):
    """What is wrong with the program, or nothing."""
    nats = urlsplit(os.environ["nats_conn_url"])
    port = nats.port or 4222
    table = list(sockets())
    if listen_port and not any(s == LISTEN and local == listen_port for local, _, s in table):
        return "nothing listens on port %d" % listen_port
    if any(s == ESTABLISHED and remote == port for _, remote, s in table):
        return None
    if mode == "alive" and not answers(nats.hostname, port):
        print("NATS does not answer; waiting for it")
        return None
    return "no connection to NATS on port %d" % port


def main(arguments):
    if not arguments or arguments[0] not in ("connected", "alive"):
        sys.exit(__doc__)
    sys.exit(complaint(arguments[0], int(arguments[1]) if arguments[1:] else None))


main(sys.argv[1:])
