import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.KeeperException;

/**
 * Curator's SharedCount.trySetCount returns false although it has set the count, if its reply is lost.
 *
 * <p>Usage: java -cp JARS Reproduce.java HOST:PORT, where JARS has curator-recipes and what it needs.
 */
public final class Reproduce {
    static final int SET_DATA = 5; // the type of the request
    static final AtomicBoolean lost = new AtomicBoolean();
    static final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    public static void main(String[] args) throws Exception {
        ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.submit(() -> proxy(listener, args[0].split(":")));
        CuratorFramework client = CuratorFrameworkFactory.newClient("127.0.0.1:" + listener.getLocalPort(), new ExponentialBackoffRetry(1000, 3));
        client.start();
        if (!client.blockUntilConnected(30, TimeUnit.SECONDS)) {
            System.err.println("no connection to " + args[0]);
            System.exit(2);
        }
        SharedCount count = new SharedCount(client, "/count-" + UUID.randomUUID(), 0);
        count.start();

        try {
            for (boolean added = false; !added; ) { // adds 1; there is no other client
                VersionedValue<Integer> before = count.getVersionedValue();
                added = count.trySetCount(before, before.getValue() + 1);
                System.out.printf("the count was %d; trySetCount returned %s; the count is %d%n", before.getValue(), added, count.getCount());
            }
        } catch (KeeperException.ConnectionLossException e) { // would do: the caller knows that it may have set the count
            System.out.println("trySetCount threw " + e);
        }
        if (lost.get() && count.getCount() == 2) {
            System.out.println("reproduced: trySetCount set the count and returned false, so 1 was added twice");
            System.exit(1);
        }
        System.out.println("not reproduced");
        client.close();
    }

    /** Forwards connections to the server. Breaks the first one instead of forwarding its first reply to a setData. */
    static Void proxy(ServerSocket listener, String[] address) throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server = new Socket(address[0], Integer.parseInt(address[1]));
            Set<Integer> writes = ConcurrentHashMap.newKeySet(); // the numbers of its requests, which their replies have, too
            threads.submit(() -> forward(client, server, request -> request.getInt(4) != SET_DATA || writes.add(request.getInt(0))));
            threads.submit(() -> forward(server, client, reply -> !writes.contains(reply.getInt(0)) || lost.getAndSet(true)));
        }
    }

    static Void forward(Socket source, Socket target, Predicate<ByteBuffer> keep) throws IOException {
        try (source; target) { // both break in the end
            DataInputStream frames = new DataInputStream(source.getInputStream());
            while (true) {
                int size = frames.readInt();
                byte[] frame = ByteBuffer.allocate(4 + size).putInt(size).array();
                frames.readFully(frame, 4, size);
                if (!keep.test(ByteBuffer.wrap(frame).slice(4, size))) {
                    return null;
                }
                target.getOutputStream().write(frame);
            }
        }
    }
}
