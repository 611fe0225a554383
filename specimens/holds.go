package specimens

import (
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

var ofLock = []Specimen{
	own(workloads.Lock{New: subjects.NewLock}),
	variant("do", "the recipe of package recipes, used through Do", workloads.Lock{New: subjects.NewDoLock}),
	variant("acl", "the recipe of package recipes, with an ACL", workloads.Lock{New: subjects.NewACLLock}),
	variant("herd", "the recipe of package recipes, whose waiters also all watch the holder", workloads.Lock{New: subjects.NewHerdLock}),
	named(GoZookeeper, "the lock that comes with the client library", workloads.Lock{New: subjects.GoZookeeperLock}),
	mutant("check-then-create", "exclusion", "", "checks that the lock is free, then creates its znode without checking again", workloads.Lock{New: broken.CheckThenCreate}),
	mutant("ignores-expiry", "lost", "expire/1500ms", "keeps its hold after its session expired", workloads.Lock{New: broken.IgnoresExpiry}).besides("exclusion", "tokens", "fencing", "grant"),
	mutant("missing-is-first", "grant", "expire:waiter/1500ms", "believes that it is first when its own znode is missing", workloads.Lock{New: broken.MissingIsFirst}).besides("exclusion", "progress"),
	mutant("stale-unlock", "own-znodes", "expire:holder/400ms", "deletes its znode by path without checking who created it", workloads.Lock{New: broken.StaleUnlock}).besides("exclusion"),
	mutant("token-of-its-own", "tokens", "", "each client counts fencing tokens on its own", workloads.Lock{New: broken.TokenOfItsOwn}).besides("fencing"),
	mutant("looks-then-unlocks", "own-znodes", "freeze:owner@300ms+9s,freeze:owner@1s+9s", "looks whether the znode is its own, then deletes whatever is there", workloads.Lock{New: broken.LooksThenUnlocks}).besides("exclusion"),
	mutant("takes-over-its-lock", "own-znodes", "crash:holder@800ms+300ms/2s,freeze:returned@300ms+9s,freeze:returned@600ms+9s,freeze:returned@900ms+9s", "deletes the znode of its process before a crash, even if it is another client's by then", workloads.Lock{New: broken.TakesOverItsLock}).besides("exclusion"),
}

var ofElection = []Specimen{
	own(workloads.Election{New: subjects.NewElection}),
	variant("states", "the recipe of package recipes, observed through its States", workloads.Election{New: subjects.NewStatesElection}),
	mutant("sorts-by-id", "exclusion", "", "sorts candidates by ID, not by sequence number", workloads.Election{New: broken.SortsByID}),
	mutant("never-regains", "progress", "expire/1500ms", "does not become a candidate again in a new session", workloads.Election{New: broken.NeverRegains}),
}

var ofSemaphore = []Specimen{
	own(workloads.Semaphore{New: subjects.NewSemaphore}),
	mutant("counts-then-creates", "bound", "", "counts the leases, then creates one without checking again", workloads.Semaphore{New: broken.CountsThenCreates}),
	mutant("release-deletes-lowest", "bound", "", "releases the first lease in the line, even another client's", workloads.Semaphore{New: broken.ReleaseDeletesLowest}).besides("progress", "own-znodes"), // its own stays behind
	mutant("polls", "fair", "", "polls for the lock instead of waiting for its turn", workloads.Semaphore{New: broken.Polls}),
	mutant("watches-neighbour", "progress", "", "waits only for the contender right before it, though any release would do", workloads.Semaphore{New: broken.WatchesNeighbour}),
	mutant("held-for-ever", "lost", "expire/1500ms", "keeps its hold after its session expired", workloads.Semaphore{New: broken.HeldForEver}).besides("bound", "fair", "grant"),
	mutant("lease-survives-session", "progress", "expire:holder/400ms", "creates persistent leases, and forgets them when its session ends", workloads.Semaphore{New: broken.LeaseSurvivesSession}),
}

var ofRwlock = []Specimen{
	own(workloads.RWLock{New: subjects.NewRWLock}),
	variant("do", "the recipe of package recipes, used through Do and RDo", workloads.RWLock{New: subjects.NewDoRWLock}),
	mutant("reader-ignores-writer", "exclusion", "", "readers ignore writers, so one reads while another client writes", workloads.RWLock{New: broken.ReaderIgnoresWriterAhead}),
	mutant("downgrade-second-node", "exclusion", "", "downgrades with a second znode, which queues behind waiting writers", workloads.RWLock{New: broken.DowngradeSecondNode}),
	mutant("polls-to-read", "tokens", "", "polls for the lock instead of waiting for its turn", workloads.RWLock{New: broken.RWPolls}).besides("fencing"),
	mutant("waits-for-those-behind", "progress", "", "readers also wait for writers behind them, which wait for those readers", workloads.RWLock{New: broken.WaitsOnWrongPredecessor}),
	mutant("reads-for-ever", "lost", "expire/1500ms", "keeps its hold after its session expired", workloads.RWLock{New: broken.ReadsForEver}).besides("exclusion", "grant", "tokens", "fencing"),
	mutant("deaf", "revocation", "", "ignores requests to release", workloads.RWLock{New: broken.Deaf}),
}

var ofMultiLock = []Specimen{
	own(workloads.MultiLock{New: subjects.NewMultiLock}),
	mutant("partial", "exclusion", "", "reports all keys as held after it gave up waiting for some", workloads.MultiLock{New: broken.Partial}).besides("grant"),
	mutant("token-of-the-first", "tokens", "", "locks the keys one by one, and returns the token of the first for all", workloads.MultiLock{New: broken.TokenOfTheFirst}).besides("fencing"),
	mutant("forgets-rollback", "all-or-none", "", "deletes only one of its contenders when it gives up", workloads.MultiLock{New: broken.ForgetsRollback}).besides("progress"), // others wait for the contenders that it forgot
	mutant("no-order", "progress", "", "locks the keys one by one in the order of the call, unsorted", workloads.MultiLock{New: broken.NoOrder}),
	mutant("never-looks-back", "grant", "expire:waiter/400ms", "locks the keys one by one, and never checks that it still holds the first", workloads.MultiLock{New: broken.NeverLooksBack}).besides("exclusion", "tokens", "fencing"),
	mutant("held-on-and-on", "lost", "expire/1500ms", "keeps its hold after its session expired", workloads.MultiLock{New: broken.HeldOnAndOn}).besides("exclusion", "tokens", "fencing", "grant"),
}

var ofPartitioner = []Specimen{
	own(workloads.Partitioner{New: subjects.NewPartitioner}),
	mutant("takes-at-once", "exclusion", "", "takes its new share before the others have given back theirs", workloads.Partitioner{New: broken.TakesAtOnce}).besides("grant", "tokens", "fencing"),
	mutant("deaf", "progress", "", "does not hear that other members joined, and goes on holding", workloads.Partitioner{New: broken.DeafPartitioner}),
	mutant("misses-leaves", "coverage", "", "deals items to members that have left", workloads.Partitioner{New: broken.MissesLeaves}).besides("progress"), // all items may be dealt to members that have left
	mutant("greedy", "balance", "", "deals one item to each member, and the rest to the first", workloads.Partitioner{New: broken.Greedy}),
	mutant("count-of-its-own", "tokens", "", "each member counts its fencing tokens by itself", workloads.Partitioner{New: broken.CountOfItsOwn}).besides("fencing"),
	mutant("keeps-its-share", "lost", "expire/1500ms", "goes on holding its share after its session has died", workloads.Partitioner{New: broken.KeepsItsShare}).besides("exclusion", "tokens", "fencing", "grant", "coverage", "balance"),
	mutant("items-survive", "progress", "expire:holder/400ms", "holds items by persistent znodes, and forgets them with its session", workloads.Partitioner{New: broken.ItemsSurvive}).besides("coverage"),
}
