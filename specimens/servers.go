package specimens

import (
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// foundBy lists the defects that servers seem to have under the session workload, each with the property that finds it.
// Broken stands for the first one.
var foundBy = []struct {
	kind             corruptproxy.Corruption
	property, faults string
}{
	{corruptproxy.LostWrite, "durable", ""},
	{corruptproxy.HalfMulti, "atomic", ""},
	{corruptproxy.ReadBehind, "single-image", "reset/1s"},
	{corruptproxy.Reordered, "fifo", ""},
	{corruptproxy.StaleSync, "sync", ""},
	{corruptproxy.EventLate, "watch-before-data", ""},
	{corruptproxy.EventTwice, "one-event", ""},
	{corruptproxy.EventsSwapped, "event-order", ""},
	{corruptproxy.EphemeralKept, "ephemeral", ""},
	{corruptproxy.EphemeralGone, "ephemeral", ""},
	{corruptproxy.NameTwice, "durable", ""}, // what was acknowledged is not what the servers did; "names" where that is not known
	{corruptproxy.OtherSession, "connects", "reset/1s"},
	{corruptproxy.LongTimeout, "connects", ""},
	{corruptproxy.ExpiredAlive, "kept-alive", ""},
	{corruptproxy.Undying, "ephemeral", ""},
	{corruptproxy.Unanswered, "fifo", ""},
	{corruptproxy.ZxidFalls, "single-image", ""},
	{corruptproxy.VersionOff, "durable", ""},
	{corruptproxy.ReadBack, "single-image", ""},
	{corruptproxy.OwnReadBack, "own-writes", ""},
	{corruptproxy.EventMissing, "watch-before-data", ""},
	{corruptproxy.EventFalse, "event-order", ""},
	{corruptproxy.EventOfFailed, "event-order", ""},
	{corruptproxy.ChildMissing, "fenced", ""},
	{corruptproxy.PzxidKept, "views", ""},
	{corruptproxy.TornRead, "views", ""},
	{corruptproxy.MultiIndex, "durable", ""},
	{corruptproxy.WatchesForgotten, "watch-before-data", "reset/1s"},
	{corruptproxy.VersionIgnored, "durable", ""},
	{corruptproxy.EphemeralStays, "ephemeral", ""},
	{corruptproxy.SequenceReused, "names", ""},
	{corruptproxy.PartDone, "atomic", ""},
	{corruptproxy.DoneTwice, "atomic", ""},
	{corruptproxy.RefusedWrongly, "durable", ""},
	{corruptproxy.OtherError, "durable", ""},
	{corruptproxy.CversionOff, "single-image", ""},
	{corruptproxy.EventKind, "event-order", ""},
	{corruptproxy.StuckServer, "timeliness", ""},
	{corruptproxy.RightsIgnored, "rights", ""},
	{corruptproxy.RightsRefused, "rights", ""},
	{corruptproxy.ContainerEarly, "lifetimes", ""},
	{corruptproxy.ContainerFull, "lifetimes", ""},
	{corruptproxy.TTLEarly, "lifetimes", ""},
	{corruptproxy.PersistentMissing, "persistent-watch", ""},
	{corruptproxy.PersistentSwapped, "event-order", ""},
	{corruptproxy.RemovedTells, "persistent-watch", ""},
}

var ofSession = corruptions()

// corruptions returns the subjects of the session workload: the store itself, and those whose servers seem to break a
// promise.
func corruptions() []Specimen {
	all := []Specimen{named(workloads.Own, "the store itself", workloads.Session{})}
	for _, f := range foundBy {
		all = append(all, mutant(string(f.kind), f.property, f.faults, f.kind.About(), workloads.Session{Proxy: f.kind.Through}))
	}
	return all
}

// corrupted returns the correct register on servers that seem to break a promise.
func corrupted(kind corruptproxy.Corruption, property, faults string) Specimen {
	return mutant(string(kind), property, faults, kind.About(), workloads.Register{New: subjects.NewRegister, Proxy: kind.Through}).alone()
}
