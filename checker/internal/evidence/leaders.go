package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// SyncLag returns for how long a read after a sync may miss changes that other clients were told
// of, at a server with that address. It is 0 at a server that is known to follow, or that is
// embedded: there even the leader answers only when it has applied what it committed.
func (a *Record) SyncLag(address string, at time.Duration) time.Duration {
	leader := a.leaderAt(at)
	if a.Params.SameClock || leader != "" && leader != address && slices.Contains(a.Params.Addresses, address) {
		return 0
	}
	return history.LeaderLag
}

// leaderAt returns the address of the server that led, as it was last seen; "" if it is unknown.
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

// UnseenElections reports whether the leader changed more often than the known faults explain.
func (a *Record) UnseenElections() bool {
	before, ok := a.Health["before"]
	after, known := a.Health["after"]
	return ok && known && before.Epoch != 0 && after.Epoch-before.Epoch > int64(len(a.Faults.Elections))
}
