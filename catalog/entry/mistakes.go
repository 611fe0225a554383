package entry

// Mistake is a kind of mistake that programs make. The page has them in the order of Mistakes.
type Mistake struct {
	Title  string // as in "It …"
	Lesson string // why it is wrong, and what to do instead: sentences
}

// The kinds of mistakes.
var (
	Repeats = &Mistake{
		"Repeats a request whose reply was lost",
		"A client that gets no answer does not know whether the server did the work. The same request sent again finds what the first " +
			"one did: a second znode, a version that has moved on, a znode that is already gone. Before it repeats a request, the client " +
			"looks for what the first one did; if the tree cannot show that, it tells its caller that the outcome is unknown.",
	}
	LooksThenActs = &Mistake{
		"Looks, then acts",
		"Between a read and the write that follows from it, other clients write. A condition in the write itself closes the gap: a " +
			"version, or a check in the same multi. The version of a znode that is deleted and created again begins at 0 again, so " +
			"it is no such condition. The version of the parent is one, if each new holder raises it by setting the parent's data in the multi that creates its znode.",
	}
	WhoseZnode = &Mistake{
		"Does not ask whose znode it is",
		"A path does not say who made the znode. Numbers of sequential znodes come again, too, once their parent was deleted: the counter is the parent's. A znode of an earlier session of the same client goes when that session does, and " +
			"one of another client was never its own. The owner of an ephemeral znode is in its status (ephemeralOwner): a client compares it with its session.",
	}
	ForgetsToWatch = &Mistake{
		"Forgets to watch again",
		"A watch of getData, exists or getChildren is told once. It says that something happened, not what is there now, and a disconnection wakes a watcher, too. " +
			"A client looks again after each wake-up, and sets the watch with that same read. (Most mended recipes here also look each second. Others need that only " +
			"if ACLs change while clients wait: from 3.8.4 and 3.9.2 on, servers send no event to a client without permission to read, and the watch is spent, ZOOKEEPER-4799.)",
	}
	BeforeItsTime = &Mistake{
		"Takes for done what is not done yet",
		"A client notes what it will have, then asks the servers for it. If they refuse, or do not answer, the note stays and is wrong. A client notes " +
			"what it has when the answer is there, and forgets it when it is unknown.",
	}
	ThrowsErrorAway = &Mistake{
		"Throws an error away",
		"An error of ZooKeeper is often the only sign that a client lost something: its session, its watch, its znode. A client that " +
			"goes on as if nothing were shows its caller an empty list or an old one, or waits for ever.",
	}
	OutlivesSession = &Mistake{
		"Goes on after its session has ended",
		"With a session, the servers delete its ephemeral znodes and forget its watches. Whatever a client built on them has to be " +
			"built again in the next session, or given up.",
	}
	LeavesZnode = &Mistake{
		"Gives up, and leaves its znode",
		"A client that gives up while its session lives leaves its ephemeral znode to the others, who wait for it. Giving up includes " +
			"to delete what was made, also if it is unknown whether it was.",
	}
	NoAtomicity = &Mistake{
		"Makes two steps of what must be one",
		"Between two requests a client may stop, or another one may act. What must happen together belongs in one transaction.",
	}
)

// Mistakes lists the kinds in the order of the page.
var Mistakes = []*Mistake{Repeats, LooksThenActs, WhoseZnode, NoAtomicity, BeforeItsTime, LeavesZnode, ForgetsToWatch, ThrowsErrorAway, OutlivesSession}
