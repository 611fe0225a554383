package entry

// Mistake is a kind of mistake that programs make. The page has them in the order of Mistakes.
type Mistake struct {
	Title  string   // as in "It …"
	Lesson string   // why it is wrong, and what to do instead: sentences
	Do     []string // the functions of package mends that do it right
	Ready  string   // what libraries have for it: sentences, or ""
}

// The kinds of mistakes.
var (
	Repeats = &Mistake{
		"Repeats a request whose reply was lost",
		"A client that gets no answer does not know whether the server carried out the request. If it sends the same request again, that one may meet the effect of " +
			"the first: a second znode, a newer version, a znode that is already gone. Before the client repeats a request, it looks for the effect of the first one. " +
			"If the tree cannot show that, the client tells its caller that the outcome is unknown.",
		[]string{"Enter"},
		"Curator's withProtection puts a random identifier into the name, and looks for it before it repeats a create. go-zookeeper's CreateProtectedEphemeralSequential does " +
			"the same, but leaves the znode if the reply to its look is lost, too ([track record](track-record.md#known-bugs)). kazoo.retry repeats a request without a look.",
	}
	LooksThenActs = &Mistake{
		"Looks, then acts",
		"Between a read and the write that follows from it, other clients write. A condition in the write itself closes the gap: a version, or a check in the same multi. " +
			"The version of the znode itself is no such condition if the znode may be deleted and created again, because its version then starts again at 0. The version of " +
			"the parent is one, if each new holder sets the parent's data in the multi that creates its znode, and the parent is never deleted " +
			"(see [Lead](#does-not-ask-whose-znode-it-is)).",
		[]string{"Add"},
		"",
	}
	WhoseZnode = &Mistake{
		"Does not ask whose znode it is",
		"A path does not say who created the znode. Even the number of a sequential znode can come again, if its parent was deleted, because the parent holds the counter. " +
			"The znode may belong to another client, or to an earlier session of the same client, and then it goes with that session. The status of an ephemeral znode says " +
			"which session owns it (ephemeralOwner). A client compares that with its own session before it believes that it leads. It deletes a shared path only under a " +
			"condition that is true for no other holder.",
		[]string{"Lead", "Epoch", "Resign"},
		"",
	}
	NoAtomicity = &Mistake{
		"Makes two steps of what must be one",
		"Between two requests a client may stop, or another one may act. What must happen together belongs in one multi.",
		[]string{"Lead"},
		"",
	}
	BeforeItsTime = &Mistake{
		"Takes for done what is not done yet",
		"A client records a claim in its memory, and then asks the servers for it. If they refuse or do not answer, the record stays, and is wrong. A client records a claim " +
			"when the answer has come. If the outcome is unknown, it does not use the claim.",
		[]string{"(b *Block) Next"},
		"",
	}
	LeavesZnode = &Mistake{
		"Gives up, and leaves its znode",
		"A client that gives up while its session lives leaves its ephemeral znode behind, and the other clients wait for it. Every exit of a call, error paths included, " +
			"must delete what the call created or may have created. A watch outlives the call, too: its callback must not enter the line again when the caller has given up.",
		[]string{"Remove", "removeAllBut"},
		"Curator's guaranteed repeats a delete in the background until it has succeeded. It needs the path of the znode, so a create before it needs withProtection.",
	}
	ForgetsToWatch = &Mistake{
		"Forgets to watch again",
		"A watch of getData, exists or getChildren fires once. It says that something happened, not what is there now. The end of the session wakes a watcher, too, and takes its watch. " +
			"So does a disconnection in kazoo. In Java and C a disconnection wakes the watcher, but the watch stays; in go-zookeeper it wakes no watcher of a znode. After each wake-up, " +
			"a client looks again, and sets the watch with that same read. From 3.8.4 and 3.9.2 on, servers send no event to a client that may not read the znode, and the watch is " +
			"spent (ZOOKEEPER-4799). So a client also looks from time to time; most mended recipes here do so each second.",
		[]string{"Await"},
		"Persistent watches (addWatch, from 3.6 on) stay after an event, but end with the session like all others. Curator's CuratorCache and kazoo's DataWatch and ChildrenWatch look again by themselves.",
	}
	ThrowsErrorAway = &Mistake{
		"Throws an error away",
		"An error of ZooKeeper is often the only sign that a client lost something: its session, its watch, its znode. A client that ignores it " +
			"shows its caller an empty or old list, or waits for ever.",
		[]string{"Await"},
		"",
	}
	OutlivesSession = &Mistake{
		"Goes on after its session has ended",
		"The servers delete the ephemeral znodes of a session at its end, and its watches are gone, too. The client has to rebuild in its next session what depended on them, " +
			"or to give it up. Code that rebuilds must know what is still wanted: the caller may have given it up meanwhile.",
		[]string{"(r *Registration) Renew", "(r *Registration) Deregister"},
		"Curator's PersistentNode creates its znode again in each new session. addAuth has to be repeated in the next session: go-zookeeper and kazoo do that; Java's own client does not.",
	}
	OldRead = &Mistake{
		"Takes an old read for the present",
		"A server answers reads from its own copy, which may be behind; a new session may begin on a server that is further behind. So a client that was told of a change by " +
			"a message from another process may read the state before it. It calls sync first, in the same session. (A leader that was replaced and does not know it yet " +
			"may still answer a sync: ZOOKEEPER-1675. A write before the read has no such limit.) A write on the condition of the version that was " +
			"read needs no sync, if the znode is never deleted and the write depends on nothing else. A list of children and the data of each, read one after the " +
			"other, need never have existed together. A watcher sees the last state, not each one, and a cache is further behind still: a client that has to decide reads the znode.",
		[]string{"ReadNow"},
		"",
	}
)

// Mistakes lists the kinds in the order of the page.
var Mistakes = []*Mistake{Repeats, LooksThenActs, WhoseZnode, NoAtomicity, BeforeItsTime, LeavesZnode, ForgetsToWatch, ThrowsErrorAway, OutlivesSession, OldRead}

// Unjudged lists mistakes in the use of a recipe, which no recipe is convicted of. The page has them at the end.
var Unjudged = []*Mistake{
	{
		"Acts on a lock that it has lost",
		"A lock, or the leadership, ends with the session, and the holder learns of that later: it was disconnected, or stood still. Meanwhile another client holds the lock. " +
			"Checking the lock before each action does not help, because the pause may come between the check and " +
			"the action. No lock in ZooKeeper can prevent this; the resource can. Each holder sends a token that is higher than those before it, and the resource refuses lower ones " +
			"(fencing), also after its own restarts. The czxid of the holder's znode is such a token. If the resource is a znode, a multi checks that the holder's own znode is " +
			"still there; its name must be unique. A holder also stops when it is disconnected, at the latest one session timeout, as granted by the server, after it sent the last " +
			"request that was answered.",
		[]string{"(r *Resource) Write", "WriteWhileHeld"},
		"Curator's LeaderLatch and LeaderSelectorListenerAdapter end the leadership when the state is LOST and, by the default error policy, already when it is SUSPENDED, that is at the disconnection.",
	},
}
