import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.zookeeper.KeeperException;

/** Numbers that all clients raise. */
final class Counters {
    private Counters() {}

    abstract static class Counter extends Adapter.Subject {
        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            JsonNode value = request.value();
            switch (operation) {
                case "add":
                    return Map.of("value", add(value.get("delta").longValue()));
                case "cas":
                    compareAndSet(value.get("from").longValue(), value.get("to").longValue());
                    return null;
                case "read":
                    return Map.of("value", read(value.get("kind").textValue().equals("fenced")));
                default:
                    throw unknown(operation);
            }
        }

        abstract long add(long delta) throws Exception;

        abstract void compareAndSet(long from, long to) throws Exception;

        abstract long read(boolean fenced) throws Exception;
    }

    static final class Atomic extends Counter {
        private final CuratorFramework client;
        private final String path;
        private final DistributedAtomicLong counter;

        Atomic(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
            counter = new DistributedAtomicLong(client, path, Adapter.RETRY);
        }

        @Override
        long add(long delta) throws Exception {
            AtomicValue<Long> sum = counter.add(delta);
            if (!sum.succeeded()) {
                throw new Adapter.NoEffect("error", "beaten by others, again and again");
            }
            return sum.postValue();
        }

        @Override
        void compareAndSet(long from, long to) throws Exception {
            sync(); // a mismatch is not to be that with an old value
            counter.initialize(0L); // or nothing can be compared with it
            AtomicValue<Long> set = counter.compareAndSet(from, to);
            if (!set.succeeded()) {
                boolean found = set.preValue() == from;
                throw new Adapter.NoEffect(found ? "conflict" : "mismatch", "it is " + set.preValue());
            }
        }

        @Override
        long read(boolean fenced) throws Exception {
            if (fenced) {
                fence();
            }
            return counter.get().postValue();
        }

        /** A quorum answers this, and not a sync; also where the counter has no znode yet. */
        private void fence() throws Exception {
            try {
                client.transaction().forOperations(client.transactionOp().check().forPath(path));
            } catch (KeeperException.NoNodeException e) {
                // That is an answer, too.
            }
        }

        /** Curator has it in the background only. */
        private void sync() throws Exception {
            CountDownLatch done = new CountDownLatch(1);
            int[] code = new int[1];
            client.sync().inBackground((c, event) -> {
                code[0] = event.getResultCode();
                done.countDown();
            }).forPath(path);
            done.await();
            if (code[0] != KeeperException.Code.OK.intValue()) {
                throw KeeperException.create(KeeperException.Code.get(code[0]), path);
            }
        }
    }

    /**
     * A SharedCount: a copy of the number, and a set that succeeds only if the copy is the present
     * number. To set a number that it has already says whether it has it.
     */
    static final class Shared extends Counter {
        private final CuratorFramework client;
        private final String path;
        private SharedCount count; // null: not started

        Shared(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
        }

        private SharedCount count() throws Exception {
            if (count == null) {
                SharedCount started = new SharedCount(client, path, 0);
                started.start();
                count = started;
            }
            return count;
        }

        @Override
        long add(long delta) throws Exception {
            for (;;) {
                VersionedValue<Integer> now = count().getVersionedValue();
                int sum = Math.toIntExact(now.getValue() + delta);
                if (count.trySetCount(now, sum)) {
                    return sum;
                }
            }
        }

        @Override
        void compareAndSet(long from, long to) throws Exception {
            for (;;) {
                VersionedValue<Integer> now = count().getVersionedValue();
                boolean right = now.getValue() == from;
                if (count.trySetCount(now, right ? Math.toIntExact(to) : now.getValue())) {
                    if (right) {
                        return;
                    }
                    throw new Adapter.NoEffect("mismatch", "it is " + now.getValue());
                }
            }
        }

        @Override
        long read(boolean fenced) throws Exception {
            for (;;) {
                VersionedValue<Integer> now = count().getVersionedValue();
                if (!fenced || count.trySetCount(now, now.getValue())) {
                    return now.getValue();
                }
            }
        }

        @Override
        void close() throws Exception {
            if (count != null) {
                count.close();
            }
        }
    }
}
