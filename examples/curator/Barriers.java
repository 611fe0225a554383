import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;

/** Curator's barriers. */
final class Barriers {
    private Barriers() {}

    static final class Barrier extends Adapter.Subject {
        private final DistributedBarrier barrier;

        Barrier(CuratorFramework client, Adapter.Request request) {
            barrier = new DistributedBarrier(client, request.line.get("path").textValue());
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
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
    static final class DoubleBarrier extends Adapter.Subject {
        private static final Long PATIENCE = Long.getLong("patience");
        private final CuratorFramework client;
        private final String path;
        private final int parties;
        private DistributedDoubleBarrier barrier;

        DoubleBarrier(CuratorFramework client, Adapter.Request request) {
            this.client = client;
            path = request.line.get("path").textValue();
            parties = request.value().get("parties").intValue();
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
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
}
