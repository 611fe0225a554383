import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.data.Stat;

/**
 * How a program that uses Curator takes the end of its session. It needs the command zklab on the PATH, which
 * runs the ensemble and ends sessions. The methods are what a test of JUnit would call: start in @BeforeClass,
 * stop in @AfterClass, the others in @Test.
 */
public class ExpiryTest {
    /** Seconds. It guards against hangs and is no part of what is tested. */
    static final int DEADLINE = 60;

    static Process ensemble;
    static String servers;

    static void start() throws Exception {
        ensemble = new ProcessBuilder("zklab", "ensemble", "up", "--nodes", "1", "--listen", "127.0.0.1:0", "--control", "none")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        servers = new BufferedReader(new InputStreamReader(ensemble.getInputStream())).readLine(); // once all servers serve
    }

    static void stop() throws Exception {
        ensemble.destroy();
        check(ensemble.waitFor(DEADLINE, TimeUnit.SECONDS), "the ensemble does not end");
    }

    /** Ends a session: that with a number, or that which owns an ephemeral znode. */
    static void expire(String what) throws Exception {
        Process p = new ProcessBuilder("zklab", "ensemble", "expire", what, "--servers", servers).inheritIO().start();
        check(p.waitFor(DEADLINE, TimeUnit.SECONDS) && p.exitValue() == 0, "zklab ensemble expire " + what);
    }

    /** The program under test: it has a znode as long as it lives, and makes it anew in each session. */
    static class Presence implements AutoCloseable {
        final CuratorFramework client = CuratorFrameworkFactory.builder().connectString(servers)
                .sessionTimeoutMs(30_000).retryPolicy(new RetryForever(100)).build();
        final CountDownLatch lost = new CountDownLatch(1), back = new CountDownLatch(1);
        final String path;

        Presence(String path) throws Exception {
            this.path = path;
            client.getConnectionStateListenable().addListener((c, state) -> {
                if (state == ConnectionState.LOST) {
                    lost.countDown();
                } else if (state == ConnectionState.RECONNECTED && lost.getCount() == 0) {
                    c.runSafe(this::again); // a listener must not wait for the client
                }
            });
            client.start();
            client.create().creatingParentsIfNeeded().withMode(CreateMode.EPHEMERAL).forPath(path);
        }

        void again() {
            try {
                client.create().withMode(CreateMode.EPHEMERAL).forPath(path);
                back.countDown();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }

        long session() throws Exception {
            return client.getZookeeperClient().getZooKeeper().getSessionId();
        }

        public void close() {
            client.close();
        }
    }

    static void comesBack(Presence p, String expired) throws Exception {
        long before = p.session();
        check(p.lost.getCount() == 1, "the session was lost before");
        expire(expired);
        check(p.lost.await(DEADLINE, TimeUnit.SECONDS), "the client is not told that its session has expired");
        check(p.back.await(DEADLINE, TimeUnit.SECONDS), "the program does not come back");
        Stat stat = p.client.checkExists().forPath(p.path);
        check(p.session() != before && stat.getEphemeralOwner() == p.session(), "the znode is none of the new session's");
    }

    static void sessionThatOwnsAZnode() throws Exception {
        try (Presence p = new Presence("/by-path/a")) {
            comesBack(p, p.path);
        }
    }

    static void sessionByItsNumber() throws Exception {
        try (Presence p = new Presence("/by-number/a")) {
            comesBack(p, "0x" + Long.toHexString(p.session()));
        }
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    public static void main(String[] arguments) throws Exception {
        start();
        try {
            sessionThatOwnsAZnode();
            sessionByItsNumber();
        } finally {
            stop();
        }
        System.out.println("passed");
        System.exit(0); // whatever threads a client has left
    }
}
