import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.cache.TreeCacheEvent;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/**
 * Copies of znodes that follow their changes. Curator's caches only read. What is written is written
 * here, without Curator's repetitions: a set whose reply was lost must not undo a later one.
 */
final class Copies {
    private Copies() {}

    abstract static class Copy extends Adapter.Subject {
        final CuratorFramework client;
        final String path;
        final Adapter.Bell changes = new Adapter.Bell();
        private volatile boolean complete;
        private boolean begun;

        Copy(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
        }

        /** Begins to follow, and calls completed when there is a whole copy. */
        abstract void begin() throws Exception;

        final void completed() {
            complete = true;
            changes.ring();
        }

        /** Waits until there is a whole copy. */
        final void follow() throws Exception {
            if (!begun) {
                begin();
                begun = true;
            }
            changes.until(() -> complete ? true : null);
        }

        final void write(String path, String text) throws Exception {
            ZooKeeper session = client.getZookeeperClient().getZooKeeper();
            byte[] data = text.getBytes(StandardCharsets.UTF_8);
            for (;;) {
                try {
                    session.setData(path, data, -1);
                    return;
                } catch (KeeperException.NoNodeException e) {
                    // Then it is created.
                }
                try {
                    session.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                    return;
                } catch (KeeperException.NodeExistsException e) {
                    // Another client was faster.
                }
            }
        }

        final void delete(String path) throws Exception {
            try {
                client.getZookeeperClient().getZooKeeper().delete(path, -1);
            } catch (KeeperException.NoNodeException e) {
                // It is gone.
            }
        }

        static String text(ChildData data) {
            return new String(data.getData(), StandardCharsets.UTF_8);
        }
    }

    /** A setting in one znode. (A SharedValue never looks again when its znode was deleted.) */
    abstract static class Config extends Copy {
        private Map<String, Object> told; // null: nothing yet

        Config(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        /** The znode as the copy has it; null: there is none. */
        abstract ChildData present();

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "set":
                    write(path, request.value().get("value").textValue());
                    return null;
                case "delete":
                    delete(path);
                    return null;
                case "observe":
                    follow();
                    told = changes.until(this::news);
                    return told;
                default:
                    throw unknown(operation);
            }
        }

        private Map<String, Object> news() {
            ChildData present = present();
            Map<String, Object> now = present == null ? Map.of("absent", true) : Map.of("value", text(present));
            return now.equals(told) ? null : now;
        }
    }

    static final class Node extends Config {
        private final CuratorCache cache;

        Node(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            cache = CuratorCache.build(client, path, CuratorCache.Options.SINGLE_NODE_CACHE);
        }

        @Override
        void begin() {
            cache.listenable().addListener(listener(this));
            cache.start();
        }

        @Override
        ChildData present() {
            return cache.get(path).orElse(null);
        }

        @Override
        void close() {
            cache.close();
        }
    }

    private static CuratorCacheListener listener(Copy copy) {
        return CuratorCacheListener.builder()
                .forInitialized(copy::completed).forAll((type, before, after) -> copy.changes.ring()).build();
    }

    @SuppressWarnings("deprecation") // in favour of CuratorCache, but much used
    static final class OldNode extends Config {
        private NodeCache cache; // null: not begun

        OldNode(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        void begin() throws Exception {
            close(); // one whose start failed cannot be started again
            cache = new NodeCache(client, path);
            cache.getListenable().addListener(changes::ring);
            cache.start(true);
            completed();
        }

        @Override
        ChildData present() {
            return cache.getCurrentData();
        }

        @Override
        void close() throws Exception {
            if (cache != null) {
                cache.close();
            }
        }
    }

    /** A subtree. None of Curator's caches says when it is current. (A PathChildrenCache has one level only.) */
    abstract static class Cache extends Copy {
        Cache(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        String[] offers() {
            return new String[] {"never-current"};
        }

        /** The znodes as the copy has them. */
        abstract List<ChildData> present();

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "put":
                    write(at(request), request.value().path("value").asText());
                    return null;
                case "remove":
                    delete(at(request));
                    return null;
                case "look":
                    follow();
                    return Map.of("nodes", nodes());
                default:
                    throw unknown(operation);
            }
        }

        private String at(Adapter.Request request) {
            String node = request.value().get("node").textValue();
            return node.equals(".") ? path : path + "/" + node;
        }

        private Map<String, String> nodes() {
            Map<String, String> nodes = new TreeMap<>();
            for (ChildData data : present()) {
                boolean root = data.getPath().equals(path);
                nodes.put(root ? "." : data.getPath().substring(path.length() + 1), text(data));
            }
            return nodes;
        }
    }

    static final class Tree extends Cache {
        private final CuratorCache cache;

        Tree(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            cache = CuratorCache.build(client, path);
        }

        @Override
        void begin() {
            cache.listenable().addListener(listener(this));
            cache.start();
        }

        @Override
        List<ChildData> present() {
            return cache.stream().collect(Collectors.toList());
        }

        @Override
        void close() {
            cache.close();
        }
    }

    @SuppressWarnings("deprecation")
    static final class OldTree extends Cache {
        private TreeCache cache; // null: not begun

        OldTree(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        void begin() throws Exception {
            close(); // one whose start failed cannot be started again
            cache = new TreeCache(client, path);
            cache.getListenable().addListener((c, event) -> {
                if (event.getType() == TreeCacheEvent.Type.INITIALIZED) {
                    completed();
                }
            });
            cache.start();
        }

        /** Without its iterator, which fails once a znode has lost its last child (apache/curator#1302). */
        @Override
        List<ChildData> present() {
            List<ChildData> all = new ArrayList<>();
            add(path, all);
            return all;
        }

        private void add(String at, List<ChildData> all) {
            ChildData data = cache.getCurrentData(at);
            if (data == null) {
                return;
            }
            all.add(data);
            Map<String, ChildData> children = cache.getCurrentChildren(at);
            if (children != null) {
                children.keySet().forEach(child -> add(at + "/" + child, all));
            }
        }

        @Override
        void close() {
            if (cache != null) {
                cache.close();
            }
        }
    }
}
