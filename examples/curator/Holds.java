import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.zookeeper.data.Stat;

/** What is held until it is given back or lost. */
final class Holds {
    private Holds() {}

    /** Whatever is held. */
    abstract static class Hold extends Adapter.Subject {
        final CuratorFramework client;
        final long number;
        private long hold; // the id of the acquire; 0: nothing is held

        Hold(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            this.number = request.line.get("object").longValue();
        }

        @Override
        String[] offers() {
            return new String[] {"lost"};
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "acquire":
                    acquire(request);
                    return null;
                case "release":
                    hold(0);
                    release();
                    return null;
                case "confirm":
                    return Map.of("held", holds());
                default:
                    throw unknown(operation);
            }
        }

        abstract void acquire(Adapter.Request request) throws Exception;

        abstract void release() throws Exception;

        synchronized boolean holds() {
            return hold != 0;
        }

        synchronized void hold(long id) {
            hold = id;
        }

        synchronized void lose() {
            if (hold != 0) {
                Adapter.say(Adapter.JSON.createObjectNode().put("event", "lost").put("object", number).put("hold", hold));
            }
            hold = 0;
        }
    }

    /**
     * A hold that is lost when its client's session is. Curator's locks do not say so themselves:
     * "It is strongly recommended that you add a ConnectionStateListener and watch for SUSPENDED
     * and LOST state changes ... If a LOST state is reported it is certain that you no longer hold
     * the lock" (InterProcessMutex, Error Handling).
     */
    abstract static class HoldOfSession extends Hold implements ConnectionStateListener {
        private volatile int losses; // sessions lost so far

        HoldOfSession(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            client.getConnectionStateListenable().addListener(this);
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {
            if (state == ConnectionState.LOST) {
                losses++; // on Curator's one thread for it
                lose();
            }
        }

        @Override
        void acquire(Adapter.Request request) throws Exception {
            int before = losses;
            take(request);
            hold(request.id);
            if (losses != before && !stands()) {
                lose(); // the session went just before we could say whose hold it was
            }
        }

        abstract void take(Adapter.Request request) throws Exception;

        /** Whether the present session has what was taken. */
        abstract boolean stands() throws Exception;

        /** Whether the present session owns one of these znodes. */
        boolean owns(Collection<String> contenders) throws Exception {
            long session = client.getZookeeperClient().getZooKeeper().getSessionId();
            for (String node : contenders) {
                Stat stat = client.checkExists().forPath(node);
                if (stat != null && stat.getEphemeralOwner() == session) {
                    return true;
                }
            }
            return false;
        }

        @Override
        void close() {
            client.getConnectionStateListenable().removeListener(this);
        }
    }

    static final class Lock extends HoldOfSession {
        private final InterProcessMutex mutex;

        Lock(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            mutex = new InterProcessMutex(client, request.line.get("path").textValue());
        }

        @Override
        void take(Adapter.Request request) throws Exception {
            mutex.acquire();
        }

        @Override
        boolean stands() throws Exception {
            return owns(mutex.getParticipantNodes());
        }

        @Override
        void release() throws Exception {
            mutex.release();
        }
    }

    /** It locks its paths one after the other, "in the order that they are to be locked": here, sorted. */
    static final class MultiLock extends HoldOfSession {
        private final List<InterProcessMutex> mutexes = new ArrayList<>();
        private final InterProcessMultiLock lock;

        MultiLock(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            String path = request.line.get("path").textValue();
            Set<String> keys = new TreeSet<>();
            request.value().get("keys").forEach(key -> keys.add(key.textValue()));
            keys.forEach(key -> mutexes.add(new InterProcessMutex(client, path + "/" + key)));
            lock = new InterProcessMultiLock(new ArrayList<>(mutexes));
        }

        @Override
        void take(Adapter.Request request) throws Exception {
            lock.acquire();
        }

        @Override
        boolean stands() throws Exception {
            for (InterProcessMutex mutex : mutexes) {
                if (!owns(mutex.getParticipantNodes())) {
                    return false;
                }
            }
            return true;
        }

        @Override
        void release() throws Exception {
            lock.release();
        }
    }

    static final class ReadWriteLock extends HoldOfSession {
        private final InterProcessReadWriteLock lock;
        private InterProcessMutex held;

        ReadWriteLock(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            lock = new InterProcessReadWriteLock(client, request.line.get("path").textValue());
        }

        @Override
        String[] offers() {
            return new String[] {"lost", "downgrade"};
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            if (!operation.equals("downgrade")) {
                return super.call(operation, request);
            }
            lock.readLock().acquire();
            held = lock.readLock();
            lock.writeLock().release(); // in this order, as its documentation says
            return null;
        }

        @Override
        void take(Adapter.Request request) throws Exception {
            boolean reads = request.value().path("mode").asText().equals("read");
            InterProcessMutex wanted = reads ? lock.readLock() : lock.writeLock();
            wanted.acquire();
            held = wanted;
        }

        @Override
        boolean stands() throws Exception {
            return owns(held.getParticipantNodes());
        }

        @Override
        void release() throws Exception {
            if (held == null) {
                throw new Adapter.NoEffect("error", "not held");
            }
            InterProcessMutex old = held;
            held = null;
            old.release();
        }
    }

    static final class Semaphore extends HoldOfSession {
        private final InterProcessSemaphoreV2 semaphore;
        private Lease lease;

        Semaphore(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            int leases = request.value().get("leases").intValue();
            semaphore = new InterProcessSemaphoreV2(client, request.line.get("path").textValue(), leases);
        }

        @Override
        void take(Adapter.Request request) throws Exception {
            lease = semaphore.acquire();
        }

        @Override
        boolean stands() throws Exception {
            return owns(semaphore.getParticipantNodes());
        }

        @Override
        void release() throws Exception {
            if (lease == null) {
                throw new Adapter.NoEffect("error", "not held");
            }
            Lease old = lease;
            lease = null;
            semaphore.returnLease(old);
        }
    }
}
