package leftovers

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// addWatches adds the watches of the clients' sessions on znodes that have been deleted. Each
// counts for the last operation that its client had begun when the record first shows the deletion:
// the watch is newer than the deletion, which would have fired it. addWatches returns the number of
// all watches of these sessions; -1 if that is not known.
func (all groups) addWatches(a *evidence.Record, c calls) (total int) {
	told, ok := watches(a)
	if !ok {
		return -1
	}
	latest := latestAt(a)
	for _, of := range told.Sessions {
		s := a.Session(of.Session)
		if s == nil || s.Client < 0 {
			continue
		}
		total += len(of.Paths)
		for _, path := range of.Paths {
			n := latest[path]
			if n == nil || n.Deleted == evidence.StillThere {
				continue
			}
			if i := c.begun(a, s.Client, n.Deleted); i >= 0 {
				all.add(a, n, Watch, c.of[s.Client][i], true)
			}
		}
	}
	return total
}

// watches returns the watches that the servers reported; false if not all of them did.
func watches(a *evidence.Record) (told history.Watches, ok bool) {
	for _, e := range a.History.Facts() {
		if e.Process == history.Nemesis && e.F == history.FWatches {
			err := e.Decode(&told)
			return told, err == nil && len(told.Unread) == 0
		}
	}
	return told, false
}

// latestAt returns the last znode that existed at each path.
func latestAt(a *evidence.Record) map[string]*evidence.Znode {
	latest := map[string]*evidence.Znode{}
	for _, folder := range a.Log.Folders {
		for _, n := range folder { // in order of creation
			latest[n.Path] = n
		}
	}
	return latest
}
