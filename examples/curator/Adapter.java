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
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.HostProvider;

/**
 * An adapter that puts the recipes of Apache Curator under zklab (docs/adapters.md).
 *
 * <pre>
 * JARS=/usr/share/java/curator-recipes.jar:/usr/share/java/curator-x-discovery.jar:/usr/share/java/slf4j-nop.jar
 * javac -cp $JARS -d bin examples/curator/*.java
 * zklab run election --subject-command "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp bin:$JARS Adapter"
 * </pre>
 *
 * <p>The jars are those of Debian's libcurator-recipes-java and libcurator-discovery-java, which name
 * those that they need. The flags let it start sooner: each client is a process. This file speaks the
 * protocol; the others have the recipes.
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

    /** Lets a request wait for what listeners tell. */
    static final class Bell {
        synchronized void ring() {
            notifyAll();
        }

        /** Waits until there is an answer; null: none yet. */
        synchronized <T> T until(Callable<T> answer) throws Exception {
            for (;;) {
                T now = answer.call();
                if (now != null) {
                    return now;
                }
                wait();
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

    static Thread daemon(Runnable work) {
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

    /** Some recipes have variants, by other classes of Curator: -DRECIPE=NAME chooses one. */
    private static boolean chosen(String recipe, String name) {
        return name.equals(System.getProperty(recipe));
    }

    private Subject subject(Request request) throws Exception {
        String recipe = request.line.get("recipe").textValue();
        switch (recipe) {
            case "lock":
                return new Holds.Lock(client, request);
            case "multi-lock":
                return new Holds.MultiLock(client, request);
            case "rwlock":
                return new Holds.ReadWriteLock(client, request);
            case "semaphore":
                return new Holds.Semaphore(client, request);
            case "election":
                return chosen(recipe, "selector") ? new Elections.Selector(client, request) : new Elections.Latch(client, request);
            case "barrier":
                return new Barriers.Barrier(client, request);
            case "double-barrier":
                return new Barriers.DoubleBarrier(client, request);
            case "queue":
                return chosen(recipe, "distributed") ? new Queues.Distributed(client, request) : new Queues.Simple(client, request);
            case "priority-queue":
                return new Queues.Priority(client, request);
            case "delay-queue":
                if (chosen(recipe, "distributed")) { // only then: see there
                    return new Queues.Delay(client, request);
                }
                break;
            case "counter":
                return chosen(recipe, "shared") ? new Counters.Shared(client, request) : new Counters.Atomic(client, request);
            case "config":
                return chosen(recipe, "node") ? new Copies.OldNode(client, request) : new Copies.Node(client, request);
            case "cache":
                return chosen(recipe, "tree") ? new Copies.OldTree(client, request) : new Copies.Tree(client, request);
            case "membership":
                return chosen(recipe, "group") ? new Groups.OfGroupMembers(client, request) : new Groups.OfPersistentNodes(client, request);
            case "discovery":
                return new Groups.Discovery(client, request);
            default:
        }
        throw new NoEffect("unsupported", "no recipe " + recipe + " here");
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
