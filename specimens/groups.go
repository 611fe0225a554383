package specimens

import (
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

var ofMembership = []Specimen{
	own(workloads.Membership{New: subjects.NewGroup}),
	mutant("one-shot-watch", "converge", "", "sets its watch once, and misses all changes after the first", workloads.Membership{New: broken.OneShotWatch}),
	mutant("rejoin-lost", "converge", "expire:holder/1500ms", "does not join again after its session ended", workloads.Membership{New: broken.RejoinLost}),
	mutant("persistent-member", "converge", "expire:holder/1500ms", "creates persistent members, and forgets them when its session ends", workloads.Membership{New: broken.PersistentMember}).besides("fresh", "log"), // a member that stays behind is listed at once, and for ever
	mutant("gives-up-leaving", "converge", "lose-request:delete/300ms", "does not delete its znode if its first attempt to leave fails", workloads.Membership{New: broken.GivesUpLeaving}),
	mutant("cache-forgets-late", "fresh", "", "still lists other members for a second after they left", workloads.Membership{New: broken.CacheForgetsLate}).besides("snapshots"),
	mutant("tells-the-past", "monotone", "", "reports a change, then the state before it", workloads.Membership{New: broken.TellsThePast}),
	mutant("torn-list", "snapshots", "", "lists a set of members that never existed at one time", workloads.Membership{New: broken.TornList}),
	mutant("looks-then-leaves", "own-znodes", "freeze:owner@300ms+9s,freeze:owner@1s+9s", "looks whether the znode is its own, then deletes whatever is there", workloads.Membership{New: broken.LooksThenLeaves}).besides("converge", "fresh"),
}

var ofDiscovery = []Specimen{
	own(workloads.Discovery{New: subjects.NewService}),
	variant("directory", "the recipe of package recipes, observed through its Directory", workloads.Discovery{New: subjects.NewDirectoryService}),
	mutant("one-shot-watch", "converge", "", "sets its watch once, and misses all changes after the first", workloads.Discovery{New: broken.ServiceOf(broken.OneShotWatch)}),
	mutant("not-registered-again", "converge", "expire:holder/1500ms", "does not register again after its session ended", workloads.Discovery{New: broken.ServiceOf(broken.RejoinLost)}),
	mutant("persistent-instance", "converge", "expire:holder/1500ms", "creates persistent instances, and forgets them when its session ends", workloads.Discovery{New: broken.ServiceOf(broken.PersistentMember)}).besides("fresh", "log"), // as for groups
	mutant("cache-forgets-late", "fresh", "", "still returns other instances for a second after they left", workloads.Discovery{New: broken.ServiceOf(broken.CacheForgetsLate)}).besides("snapshots"),
	mutant("tells-the-past", "monotone", "", "reports a change, then the state before it", workloads.Discovery{New: broken.ServiceOf(broken.TellsThePast)}).besides("pick"),
	mutant("torn-lookup", "snapshots", "", "returns a set of instances that never existed at one time", workloads.Discovery{New: broken.ServiceOf(broken.TornList)}),
	mutant("looks-then-unregisters", "own-znodes", "freeze:owner@300ms+9s,freeze:owner@1s+9s", "looks whether the znode is its own, then deletes whatever is there", workloads.Discovery{New: broken.ServiceOf(broken.LooksThenLeaves)}).besides("converge", "fresh"),
	mutant("picks-the-gone", "pick", "", "keeps picking an instance that it knows has left", workloads.Discovery{New: broken.PicksTheGone}).besides("converge"), // it sticks to it for ever
	mutant("panics-when-empty", "no-panic", "", "picks the first instance without checking that there is one", workloads.Discovery{New: broken.PanicsWhenEmpty}).alone(),
}

var ofBarrier = []Specimen{
	own(workloads.Barrier{New: subjects.NewBarrier}),
	mutant("await-times-out-as-ok", "early", "", "reports a wait that timed out as one that saw the barrier open", workloads.Barrier{New: broken.AwaitTimesOut}),
	mutant("exists-without-watch", "late", "", "reads once without setting a watch, so that it never learns of the change", workloads.Barrier{New: broken.ExistsWithoutWatch}),
	mutant("opens-on-expiry", "early", "expire:waiter/400ms", "treats the end of its session as the barrier opening", workloads.Barrier{New: broken.OpensOnExpiry}),
}

var ofDoubleBarrier = []Specimen{
	own(workloads.DoubleBarrier{New: subjects.NewDoubleBarrier}),
	mutant("leave-without-waiting", "leave", "", "leaves while other members are still inside", workloads.DoubleBarrier{New: broken.LeaveWithoutWaiting}),
	mutant("counts-children", "progress", "", "counts children, so the last member to count may find that some already left", workloads.DoubleBarrier{New: broken.CountsChildren}).besides("leave", "enter"),
	mutant("timed-out-still-counted", "enter", "", "counts members that gave up", workloads.DoubleBarrier{New: broken.TimedOutStillCounted}),
	mutant("ready-outlives", "enter", "expire:all/700ms", "lets members in while the ready znode of an earlier round exists", workloads.DoubleBarrier{New: broken.ReadyOutlives}),
	// A client that comes again while its former session is still counted waits for that
	// session when leaving.
	mutant("counts-the-dead", "enter", "expire:waiter/500ms", "counts members whose sessions have ended", workloads.DoubleBarrier{New: broken.CountsTheDead}).besides("progress"),
}

var ofTwoPhaseCommit = []Specimen{
	own(workloads.TwoPhaseCommit{New: subjects.NewTransaction}),
	mutant("decision-by-set", "irrevocable", "", "checks that there is no decision, then writes its own without checking the version", workloads.TwoPhaseCommit{New: broken.DecisionBySet}).besides("agreement"),
	mutant("site-aborts-on-timeout", "agreement", "", "a site aborts on its own after waiting for some time", workloads.TwoPhaseCommit{New: broken.SiteAbortsOnTimeout}).besides("no-lazy-abort", "log"),
	mutant("counts-votes-not-sites", "validity", "", "commits when the number of votes equals the number of sites", workloads.TwoPhaseCommit{New: broken.CountsVotesNotSites}),
	mutant("has-no-patience", "no-lazy-abort", "", "counts a missing vote as no at once", workloads.TwoPhaseCommit{New: broken.HasNoPatience}),
	mutant("waits-for-coordinator", "termination", "", "sites wait for a coordinator although all have voted", workloads.TwoPhaseCommit{New: broken.WaitsForCoordinator}),
}
