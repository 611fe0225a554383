"""kazoo's DoubleBarrier.leave returns before all have left, if the member with the lowest name has gone.

Usage: python3 reproduce.py HOST:PORT
"""
import sys
import threading
import time
import uuid

import kazoo
from kazoo.client import KazooClient

if len(sys.argv) != 2:
    sys.exit(__doc__.strip())
path = "/doublebarrier-" + uuid.uuid4().hex
barriers = [KazooClient(sys.argv[1]).DoubleBarrier(path, 3) for _ in range(3)]
for barrier in barriers:
    barrier.client.start()
entering = [threading.Thread(target=barrier.enter) for barrier in barriers]
for thread in entering:
    thread.start()
for thread in entering:
    thread.join()

lowest, middle, highest = sorted(barriers, key=lambda barrier: barrier.node_name)
leaving = threading.Thread(target=middle.leave, daemon=True)
leaving.start()
while highest.client.exists(middle.create_path):
    time.sleep(0.01)
time.sleep(1)  # it has deleted its znode, and waits for that of the lowest
print("the middle member leaves, and waits: %s" % leaving.is_alive())

lowest.client.stop()  # the process of the lowest member ends
leaving.join(10)
inside = highest.client.exists(highest.create_path) is not None
print("kazoo %s: the middle member still waits: %s; the highest is still inside: %s" % (
    kazoo.__version__, leaving.is_alive(), inside))
if inside and not leaving.is_alive():
    print("reproduced: leave has returned although a member has not left")
    sys.exit(1)
print("not reproduced")
