"""kazoo's SetPartitioner takes a lock after finish and keeps it, so no other member gets the item.

Usage: python3 reproduce.py HOST:PORT
"""
import sys
import time
import uuid

import kazoo
from kazoo.client import KazooClient

if len(sys.argv) != 2:
    sys.exit(__doc__.strip())
path = "/partitioner-" + uuid.uuid4().hex
stays, leaves = KazooClient(sys.argv[1]), KazooClient(sys.argv[1])
stays.start()
leaves.start()


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("after 60 s, %s" % what)
        time.sleep(0.01)


def join(client, name):
    return client.SetPartitioner(path, set=("a", "b"), identifier=name, time_boundary=1, max_reaction_time=10)


first = join(stays, "1")
until(lambda: first.acquired, "the first member has not acquired the set")
second = join(leaves, "2")  # its share is "b", whose lock the first member still has
until(lambda: len(stays.get_children(path + "/locks/b")) == 2, "the second member does not wait for its lock")

second.finish()
print("the second member has finished; members: %s" % stays.get_children(path + "/party"))
first.release_set()  # the first member obeys, and partitions the set again
first.wait_for_acquire(15)
acquired = first.acquired
contenders = stays.get_children(path + "/locks/b")
holder = min(contenders, key=lambda name: name[-10:], default=None)
kept = holder is not None and stays.get("%s/locks/b/%s" % (path, holder))[1].ephemeralOwner == leaves.client_id[0]
print("kazoo %s: the first member has acquired the set: %s; the second one holds the lock of \"b\": %s" % (
    kazoo.__version__, acquired, kept))

leaves.stop()  # ends its session
first.wait_for_acquire(30)
print("after the session of the second member has ended, the first one has acquired the set: %s" % first.acquired)
if kept and not acquired:
    print("reproduced: a member has finished and keeps an item, which no other member gets")
    sys.exit(1)
print("not reproduced")
