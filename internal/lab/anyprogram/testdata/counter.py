"""A counter with a test of its own: counter.py SERVERS [wrong].

The wrong one is kazoo's own recipe: after a lost reply, its Counter reads the counter anew and adds once more.
"""

import sys

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, ConnectionLoss, NodeExistsError, SessionExpiredError
from kazoo.handlers.threading import KazooTimeoutError

PATH = "/visits"


def add(zk):
    try:
        zk.retry(zk.create, PATH, b"0")
    except NodeExistsError:
        pass
    value, stat = zk.retry(zk.get, PATH)
    while True:
        try:
            zk.set(PATH, b"%d" % (int(value) + 1), version=stat.version)
            return
        except (ConnectionLoss, SessionExpiredError):
            value_now, _ = zk.retry(zk.get, PATH)
            if value_now != value:
                return  # it was done: nobody else writes
        except BadVersionError:
            return


def connected():
    while True:  # start fails if the connection ends as soon as it is there
        zk = KazooClient(hosts=sys.argv[1], timeout=4)
        try:
            zk.start()
            return zk
        except KazooTimeoutError:
            pass


def main():
    zk = connected()
    if "wrong" in sys.argv:
        counter = zk.Counter(PATH)
        counter += 1
    else:
        add(zk)
    value, _ = zk.retry(zk.get, PATH)
    zk.stop()
    assert int(value) == 1, "the counter is %s, want 1" % value.decode()


main()
