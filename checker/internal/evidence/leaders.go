package evidence

import (
	"slices"
	"time"
)

// LeaderLag is how far a leader may be behind its followers. It sends them a commit before it
// does it itself, and answers a sync of its own clients at once: they can miss what a client
// of a quicker follower was told of (seen: 12 ms on an idle machine, ZooKeeper 3.9).
const LeaderLag = 250 * time.Millisecond

// SyncLag is for how long a read behind a sync may miss what others were told of, at a server
// that clients know by its address: not at all at one that is known to follow, or that is
// one of our own, where the leader, too, answers when it has done what it committed.
func (a *Record) SyncLag(address string, at time.Duration) time.Duration {
	leader := a.leaderAt(at)
	if a.Params.SameClock || leader != "" && leader != address && slices.Contains(a.Params.Addresses, address) {
		return 0
	}
	return LeaderLag
}

// leaderAt is the address of the server that led, as it was seen last; "": nobody can tell.
func (a *Record) leaderAt(t time.Duration) string {
	if a.UnseenElections() {
		return ""
	}
	server, seen := a.Health["before"].Leader, uint64(0)
	for _, e := range a.Faults.Elected {
		if e.At <= t {
			server = e.Server
			seen++
		}
	}
	if a.Tie().newEpochs(t) > seen { // nobody may have looked at the end
		return ""
	}
	if server < 1 || server > len(a.Params.Addresses) {
		return ""
	}
	return a.Params.Addresses[server-1]
}

// UnseenElections says that the leader changed more often than faults were seen to have
// done it.
func (a *Record) UnseenElections() bool {
	before, ok := a.Health["before"]
	after, known := a.Health["after"]
	return ok && known && before.Epoch != 0 && after.Epoch-before.Epoch > int64(len(a.Faults.Elected))
}
