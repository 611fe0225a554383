#!/usr/bin/env python3
"""An adapter for the leader race of Patroni. docs/adapters.md explains it.

It needs Patroni 3 (Debian's package patroni). What reads and answers the lines is the adapter for
kazoo, ../kazoo/adapter.py.
"""
import sys
from pathlib import Path

from patroni.dcs.zookeeper import ZooKeeper

sys.path.append(str(Path(__file__).parent.parent / "kazoo"))
import adapter


class Leader(adapter.Simple):
    operations = {"acquire", "release"}

    def __init__(self, client, request):
        self.dcs = client.dcs
        self.dcs._base_path = request["path"]  # the key is PATH/leader

    def acquire(self, request):
        request.until(self.turn)

    def turn(self):
        """A turn of Patroni's loop: load_cluster_from_dcs, has_lock, acquire_lock, update_lock."""
        leader = self.dcs.get_cluster().leader
        if leader is None:
            leads = self.dcs.attempt_to_acquire_leader()
        else:
            leads = leader.name == self.dcs._name and self.dcs.update_leader(None)
        if not leads:
            self.dcs.watch(None, adapter.PAUSE)
        return leads or None

    def release(self, request):
        self.dcs.delete_leader()


class Adapter(adapter.Adapter):
    def open(self, request):
        if request["version"] != adapter.VERSION:
            raise adapter.Refused("version", "this adapter speaks version %d" % adapter.VERSION)
        dcs = ZooKeeper({"name": "client-%d" % request["client"], "scope": "zklab", "hosts": request["servers"],
                         "ttl": request["timeout_ms"] / 1000, "retry_timeout": 2, "loop_wait": 2})
        self.client = dcs._client
        self.client.dcs = dcs
        return {"version": adapter.VERSION, "name": "Patroni", "offers": ["touch"]}


adapter.RECIPES = {"lock": Leader}
if __name__ == "__main__":
    Adapter().serve()
