import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.KeeperException;

/**
 * An adapter of zklab: it puts a lock under test that is written in Java.
 *
 * <pre>
 * javac -cp $JARS Adapter.java
 * zklab conform --recipe lock "java -cp .:$JARS Adapter"
 * zklab run lock --faults expire,freeze,crash --subject-command "java -cp .:$JARS Adapter"
 * </pre>
 *
 * <p>zklab starts it once for each client, writes requests to its standard input, one JSON object a line, and
 * reads answers from its standard output. The protocol is in docs/adapters.md of zklab. As it stands, the lock
 * is Apache Curator's. Replace connect, touch, disconnect and the class Lock by your own code.
 */
public final class Adapter {
    static final String NAME = "my lock";

    private CuratorFramework client;

    /** Opens a session with that timeout, and returns when it is open. A cancel interrupts the thread. */
    private void connect(String servers, int milliseconds) throws Exception {
        CuratorFramework opened = CuratorFrameworkFactory.builder()
                .connectString(servers).sessionTimeoutMs(milliseconds).connectionTimeoutMs(milliseconds)
                .retryPolicy(new ExponentialBackoffRetry(100, 5)).build();
        opened.start();
        try {
            opened.blockUntilConnected();
        } catch (InterruptedException e) {
            opened.close();
            throw e;
        }
        client = opened;
    }

    private void disconnect() {
        if (client != null) {
            client.close();
        }
        client = null;
    }

    /** Makes one quorum write that changes nothing. */
    private void touch(String path) throws Exception {
        client.transaction().forOperations(client.transactionOp().check().forPath(path));
    }

    /** The lock of one client at a path, which does not exist yet. All its requests run on one thread. */
    static final class Lock {
        private final InterProcessMutex mutex;
        final ExecutorService thread = Executors.newSingleThreadExecutor(Adapter::daemon);

        Lock(CuratorFramework client, String path) {
            mutex = new InterProcessMutex(client, path);
        }

        /** Returns when this client holds the lock. A cancel interrupts it. */
        void acquire() throws Exception {
            mutex.acquire();
        }

        void release() throws Exception {
            mutex.release();
        }
    }

    /** The code of an error, by which zklab knows what may have happened (docs/adapters.md, Errors). */
    private static String code(Request request, Throwable problem) {
        if (problem instanceof NoEffect) {
            return ((NoEffect) problem).code;
        }
        if (request.isCancelled()) {
            return "cancelled";
        }
        if (problem instanceof KeeperException) {
            switch (((KeeperException) problem).code()) {
                case SESSIONEXPIRED:
                    return "session-expired";
                case CONNECTIONLOSS:
                    return "connection-loss";
                case NONODE:
                    return "no-node";
                default:
            }
        }
        return "error";
    }

    // What follows speaks the protocol. It needs no change, unless you add recipes.

    static final ObjectMapper JSON = new ObjectMapper();
    static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private final Map<Long, Lock> objects = new ConcurrentHashMap<>();
    private final Map<Long, Request> running = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(Adapter::daemon);

    static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }

    /** A request certainly did nothing. */
    static final class NoEffect extends Exception {
        private static final long serialVersionUID = 1;
        final String code;

        NoEffect(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    /** A request. Its cancel may come before its thread has begun. */
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

    private Object answerTo(Request request) throws Exception {
        JsonNode line = request.line;
        long number = line.path("object").longValue();
        switch (request.op) {
            case "open":
                if (line.get("version").intValue() != 2) {
                    throw new NoEffect("version", "this adapter speaks version 2");
                }
                connect(String.join(",", JSON.convertValue(line.get("servers"), String[].class)), line.get("timeout_ms").intValue());
                return Map.of("version", 2, "name", NAME, "offers", List.of("touch"));
            case "touch":
                touch(line.get("path").textValue());
                return Map.of();
            case "make":
                if (!line.get("recipe").textValue().equals("lock")) {
                    throw new NoEffect("unsupported", "no recipe " + line.get("recipe") + " here");
                }
                objects.put(number, new Lock(client, line.get("path").textValue()));
                return Map.of("offers", List.of());
            case "call":
            case "close":
                Lock lock = objects.get(number);
                if (lock == null) {
                    throw new NoEffect("bad-request", "no such object");
                }
                call(lock, request.op.equals("close") ? "close" : line.get("operation").textValue(), number);
                return Map.of();
            default:
                throw new NoEffect("unknown-op", "no request " + request.op + " here");
        }
    }

    private void call(Lock lock, String operation, long number) throws Exception {
        switch (operation) {
            case "acquire":
                lock.acquire();
                return;
            case "release":
                lock.release();
                return;
            case "close":
                objects.remove(number);
                lock.thread.shutdown(); // after this request
                return;
            default:
                throw new NoEffect("unknown-op", "no operation " + operation + " here");
        }
    }

    private void work(Request request) {
        ObjectNode answer = JSON.createObjectNode().put("id", request.id);
        try {
            request.begin();
            answer.set("ok", JSON.valueToTree(answerTo(request)));
        } catch (Throwable problem) {
            ObjectNode error = JSON.createObjectNode().put("code", code(request, problem)).put("message", problem.toString());
            if (problem instanceof NoEffect) {
                error.put("no_effect", true);
            }
            answer.set("error", error);
        }
        request.end();
        running.remove(request.id);
        say(answer);
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
                quit();
                say(JSON.createObjectNode().put("id", request.id).set("ok", JSON.createObjectNode()));
                return;
            default:
                running.put(request.id, request);
                Lock lock = objects.get(request.line.path("object").longValue());
                (lock == null ? threads : lock.thread).execute(() -> work(request));
        }
    }

    private void quit() {
        running.values().forEach(Request::cancel);
        objects.values().forEach(lock -> lock.thread.shutdown());
        objects.clear();
        disconnect();
    }

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
