import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBase;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** Queues of items. */
final class Queues {
    private Queues() {}

    abstract static class Queue extends Adapter.Subject {
        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "enqueue":
                    put(request.value());
                    return null;
                case "dequeue":
                    return take();
                default:
                    throw unknown(operation);
            }
        }

        abstract void put(JsonNode value) throws Exception;

        abstract byte[] take() throws Exception;

        static byte[] item(JsonNode text) throws IOException {
            return text.isMissingNode() ? new byte[0] : text.binaryValue();
        }
    }

    static final class Simple extends Queue {
        private final SimpleDistributedQueue queue;

        Simple(CuratorFramework client, Adapter.Request request) {
            queue = new SimpleDistributedQueue(client, request.line.get("path").textValue());
        }

        @Override
        Object about() {
            return Map.of("items", "qn-");
        }

        @Override
        void put(JsonNode value) throws Exception {
            queue.offer(item(value));
        }

        @Override
        byte[] take() throws Exception {
            return queue.take();
        }
    }

    /**
     * A queue that calls a consumer with each item. This consumer has done with its item when the next
     * dequeue comes: so the queue removes an item only for a dequeue. One that is cancelled ends it.
     *
     * <p>Puts are done in the foreground, since the others do not tell of errors. There is no lock
     * path: with one, an item is removed after it was consumed, and may be consumed twice (CURATOR-605).
     */
    abstract static class Pushed<Q extends QueueBase<byte[]>> extends Queue implements QueueConsumer<byte[]>, QueueSerializer<byte[]> {
        private final CuratorFramework client;
        private final String path;
        private Q puts; // null: not started
        private Q takes;
        private Thread consumer;
        private boolean wanted;
        private byte[] item;
        private volatile boolean tried; // whether the dequeue may have removed an item

        Pushed(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
        }

        abstract Q built(QueueBuilder<byte[]> builder);

        abstract void put(Q queue, JsonNode value) throws Exception;

        private Q started(QueueConsumer<byte[]> consumer, ThreadFactory threads) throws Exception {
            Q queue = built(QueueBuilder.builder(client, consumer, this, path)
                    .threadFactory(threads).executor(this::process).putInBackground(false).finalFlushTime(0, TimeUnit.MILLISECONDS));
            queue.start();
            return queue;
        }

        @Override
        Object about() {
            return Map.of("items", "queue-");
        }

        @Override
        void put(JsonNode value) throws Exception {
            if (puts == null) {
                puts = started(null, Adapter::daemon);
            }
            put(puts, value);
        }

        @Override
        byte[] take() throws Exception {
            want();
            try {
                if (takes == null) {
                    takes = started(this, this::consumer);
                }
                return next();
            } catch (InterruptedException e) {
                if (takes != null) {
                    end();
                }
                if (item != null) {
                    return item; // it came just before the end
                }
                if (!tried) {
                    throw new Adapter.NoEffect("cancelled", "no item came");
                }
                throw e;
            }
        }

        private synchronized void want() {
            item = null;
            tried = false;
            wanted = true;
            notifyAll();
        }

        private synchronized byte[] next() throws InterruptedException {
            while (item == null) {
                wait();
            }
            return item;
        }

        @Override
        public synchronized void consumeMessage(byte[] message) throws InterruptedException {
            item = message;
            wanted = false;
            notifyAll();
            while (!wanted) {
                wait();
            }
        }

        /** The queue's own thread removes an item and calls the consumer. */
        private void process(Runnable work) {
            tried = true;
            work.run();
        }

        private Thread consumer(Runnable work) {
            consumer = Adapter.daemon(work);
            return consumer;
        }

        /** Ends the consumer, which may be removing an item, and waits for that. */
        private void end() throws Exception {
            takes.close();
            takes = null;
            consumer.join();
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {}

        @Override
        public byte[] serialize(byte[] item) {
            return item;
        }

        @Override
        public byte[] deserialize(byte[] bytes) {
            return bytes;
        }

        @Override
        void close() throws Exception {
            if (takes != null) {
                end();
            }
            if (puts != null) {
                puts.close();
            }
        }
    }

    static final class Distributed extends Pushed<DistributedQueue<byte[]>> {
        Distributed(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        DistributedQueue<byte[]> built(QueueBuilder<byte[]> builder) {
            return builder.buildQueue();
        }

        @Override
        void put(DistributedQueue<byte[]> queue, JsonNode value) throws Exception {
            queue.put(item(value));
        }
    }

    /** It looks for better items before each one that it removes: a queue may be told to do so more rarely. */
    static final class Priority extends Pushed<DistributedPriorityQueue<byte[]>> {
        Priority(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        DistributedPriorityQueue<byte[]> built(QueueBuilder<byte[]> builder) {
            return builder.buildPriorityQueue(0);
        }

        @Override
        void put(DistributedPriorityQueue<byte[]> queue, JsonNode value) throws Exception {
            queue.put(item(value.path("item")), value.get("priority").intValue());
        }
    }

    /** It promises no order, neither of items that are due at one time nor of those that are due already. */
    static final class Delay extends Pushed<DistributedDelayQueue<byte[]>> {
        Delay(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        DistributedDelayQueue<byte[]> built(QueueBuilder<byte[]> builder) {
            return builder.buildDelayQueue();
        }

        @Override
        void put(DistributedDelayQueue<byte[]> queue, JsonNode value) throws Exception {
            queue.put(item(value.path("item")), value.get("due").longValue());
        }
    }
}
