package trackrecord

import "strings"

// bug is a known bug of a program: a row of the table. What is not known of its past is said to be unknown.
type bug struct {
	name       string // by which --only and figures.json call it
	subject    string // the program, with its version
	what       string // what happens
	property   string // the property that it violates
	introduced string // the first version that has it, and when that appeared
	reported   string // the report, and when it was written
	discovered string // by whom
	mended     string // the first version without it, and when that appeared; what has it still
	command    []string
	needs      string // what the command needs beside zklab, or ""
	quiet      quiet
	met        func(finished) bool // reports whether a run met the bug; nil: all runs that violate the property did
}

// quiet is what a run must be quiet on.
type quiet struct {
	// on is a version or recipe without the bug. It is "" if there is none that the command can harm: zklab's own
	// counter and queue send no setData or delete whose reply could be lost, and only processes can crash.
	on  string
	own bool // the recipe is zklab's own: the same command without --subject
}

var own = quiet{on: "zklab's own recipe", own: true}

// The commands, by the program that has the bug. The environment has the others' adapters.
var (
	lostReplies = zklab("run lock --subject go-zookeeper --faults lose-reply --fault-interval 3s --time-limit 60s")
	kazoo       = []string{"--subject-command", "python3 examples/kazoo/adapter.py"}
	curator     = curatorAs("CURATOR")
)

// curatorAs returns the option that runs the adapter for Curator as a variable of the environment says.
func curatorAs(variable string) []string { return []string{"--subject-command", "$" + variable} }

// Facts that several bugs share.
const (
	firstLock    = "May 2013, in samuel/go-zookeeper; v1.0.0 (April 2019) has it"
	firstBarrier = "0.6.4, Netflix's Curator (December 2011)"

	noReport = "no report found"
	unknown  = "unknown"
	user     = "a user"
	byHand   = "by hand, before zklab found it"

	curator80  = "[CURATOR-80](https://issues.apache.org/jira/browse/CURATOR-80), January 2014, open"
	curator318 = "[CURATOR-318](https://issues.apache.org/jira/browse/CURATOR-318), April 2016, open"

	goMaster      = "no version (August 2024)"
	kazooMaster   = "no version (2.11.0, March 2026)"
	curatorMaster = "no version (July 2026)"

	needsKazoo   = "kazoo"
	needsCurator = "Curator"
	needsServers = "containers"
)

