import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.data.Stat;

/**
 * An adapter that puts the recipes of Apache Curator under zklab (docs/adapters.md).
 *
 * <pre>
 * JARS=/usr/share/java/curator-recipes.jar:/usr/share/java/slf4j-nop.jar
 * javac -cp $JARS -d bin examples/curator/Adapter.java
 * zklab run election --subject-command "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp bin:$JARS Adapter"
 * </pre>
 *
 * <p>The jars are those of Debian's libcurator-recipes-java; the first one names those that it needs.
 * The flags let it start sooner: each client is a process.
 *
 * <p>Each object has a thread of its own, on which all its requests run one after the other: a hold
 * of InterProcessMutex belongs to the thread that acquired it. A cancel interrupts that thread,
 * which Curator's calls answer by giving up.
 */
public final class Adapter {
    static final int VERSION = 2;
    static final ObjectMapper JSON = new ObjectMapper();

    /** What Curator's guide begins with, but with a tenth of its sleeps, since sessions are short here. */
    static final RetryPolicy RETRY = new ExponentialBackoffRetry(100, 5);

    /** A request that was not begun, or did nothing: it certainly had no effect. */
    static final class NoEffect extends Exception {
        private static final long serialVersionUID = 1;
        final String code;

        NoEffect(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    /** A line to us. Its cancel may come before anybody has begun to work on it. */
    static final class Request {
        final JsonNode line;
        final long id;
        final String op;
        private Thread worker;
        private boolean cancelled;

        Request(JsonNode line) {
            this.line = line;
            id = line.get("id").longValue();
            op = line.get("op").textValue();
        }

        JsonNode value() {
            return line.path("value");
        }

        synchronized void cancel() {
            cancelled = true;
            if (worker != null) {
                worker.interrupt();
            }
        }

        synchronized boolean isCancelled() {
            return cancelled;
        }

        synchronized void begin() throws NoEffect {
            if (cancelled) {
                throw new NoEffect("cancelled", "cancelled before it was begun");
            }
            worker = Thread.currentThread();
        }

        synchronized void end() {
            worker = null;
            Thread.interrupted(); // an interrupt that came too late is not for the next request
        }
    }

    /** An object of a recipe. What an operation gives is the value of the answer; null: none. */
    abstract static class Subject {
        final ExecutorService thread = Executors.newSingleThreadExecutor(Adapter::daemon);

        String[] offers() {
            return new String[0];
        }

        Object about() {
            return null;
        }

        abstract Object call(String operation, Request request) throws Exception;

        void close() throws Exception {}

        static NoEffect unknown(String operation) {
            return new NoEffect("unknown-op", "no operation " + operation + " here");
        }
    }

    /** Whatever is held. */
    abstract static class Hold extends Subject {
        final CuratorFramework client;
        final long number;
        private long hold; // the id of the acquire; 0: nothing is held

        Hold(CuratorFramework client, Request request) {
            this.client = client;
            this.number = request.line.get("object").longValue();
        }

        @Override
        String[] offers() {
            return new String[] {"lost"};
        }

        @Override
        Object call(String operation, Request request) throws Exception {
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

        abstract void acquire(Request request) throws Exception;

        abstract void release() throws Exception;

        synchronized boolean holds() {
            return hold != 0;
        }

        synchronized void hold(long id) {
            hold = id;
        }

        synchronized void lose() {
            if (hold != 0) {
                say(JSON.createObjectNode().put("event", "lost").put("object", number).put("hold", hold));
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

        HoldOfSession(CuratorFramework client, Request request) {
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
        void acquire(Request request) throws Exception {
            int before = losses;
            take(request);
            hold(request.id);
            if (losses != before && !stands()) {
                lose(); // the session went just before we could say whose hold it was
            }
        }

        abstract void take(Request request) throws Exception;

        /** The znodes of all who contend. */
        abstract Collection<String> contenders() throws Exception;

        /** Whether one of them is the present session's. */
        private boolean stands() throws Exception {
            long session = client.getZookeeperClient().getZooKeeper().getSessionId();
            for (String node : contenders()) {
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

        Lock(CuratorFramework client, Request request) {
            super(client, request);
            mutex = new InterProcessMutex(client, request.line.get("path").textValue());
        }

        @Override
        void take(Request request) throws Exception {
            mutex.acquire();
        }

        @Override
        Collection<String> contenders() throws Exception {
            return mutex.getParticipantNodes();
        }

        @Override
        void release() throws Exception {
            mutex.release();
        }
    }

    /**
     * Its leader is told by the listener that it leads no more, and stays a candidate: it may be the
     * leader again. The next acquire asks the same latch then. Only by its close does it resign.
     */
    static final class Election extends Hold implements LeaderLatchListener {
        private final String path;
        private final String candidate;
        private LeaderLatch latch; // null: no candidate

        Election(CuratorFramework client, Request request) {
            super(client, request);
            path = request.line.get("path").textValue();
            candidate = request.value().get("candidate").textValue();
        }

        @Override
        String[] offers() {
            return new String[] {"lost", "leader"};
        }

        @Override
        Object call(String operation, Request request) throws Exception {
            return operation.equals("leader") ? leader() : super.call(operation, request);
        }

        @Override
        void acquire(Request request) throws Exception {
            if (latch == null) {
                latch = new LeaderLatch(client, path, candidate);
                latch.addListener(this);
                latch.start();
            }
            try {
                do {
                    latch.await();
                } while (!leads(request)); // no more: the listener was told before there was a hold
            } catch (InterruptedException e) {
                resign(); // or it would stand in others' way
                throw e;
            }
        }

        private synchronized boolean leads(Request request) {
            if (latch.hasLeadership()) {
                hold(request.id);
            }
            return holds();
        }

        @Override
        synchronized boolean holds() {
            return super.holds() && latch.hasLeadership();
        }

        @Override
        void release() throws Exception {
            resign();
        }

        private void resign() throws Exception {
            if (latch == null) {
                throw new NoEffect("error", "not held");
            }
            LeaderLatch old = latch;
            latch = null;
            old.close();
        }

        private String leader() throws Exception {
            LeaderLatch asked = latch != null ? latch : new LeaderLatch(client, path, candidate); // not started: it only asks
            return asked.getLeader().getId();
        }

        @Override
        public void isLeader() {}

        @Override
        public void notLeader() {
            lose();
        }

        @Override
        void close() throws Exception {
            hold(0);
            if (latch != null) {
                resign();
            }
        }
    }

    static final class ReadWriteLock extends HoldOfSession {
        private final InterProcessReadWriteLock lock;
        private InterProcessMutex held;

        ReadWriteLock(CuratorFramework client, Request request) {
            super(client, request);
            lock = new InterProcessReadWriteLock(client, request.line.get("path").textValue());
        }

        @Override
        String[] offers() {
            return new String[] {"lost", "downgrade"};
        }

        @Override
        Object call(String operation, Request request) throws Exception {
            if (!operation.equals("downgrade")) {
                return super.call(operation, request);
            }
            lock.readLock().acquire();
            held = lock.readLock();
            lock.writeLock().release(); // in this order, as its documentation says
            return null;
        }

        @Override
        void take(Request request) throws Exception {
            boolean reads = request.value().path("mode").asText().equals("read");
            InterProcessMutex wanted = reads ? lock.readLock() : lock.writeLock();
            wanted.acquire();
            held = wanted;
        }

        @Override
        Collection<String> contenders() throws Exception {
            return held.getParticipantNodes();
        }

        @Override
        void release() throws Exception {
            if (held == null) {
                throw new NoEffect("error", "not held");
            }
            InterProcessMutex old = held;
            held = null;
            old.release();
        }
    }

    static final class Semaphore extends HoldOfSession {
        private final InterProcessSemaphoreV2 semaphore;
        private Lease lease;

        Semaphore(CuratorFramework client, Request request) {
            super(client, request);
            int leases = request.value().get("leases").intValue();
            semaphore = new InterProcessSemaphoreV2(client, request.line.get("path").textValue(), leases);
        }

        @Override
        void take(Request request) throws Exception {
            lease = semaphore.acquire();
        }

        @Override
        Collection<String> contenders() throws Exception {
            return semaphore.getParticipantNodes();
        }

        @Override
        void release() throws Exception {
            if (lease == null) {
                throw new NoEffect("error", "not held");
            }
            Lease old = lease;
            lease = null;
            semaphore.returnLease(old);
        }
    }

    static final class Barrier extends Subject {
        private final DistributedBarrier barrier;

        Barrier(CuratorFramework client, Request request) {
            barrier = new DistributedBarrier(client, request.line.get("path").textValue());
        }

        @Override
        Object call(String operation, Request request) throws Exception {
            switch (operation) {
                case "raise":
                    barrier.setBarrier();
                    return null;
                case "lift":
                    barrier.removeBarrier();
                    return null;
                case "await":
                    barrier.waitOnBarrier();
                    return null;
                default:
                    throw unknown(operation);
            }
        }
    }

    /**
     * Each attempt to enter is a DistributedDoubleBarrier of its own: a second enter of one that has
     * given up fails for ever, as its znode exists.
     *
     * <p>enter(maxWait, unit) has to be told beforehand how long to wait, while zklab says when it is
     * time to give up. An interrupt ends the same wait, is among what its documentation names, and
     * leaves in the tree just what the timeout does. With -Dpatience=MILLISECONDS it is Curator's
     * own timeout that ends it, for a comparison.
     */
    static final class DoubleBarrier extends Subject {
        private static final Long PATIENCE = Long.getLong("patience");
        private final CuratorFramework client;
        private final String path;
        private final int parties;
        private DistributedDoubleBarrier barrier;

        DoubleBarrier(CuratorFramework client, Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
            parties = request.value().get("parties").intValue();
        }

        @Override
        Object call(String operation, Request request) throws Exception {
            switch (operation) {
                case "enter":
                    barrier = new DistributedDoubleBarrier(client, path, parties);
                    enter();
                    return null;
                case "leave":
                    barrier.leave();
                    return null;
                default:
                    throw unknown(operation);
            }
        }

        private void enter() throws Exception {
            if (PATIENCE == null) {
                barrier.enter();
            } else if (!barrier.enter(PATIENCE, TimeUnit.MILLISECONDS)) {
                throw new Exception("not all came within " + PATIENCE + " ms");
            }
        }
    }

    static final class Queue extends Subject {
        private final SimpleDistributedQueue queue;

        Queue(CuratorFramework client, Request request) {
            queue = new SimpleDistributedQueue(client, request.line.get("path").textValue());
        }

        @Override
        Object about() {
            return Map.of("items", "qn-");
        }

        @Override
        Object call(String operation, Request request) throws Exception {
            switch (operation) {
                case "enqueue":
                    queue.offer(request.value().isMissingNode() ? new byte[0] : request.value().binaryValue());
                    return null;
                case "dequeue":
                    return queue.take();
                default:
                    throw unknown(operation);
            }
        }
    }

    static final class Counter extends Subject {
        private final CuratorFramework client;
        private final String path;
        private final DistributedAtomicLong counter;

        Counter(CuratorFramework client, Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
            counter = new DistributedAtomicLong(client, path, RETRY);
        }

        @Override
        Object call(String operation, Request request) throws Exception {
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

        private long add(long delta) throws Exception {
            AtomicValue<Long> sum = counter.add(delta);
            if (!sum.succeeded()) {
                throw new NoEffect("error", "beaten by others, again and again");
            }
            return sum.postValue();
        }

        private void compareAndSet(long from, long to) throws Exception {
            sync(); // a mismatch is not to be that with an old value
            counter.initialize(0L); // or nothing can be compared with it
            AtomicValue<Long> set = counter.compareAndSet(from, to);
            if (!set.succeeded()) {
                boolean found = set.preValue() == from;
                throw new NoEffect(found ? "conflict" : "mismatch", "it is " + set.preValue());
            }
        }

        private long read(boolean fenced) throws Exception {
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

    /** The servers in the order given, as the harness says where to begin. ZooKeeper's own shuffles them. */
    static final class InOrder implements HostProvider {
        private final List<InetSocketAddress> servers = new ArrayList<>();
        private int next;
        private int tried; // since the last connection

        InOrder(String connectString) {
            for (String server : connectString.split(",")) {
                int colon = server.lastIndexOf(':');
                servers.add(new InetSocketAddress(server.substring(0, colon), Integer.parseInt(server.substring(colon + 1))));
            }
        }

        @Override
        public int size() {
            return servers.size();
        }

        /** As ZooKeeper's own it pauses when all have been tried once more. */
        @Override
        public InetSocketAddress next(long pause) {
            boolean all = tried > 0 && tried % servers.size() == 0;
            tried++;
            if (all && pause > 0) {
                try {
                    Thread.sleep(pause);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return servers.get(next++ % servers.size());
        }

        @Override
        public void onConnected() {
            tried = 0;
        }

        @Override
        public boolean updateServerList(Collection<InetSocketAddress> servers, InetSocketAddress current) {
            return false;
        }
    }

    /** Makes connections that try the servers in order. */
    static final class Connections implements ZookeeperFactory {
        @Override
        public ZooKeeper newZooKeeper(String servers, int timeout, Watcher watcher, boolean readOnly) throws Exception {
            return new ZooKeeper(servers, timeout, watcher, readOnly, new InOrder(servers));
        }
    }

    private volatile CuratorFramework client;
    private final Map<Long, Subject> objects = new ConcurrentHashMap<>();
    private final Map<Long, Request> running = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(Adapter::daemon);

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }

    private Object open(Request request) throws Exception {
        if (request.line.get("version").intValue() != VERSION) {
            throw new NoEffect("version", "this adapter speaks version " + VERSION);
        }
        List<String> servers = new ArrayList<>();
        request.line.get("servers").forEach(server -> servers.add(server.textValue()));
        int timeout = request.line.get("timeout_ms").intValue();
        CuratorFramework opened = CuratorFrameworkFactory.builder()
                .connectString(String.join(",", servers))
                .zookeeperFactory(new Connections())
                .ensembleTracker(false) // it would go past the addresses that we are given
                .sessionTimeoutMs(timeout)
                .connectionTimeoutMs(timeout) // Curator warns of a longer one
                .retryPolicy(RETRY)
                .build();
        opened.start();
        try {
            opened.blockUntilConnected();
        } catch (InterruptedException e) {
            opened.close();
            throw e;
        }
        client = opened;
        return Map.of("version", VERSION, "name", "curator " + curatorVersion(), "offers", List.of("touch"));
    }

    private static String curatorVersion() throws IOException {
        Properties made = new Properties();
        try (InputStream file = CuratorFramework.class.getResourceAsStream(
                "/META-INF/maven/org.apache.curator/curator-framework/pom.properties")) {
            if (file != null) {
                made.load(file);
            }
        }
        return made.getProperty("version", "of a version that it does not tell");
    }

    private Object make(Request request) throws Exception {
        Subject made = subject(request);
        objects.put(request.line.get("object").longValue(), made);
        ObjectNode answer = JSON.createObjectNode();
        answer.set("offers", JSON.valueToTree(made.offers()));
        if (made.about() != null) {
            answer.set("value", JSON.valueToTree(made.about()));
        }
        return answer;
    }

    private Subject subject(Request request) throws Exception {
        String recipe = request.line.get("recipe").textValue();
        switch (recipe) {
            case "lock":
                return new Lock(client, request);
            case "election":
                return new Election(client, request);
            case "rwlock":
                return new ReadWriteLock(client, request);
            case "semaphore":
                return new Semaphore(client, request);
            case "barrier":
                return new Barrier(client, request);
            case "double-barrier":
                return new DoubleBarrier(client, request);
            case "queue":
                return new Queue(client, request);
            case "counter":
                return new Counter(client, request);
            default:
                throw new NoEffect("unsupported", "no recipe " + recipe + " here");
        }
    }

    private Object call(Request request) throws Exception {
        Object value = object(request).call(request.line.get("operation").textValue(), request);
        return value == null ? Map.of() : Map.of("value", value);
    }

    private Object close(Request request) throws Exception {
        Subject subject = object(request);
        objects.values().remove(subject);
        subject.thread.shutdown(); // after this request
        subject.close();
        return Map.of();
    }

    private Subject object(Request request) throws NoEffect {
        Subject subject = objects.get(request.line.path("object").longValue());
        if (subject == null) {
            throw new NoEffect("bad-request", "no such object");
        }
        return subject;
    }

    private Object touch(Request request) throws Exception {
        client.transaction().forOperations(client.transactionOp().check().forPath(request.line.get("path").textValue()));
        return Map.of();
    }

    private Object quit() {
        CuratorFramework old = client;
        client = null;
        objects.values().forEach(subject -> subject.thread.shutdown());
        objects.clear();
        running.values().forEach(Request::cancel);
        if (old != null) {
            old.close();
        }
        return Map.of();
    }

    private Object answerTo(Request request) throws Exception {
        switch (request.op) {
            case "open":
                return open(request);
            case "make":
                return make(request);
            case "call":
                return call(request);
            case "close":
                return close(request);
            case "touch":
                return touch(request);
            default:
                throw new NoEffect("unknown-op", "no request " + request.op + " here");
        }
    }

    private void work(Request request) {
        ObjectNode answer = JSON.createObjectNode().put("id", request.id);
        try {
            request.begin();
            answer.set("ok", JSON.valueToTree(answerTo(request)));
        } catch (Throwable problem) {
            answer.set("error", failure(request, problem));
        }
        request.end();
        running.remove(request.id);
        say(answer);
    }

    private static ObjectNode failure(Request request, Throwable problem) {
        ObjectNode error = JSON.createObjectNode().put("code", code(request, problem)).put("message", problem.toString());
        if (problem instanceof NoEffect) {
            error.put("no_effect", true);
        }
        return error;
    }

    private static String code(Request request, Throwable problem) {
        if (problem instanceof NoEffect) {
            return ((NoEffect) problem).code;
        }
        if (request.isCancelled()) {
            return "cancelled";
        }
        if (!(problem instanceof KeeperException)) {
            return "error";
        }
        switch (((KeeperException) problem).code()) {
            case SESSIONEXPIRED:
                return "session-expired";
            case SESSIONMOVED:
                return "session-moved";
            case CONNECTIONLOSS:
                return "connection-loss";
            case NOAUTH:
                return "no-auth";
            case NONODE:
                return "no-node";
            default:
                return "error";
        }
    }

    /** Requests of an object run on its thread, others each on one of their own. */
    private void begin(Request request) {
        running.put(request.id, request);
        Subject subject = objects.get(request.line.path("object").longValue());
        (subject == null ? threads : subject.thread).execute(() -> work(request));
    }

    private void read(String line) {
        Request request;
        try {
            request = new Request(JSON.readTree(line));
            request.op.length();
        } catch (Exception e) {
            ObjectNode error = JSON.createObjectNode().put("code", "bad-request").put("message", "no request").put("no_effect", true);
            say(JSON.createObjectNode().set("error", error));
            return;
        }
        switch (request.op) {
            case "ping":
                say(JSON.createObjectNode().put("id", request.id).set("ok", JSON.createObjectNode()));
                return;
            case "cancel":
                Request cancelled = running.get(request.id);
                if (cancelled != null) {
                    cancelled.cancel();
                }
                return;
            case "quit":
                say(JSON.createObjectNode().put("id", request.id).set("ok", JSON.valueToTree(quit())));
                return;
            default:
                begin(request);
        }
    }

    static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    static void say(JsonNode line) {
        synchronized (OUT) {
            OUT.print(line + "\n");
            OUT.flush();
        }
    }

    public static void main(String[] args) throws Exception {
        Adapter adapter = new Adapter();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            adapter.read(line);
        }
        adapter.quit();
        System.exit(0);
    }
}
