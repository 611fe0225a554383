import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.utils.ZKPaths;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.ServiceCacheListener;
import org.apache.curator.x.discovery.strategies.RoundRobinStrategy;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/** Members of groups, and instances of services. */
final class Groups {
    private Groups() {}

    abstract static class Group extends Adapter.Subject {
        final CuratorFramework client;
        final String path;
        final Adapter.Bell changes = new Adapter.Bell();
        private List<String> told = List.of();

        Group(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
        }

        /** Begins to follow who is there, and waits until all are known. */
        abstract void follow() throws Exception;

        /** Who is there, by what was followed. */
        abstract List<String> followed();

        final Map<String, Object> changed() throws Exception {
            follow();
            told = changes.until(() -> {
                List<String> now = followed();
                return now.equals(told) ? null : now;
            });
            return members(told);
        }

        static Map<String, Object> members(List<String> names) {
            return Map.of("members", names);
        }

        static String name(Adapter.Request request) {
            return request.value().get("member").textValue();
        }
    }

    /**
     * The members of a group are its znode's children. Curator's GroupMember shows them to members only,
     * and itself always, whether it is one already or not. So a list is read here, and changes come
     * from a CuratorCache, which GroupMember has, too.
     */
    abstract static class Membership extends Group {
        private final CuratorCache cache;
        private boolean begun;
        private volatile boolean complete;

        Membership(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            cache = CuratorCache.build(client, path);
            cache.listenable().addListener(CuratorCacheListener.builder().forInitialized(() -> {
                complete = true;
                changes.ring();
            }).forAll((type, before, after) -> changes.ring()).build());
        }

        @Override
        String[] offers() {
            return new String[] {"snapshots"};
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "join":
                    join(name(request));
                    return null;
                case "leave":
                    leave();
                    return null;
                case "list":
                    return members(list());
                case "changed":
                    return changed();
                default:
                    throw unknown(operation);
            }
        }

        abstract void join(String name) throws Exception;

        abstract void leave() throws Exception;

        final String at(String name) {
            return path + "/" + name;
        }

        /** By it zklab finds joins in the transaction log. */
        static byte[] data(String name) {
            return name.getBytes(StandardCharsets.UTF_8);
        }

        private List<String> list() throws Exception {
            try {
                return client.getChildren().forPath(path);
            } catch (KeeperException.NoNodeException e) {
                return List.of();
            }
        }

        @Override
        void follow() throws Exception {
            if (!begun) {
                cache.start();
                begun = true;
            }
            changes.until(() -> complete ? true : null);
        }

        @Override
        List<String> followed() {
            return cache.stream().map(data -> data.getPath()).filter(at -> !at.equals(path))
                    .map(ZKPaths::getNodeFromPath).sorted().collect(Collectors.toList());
        }

        @Override
        void close() throws Exception {
            cache.close();
            leave();
        }
    }

    static final class OfPersistentNodes extends Membership {
        private PersistentNode node; // null: no member

        OfPersistentNodes(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        void join(String name) throws Exception {
            node = new PersistentNode(client, CreateMode.EPHEMERAL, false, at(name), data(name));
            node.start();
            try {
                node.waitForInitialCreate(Long.MAX_VALUE, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                leave();
                throw e;
            }
        }

        @Override
        void leave() throws Exception {
            if (node != null) {
                PersistentNode old = node;
                node = null;
                old.close();
            }
        }
    }

    /** A GroupMember does not tell when it has joined (CURATOR-485): that is looked for. */
    static final class OfGroupMembers extends Membership {
        private static final long PAUSE = 10; // milliseconds
        private GroupMember member; // null: none

        OfGroupMembers(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        void join(String name) throws Exception {
            member = new GroupMember(client, path, name, data(name));
            member.start();
            try {
                while (client.checkExists().forPath(at(name)) == null) {
                    Thread.sleep(PAUSE);
                }
            } catch (Exception e) {
                leave();
                throw e;
            }
        }

        @Override
        void leave() {
            if (member != null) {
                GroupMember old = member;
                member = null;
                old.close();
            }
        }
    }

    /** A lookup reads the instances one by one. Picks come from the cache that tells of changes. */
    static final class Discovery extends Group implements ServiceCacheListener {
        private final String service;
        private final ServiceDiscovery<Void> discovery;
        private final RoundRobinStrategy<Void> strategy = new RoundRobinStrategy<>();
        private ServiceCache<Void> cache; // null: not started
        private CountDownLatch complete;
        private ServiceInstance<Void> instance; // null: none

        Discovery(CuratorFramework client, Adapter.Request request) throws Exception {
            super(client, request);
            ZKPaths.PathAndNode parts = ZKPaths.getPathAndNode(path);
            service = parts.getNode();
            discovery = ServiceDiscoveryBuilder.builder(Void.class).client(client).basePath(parts.getPath()).build();
            discovery.start();
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            switch (operation) {
                case "register":
                    instance = ServiceInstance.<Void>builder().name(service).id(name(request)).address("localhost").build();
                    discovery.registerService(instance);
                    return null;
                case "unregister":
                    if (instance != null) {
                        discovery.unregisterService(instance);
                    }
                    return null;
                case "lookup":
                    return members(ids(discovery.queryForInstances(service)));
                case "changed":
                    return changed();
                case "pick":
                    return pick();
                default:
                    throw unknown(operation);
            }
        }

        private static List<String> ids(Iterable<ServiceInstance<Void>> instances) {
            List<String> ids = new ArrayList<>();
            instances.forEach(instance -> ids.add(instance.getId()));
            ids.sort(null);
            return ids;
        }

        private Map<String, Object> pick() throws Exception {
            follow();
            ServiceInstance<Void> picked = strategy.getInstance(cache);
            return Map.of("member", picked == null ? "" : picked.getId());
        }

        @Override
        void follow() throws Exception {
            if (cache == null) {
                ServiceCache<Void> started = discovery.serviceCacheBuilder().name(service).build();
                started.addListener(this);
                complete = started.startImmediate();
                cache = started;
            }
            complete.await();
        }

        @Override
        List<String> followed() {
            return ids(cache.getInstances());
        }

        @Override
        public void cacheChanged() {
            changes.ring();
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {}

        @Override
        void close() throws Exception {
            if (cache != null) {
                cache.close();
            }
            discovery.close();
        }
    }
}
