package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// SyncLag is for how long a read behind a sync may miss what others were told of, at a server
// that clients know by its address: not at all at one that is known to follow, or that is
// one of our own, where the leader, too, answers when it has done what it committed.
func (a *Record) SyncLag(address string, at time.Duration) time.Duration {
	leader := a.leaderAt(at)
	if a.Params.SameClock || leader != "" && leader != address && slices.Contains(a.Params.Addresses, address) {
		return 0
	}
	return history.LeaderLag
}

// leaderAt is the address of the server that led, as it was seen last; "": nobody can tell.
func (a *Record) leaderAt(t time.Duration) string {
	if a.UnseenElections() {
		return ""
	}
	server, seen := a.Health["before"].Leader, uint64(0)
	for _, e := range a.Faults.Elections {
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
	return ok && known && before.Epoch != 0 && after.Epoch-before.Epoch > int64(len(a.Faults.Elections))
}
