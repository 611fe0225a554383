"""kazoo's DoubleBarrier.enter never returns if the connection broke while it waited for the others.

Usage: python3 reproduce.py HOST:PORT
"""
import sys
import threading
import time
import uuid

import kazoo
from kazoo.client import KazooClient
from kazoo.protocol.connection import _CONNECTION_DROP
from kazoo.protocol.states import KazooState

if len(sys.argv) != 2:
    sys.exit(__doc__.strip())
path = "/doublebarrier-" + uuid.uuid4().hex
first, second = KazooClient(sys.argv[1]), KazooClient(sys.argv[1])
first.start()
second.start()
barriers = [client.DoubleBarrier(path, 2) for client in (first, second)]
entered = [threading.Event(), threading.Event()]


def enter(i):
    barriers[i].enter()
    entered[i].set()


threading.Thread(target=enter, args=(0,), daemon=True).start()
while not first._data_watchers[path + "/ready"]:  # the first one waits for "ready" once this has a watcher
    time.sleep(0.01)

time.sleep(1)  # enter has counted the members, too, and waits
suspended, connected = threading.Event(), threading.Event()
first.add_listener(lambda state: {KazooState.SUSPENDED: suspended, KazooState.CONNECTED: connected}[state].set())
session = first.client_id
first._call(_CONNECTION_DROP, first.handler.async_result())  # as kazoo's own tests break connections
if not (suspended.wait(30) and connected.wait(30) and first.client_id == session):
    sys.exit("the connection did not break, or the session did not go on: try again")

threading.Thread(target=enter, args=(1,), daemon=True).start()
time.sleep(10)
print("kazoo %s: 10 s after both have joined, the first one has entered: %s, the second one: %s; znodes: %s" % (
    kazoo.__version__, entered[0].is_set(), entered[1].is_set(), sorted(second.get_children(path))))
if entered[1].is_set() and not entered[0].is_set():
    print("reproduced: one has entered and the other one waits, in a session that never ended")
    sys.exit(1)
print("not reproduced")
