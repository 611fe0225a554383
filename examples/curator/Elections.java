import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

/** Candidates that want to lead. */
final class Elections {
    private Elections() {}

    /** A candidate with a name, by which the others know it. */
    abstract static class Candidate extends Holds.Hold {
        final String path;
        final String candidate;

        Candidate(CuratorFramework client, Adapter.Request request) {
            super(client, request);
            path = request.line.get("path").textValue();
            candidate = request.value().get("candidate").textValue();
        }

        @Override
        String[] offers() {
            return new String[] {"lost", "leader"};
        }

        @Override
        Object call(String operation, Adapter.Request request) throws Exception {
            return operation.equals("leader") ? leader() : super.call(operation, request);
        }

        abstract String leader() throws Exception;
    }

    /**
     * Its leader is told by the listener that it leads no more, and stays a candidate: it may be the
     * leader again. The next acquire asks the same latch then. Only by its close does it resign.
     */
    static final class Latch extends Candidate implements LeaderLatchListener {
        private LeaderLatch latch; // null: no candidate

        Latch(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        @Override
        void acquire(Adapter.Request request) throws Exception {
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

        private synchronized boolean leads(Adapter.Request request) {
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
                throw new Adapter.NoEffect("error", "not held");
            }
            LeaderLatch old = latch;
            latch = null;
            old.close();
        }

        @Override
        String leader() throws Exception {
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

    /**
     * A LeaderSelector leads while a method of its listener runs. That one is interrupted when the
     * connection is lost, as Curator's LeaderSelectorListenerAdapter does it. Each acquire has a
     * selector of its own, which resigns by the return of that method.
     */
    static final class Selector extends Candidate {
        private Term term; // null: no candidate

        Selector(CuratorFramework client, Adapter.Request request) {
            super(client, request);
        }

        final class Term extends LeaderSelectorListenerAdapter {
            private final ExecutorService thread = Executors.newSingleThreadExecutor(Adapter::daemon);
            private final LeaderSelector selector = new LeaderSelector(client, path, thread, this);
            private final CompletableFuture<Boolean> leads = new CompletableFuture<>();
            private final CountDownLatch resigned = new CountDownLatch(1);
            private final long id;

            Term(long id) {
                this.id = id;
                selector.setId(candidate);
            }

            @Override
            public void takeLeadership(CuratorFramework client) throws InterruptedException {
                hold(id);
                leads.complete(true);
                try {
                    resigned.await();
                } catch (InterruptedException e) {
                    lose();
                    throw e;
                }
            }

            void begin() throws Exception {
                selector.start();
                thread.execute(() -> leads.complete(false)); // its turn comes when the selector's is over
                if (!leads.get()) {
                    throw new Exception("the selector has given up");
                }
            }

            /** Waits until the selector has done what it does after the end of a term. */
            void end() throws InterruptedException {
                resigned.countDown();
                thread.shutdown();
                thread.awaitTermination(Long.MAX_VALUE, TimeUnit.SECONDS);
                selector.close();
            }
        }

        @Override
        void acquire(Adapter.Request request) throws Exception {
            if (term != null) {
                resign();
            }
            term = new Term(request.id);
            try {
                term.begin();
            } catch (Exception e) {
                term.selector.close(); // which interrupts it
                term = null;
                throw e;
            }
        }

        @Override
        synchronized boolean holds() {
            return super.holds() && term.selector.hasLeadership();
        }

        @Override
        void release() throws Exception {
            if (term == null) {
                throw new Adapter.NoEffect("error", "not held");
            }
            resign();
        }

        private void resign() throws InterruptedException {
            Term old = term;
            term = null;
            old.end();
        }

        @Override
        String leader() throws Exception {
            return (term != null ? term : new Term(0)).selector.getLeader().getId(); // a new one is not started: it only asks
        }

        @Override
        void close() throws Exception {
            hold(0);
            if (term != null) {
                resign();
            }
        }
    }
}
