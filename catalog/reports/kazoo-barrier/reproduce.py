"""kazoo's Barrier.wait goes on to wait at a barrier that was removed, once its connection broke.

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
path = "/barrier-" + uuid.uuid4().hex
waiter, other = KazooClient(sys.argv[1]), KazooClient(sys.argv[1])
waiter.start()
other.start()
other.Barrier(path).create()

outcome = []


def wait():
    try:
        outcome.append("returned %s" % waiter.Barrier(path).wait())
    except Exception as error:  # an error would do: the documentation warns of one
        outcome.append("raised %r" % error)


threading.Thread(target=wait, daemon=True).start()
while not waiter._data_watchers[path]:  # wait has set its watch once this has one
    time.sleep(0.01)

suspended, connected = threading.Event(), threading.Event()
waiter.add_listener(lambda state: {KazooState.SUSPENDED: suspended, KazooState.CONNECTED: connected}[state].set())
session = waiter.client_id
waiter._call(_CONNECTION_DROP, waiter.handler.async_result())  # as kazoo's own tests break connections
if not (suspended.wait(30) and connected.wait(30) and waiter.client_id == session):
    sys.exit("the connection did not break, or the session did not go on: try again")

other.Barrier(path).remove()
time.sleep(10)
later = waiter.Barrier(path).wait(timeout=0)
print("kazoo %s: 10 s after the barrier was removed, the wait %s; a new wait returned %s" % (kazoo.__version__, outcome or "still waits", later))
if later and not outcome:
    print("reproduced: wait missed the removal, in a session that never ended")
    sys.exit(1)
print("not reproduced")