// bugs lists all known bugs in the order of the table. A new one is an entry here.
var bugs = []bug{
	{
		name: "go-lock-orphan", subject: "go-zookeeper 1.0.4",
		what:     "`Lock` fails when the reply to its getChildren is lost, and leaves its znode, behind which everybody waits",
		property: "progress", introduced: firstLock,
		reported: "[samuel/go-zookeeper#229](https://github.com/samuel/go-zookeeper/issues/229), February 2020", discovered: user,
		mended: goMaster, command: lostReplies, quiet: own, met: orphanAfter(lost("getChildren")),
	},
	{
		name: "go-unlock-reply", subject: "go-zookeeper 1.0.4",
		what:     "`Unlock` fails for ever when the reply to its delete is lost, and `Lock` then answers `ErrDeadlock` for ever",
		property: "progress", introduced: firstLock, reported: noReport, discovered: byHand,
		mended: goMaster, command: lostReplies, quiet: own, met: refusedAfter(lost("delete")),
	},
	{
		name: "go-protected-orphan", subject: "go-zookeeper 1.0.4",
		what:     "`CreateProtectedEphemeralSequential` leaves a znode that nobody owns when the replies to the create and to the look-up are lost",
		property: "progress", introduced: firstLock,
		reported:   "no report found that tells it apart; [samuel/go-zookeeper#237](https://github.com/samuel/go-zookeeper/pull/237), April 2020, would mend it, too",
		discovered: byHand, mended: goMaster, command: lostReplies, quiet: own, met: orphanAfter(lost("create", "getChildren")),
	},
	{
		name: "go-unlock-expired", subject: "go-zookeeper 1.0.4",
		what:     "`Unlock` fails for ever when the session has expired, and `Lock` then answers `ErrDeadlock` for ever",
		property: "progress", introduced: firstLock, reported: noReport, discovered: byHand, mended: goMaster,
		command: zklab("run lock --subject go-zookeeper --faults expire --fault-interval 3s --time-limit 60s"), quiet: own, met: refusedAfter(expired),
	},
	{
		name: "go-lock-foreign", subject: "go-zookeeper 1.0.4",
		what:     "`Lock` fails when somebody else's znode, one without a number at the end, is in the lock's folder, and leaves its own znode in line",
		property: "progress", introduced: firstLock,
		reported: "[samuel/go-zookeeper#64](https://github.com/samuel/go-zookeeper/issues/64), June 2015, closed as intended; " +
			"[go-zookeeper/zk#44](https://github.com/go-zookeeper/zk/pull/44), November 2020, open",
		discovered: "users; zklab found it anew, without looking for it", mended: goMaster,
		command: zklab("run lock --subject go-zookeeper --faults foreign --fault-interval 5s --time-limit 25s --simulate"), quiet: own,
	},
	{
		name: "kazoo-rwlock", subject: "kazoo 2.8.0",
		what:     "a reader and a writer of its read-write lock that stand behind a writer wait for each other for ever",
		property: "progress", introduced: "2.8.0 (July 2020)",
		reported: "[kazoo#649](https://github.com/python-zk/kazoo/issues/649), July 2021", discovered: user, mended: "2.9.0 (October 2022)",
		command: zklab("run rwlock", kazoo, "--time-limit 15s"), needs: needsKazoo, quiet: quiet{on: "kazoo 2.9.0"},
	},
	{
		name: "kazoo-queue", subject: "kazoo 2.8.0",
		what:     "`Queue.get` loses an item: it deletes it, the reply is lost, and it tries again with the next",
		property: "loss", introduced: "0.7 (October 2012)", reported: noReport, discovered: byHand, mended: kazooMaster,
		command: zklab("run queue", kazoo, "--faults lose-reply:delete --fault-interval 3s --time-limit 15s"), needs: needsKazoo,
	},
	{
		name: "kazoo-counter", subject: "kazoo 2.8.0",
		what:     "`Counter` adds twice: its set is done, the reply is lost, and it tries again with the new version",
		property: "linearizable", introduced: "0.7 (October 2012)", reported: noReport, discovered: byHand, mended: kazooMaster,
		command: zklab("run counter", kazoo, "--faults lose-reply:setData --fault-interval 3s --time-limit 15s"), needs: needsKazoo,
	},
	{
		name: "kazoo-double-barrier", subject: "kazoo 2.8.0",
		what:     "`DoubleBarrier`: the \"ready\" of a round in which everybody died counts as a member, and of two one gets in alone",
		property: "enter", introduced: "0.2 (August 2012)", reported: noReport, discovered: byHand, mended: kazooMaster,
		command: zklab("run double-barrier", kazoo, "--clients 2 --keys 1 --rate 200 --session-timeout 2s --faults crash:all/5s --time-limit 30s"),
		needs:   needsKazoo,
	},
	{
		name: "curator-double-barrier-leave", subject: "Curator 5.4.0",
		what:     "a member that gave up entering a `DistributedDoubleBarrier` leaves its znode, for which those who leave wait",
		property: "progress", introduced: firstBarrier, reported: curator80 + "; " + curator318, discovered: "users", mended: curatorMaster,
		command: zklab("run double-barrier", curator, "--session-timeout 2s --op-timeout 2s --time-limit 15s"), needs: needsCurator, quiet: own,
	},
	{
		name: "curator-double-barrier-enter", subject: "Curator 5.4.0",
		what:     "the same znode counts for those who enter: fewer than all get in. Here it is Curator's own timeout that ends an enter, after 40 ms",
		property: "enter", introduced: firstBarrier, reported: curator80 + "; " + curator318, discovered: "users", mended: curatorMaster,
		command: zklab("run double-barrier", curatorAs("CURATOR40"), "--session-timeout 1s --op-timeout 1s --time-limit 25s"), needs: needsCurator, quiet: own,
	},
	{
		name: "curator-atomic-long", subject: "Curator 5.4.0",
		what:     "`DistributedAtomicLong` adds twice: its set is done, the reply is lost, and it tries again with the new version",
		property: "linearizable", introduced: "0.5.2, Netflix's Curator (November 2011), or earlier", reported: noReport, discovered: "zklab", mended: curatorMaster,
		command: zklab("run counter", curator, "--faults lose-reply:setData --fault-interval 3s --time-limit 15s"), needs: needsCurator,
	},
	{
		name: "curator-leader-latch", subject: "Curator 5.4.0",
		what:     "`LeaderLatch` in a new session takes the znode of its old session for its own, and is not told when that goes: two lead",
		property: "exclusion", introduced: "5.4.0 (October 2022), by the mend of CURATOR-644 and CURATOR-645",
		reported: "[CURATOR-696](https://issues.apache.org/jira/browse/CURATOR-696), December 2023", discovered: user, mended: "5.7.0 (June 2024)",
		command: zklab("run election", curator, "--keys 1 --session-timeout 1s --op-timeout 10s "+
			"--faults kill:majority@3s+2s/4s,slow-link:all:by=30ms@2s+30s --time-limit 25s"), needs: needsCurator, quiet: own,
	},
	{
		name: "curator-shared-count", subject: "Curator 5.4.0",
		what:     "`SharedCount.trySetCount` says that it set nothing when the reply to its setData is lost: it sends it again, and finds its own version",
		property: "linearizable", introduced: "0.5.1, Netflix's Curator (November 2011), or earlier", reported: noReport, discovered: "zklab", mended: curatorMaster,
		command: zklab("run counter", curatorAs("CURATOR_SHARED"), "--faults lose-reply:setData --fault-interval 3s --time-limit 10s"), needs: needsCurator,
	},
	{
		name: "curator-distributed-queue", subject: "Curator 5.4.0",
		what:     "`DistributedQueue` puts an item in twice: it creates the znode, the reply is lost, and it creates another one",
		property: "integrity", introduced: "0.4.2, Netflix's Curator (November 2011), or earlier", reported: noReport, discovered: "zklab", mended: curatorMaster,
		command: zklab("run queue", curatorAs("CURATOR_DISTRIBUTED"), "--faults lose-reply:create --fault-interval 3s --time-limit 10s"), needs: needsCurator,
	},
	{
		name: "curator-priority-queue", subject: "Curator 5.4.0",
		what:     "`DistributedPriorityQueue` gives a client a worse item than one that the client itself put in before, from an old list of items",
		property: "priority", introduced: "2.0.0-incubating (May 2013), or earlier", reported: noReport, discovered: "zklab", mended: curatorMaster,
		command: zklab("run priority-queue", curator, "--time-limit 10s"), needs: needsCurator, quiet: own,
	},
	{
		name: "zookeeper-4785", subject: "Apache ZooKeeper 3.8.0",
		what:     "a killed server loses transactions that it acknowledged: [below](#servers-of-apache-zookeeper)",
		property: "server-agreement", introduced: "3.7.0 (March 2021), 3.6.3 and 3.5.10, by the mend of ZOOKEEPER-3911",
		reported: "[ZOOKEEPER-4785](https://issues.apache.org/jira/browse/ZOOKEEPER-4785), January 2024 or earlier", discovered: unknown,
		mended: "3.8.5 (September 2025), 3.9.2 (March 2024)", command: fiveServers("3.8"), needs: needsServers,
	},
	{
		name: "zookeeper-4925", subject: "Apache ZooKeeper 3.9.3",
		what:     "a leader sends followers a log with a hole: [below](#servers-of-apache-zookeeper)",
		property: "server-agreement", introduced: "3.9.3 (October 2024), by the mend of ZOOKEEPER-4394",
		reported: "[ZOOKEEPER-4925](https://issues.apache.org/jira/browse/ZOOKEEPER-4925), April 2025 or earlier", discovered: unknown,
		mended: "3.9.4 (August 2025)", command: fiveServers("3.9"), needs: needsServers,
	},
}

// fiveServers returns the command for bugs of servers that are killed.
func fiveServers(version string) []string {
	return zklab("run lock --ensemble container --image zklab/zookeeper:" + version + " --nodes 5 --faults kill --time-limit 60s")
}

// zklab returns a command: words, and arguments that may have spaces in them.
func zklab(parts ...any) []string {
	command := []string{"zklab"}
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			command = append(command, strings.Fields(part)...)
		case []string:
			command = append(command, part...)
		}
	}
	return command
}
