package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/liar"
	"github.com/zklab/zklab/internal/nearest"
	"github.com/zklab/zklab/subjects"
)

// The names of subjects that come with zklab.
const (
	Own         = "zklab"        // the recipe of package recipes
	GoZookeeper = "go-zookeeper" // what comes with the client library
	// Broken is one that is wrong on purpose, to show what a violation looks like.
	// There are several, one for each of Broken, a colon, and what is wrong.
	Broken = "broken"
)

// brokenBy is followed by what is wrong.
const brokenBy = Broken + ":"

// Subject is a subject that has a name.
type Subject struct {
	Recipe string `json:"recipe"`
	Name   string `json:"name"` // as Named takes it
	About  string `json:"about"`
	// Property is the one that finds what is wrong on purpose; "" where nothing is.
	Property string `json:"property,omitempty"`
	// Faults bring out what is wrong, as faults.Parse reads them; "" where clients
	// that compete are enough.
	Faults string `json:"faults,omitempty"`

	workload Workload
}

// recipe is a workload that has a name, with its subjects: the library's own first.
// The first one that is broken is what Broken means.
type recipe struct {
	name     string
	about    string
	subjects []Subject
}

func own(w Workload) Subject {
	return Subject{Name: Own, About: "the recipe of package recipes", workload: w}
}

// broken is a subject with one planted defect, under the name of that.
func broken(defect, property, faults, about string, w Workload) Subject {
	return Subject{Name: brokenBy + defect, About: about, Property: property, Faults: faults, workload: w}
}

var named = []recipe{
	{"lock", "an exclusive lock", []Subject{
		own(Lock{subjects.NewLock}),
		{Name: GoZookeeper, About: "the lock that comes with the client library", workload: Lock{subjects.GoZookeeperLock}},
		broken("check-then-create", "exclusion", "", "looks whether anybody holds the lock, then makes its own znode and believes it", Lock{subjects.BrokenLock}),
		broken("ignores-expiry", "lost", "expire/1500ms", "goes on holding after its session has died", Lock{subjects.IgnoresExpiry}),
		broken("token-of-its-own", "tokens", "", "each client counts its fencing tokens by itself", Lock{subjects.TokenOfItsOwn}),
	}},
	{"queue", "a FIFO queue", []Subject{
		own(Queue{subjects.NewQueue}),
		broken("read-then-delete", "integrity", "", "gives out an item though somebody else was quicker to delete it", Queue{subjects.BrokenQueue}),
		broken("blind-delete-retry", "loss", "lose-reply:delete/300ms", "deletes again after a lost reply, finds nothing, and takes the next item", Queue{subjects.BlindDeleteRetry}),
		broken("recreates", "integrity", "lose-reply:create/300ms", "puts an item again after a lost reply", Queue{subjects.Recreates}),
	}},
	{"barrier", "a barrier that holds everybody back while it is up", []Subject{
		own(Barrier{subjects.NewBarrier}),
		broken("await-times-out-as-ok", "early", "", "takes the end of its patience for the lift", Barrier{subjects.BrokenBarrier}),
		broken("exists-without-watch", "late", "", "looks once, and waits for a word that nobody will say", Barrier{subjects.ExistsWithoutWatch}),
	}},
	{"double-barrier", "a barrier that members pass together, in and out", []Subject{
		own(DoubleBarrier{subjects.NewDoubleBarrier}),
		broken("leave-without-waiting", "leave", "", "leaves while others are still in", DoubleBarrier{subjects.BrokenDoubleBarrier}),
		broken("timed-out-still-counted", "enter", "", "counts members that have given up, and leaves without waiting", DoubleBarrier{subjects.TimedOutStillCounted}),
		broken("counts-the-dead", "enter", "expire:waiter/1500ms", "counts members whose session has ended", DoubleBarrier{subjects.CountsTheDead}),
	}},
	{"election", "a leader election", []Subject{
		own(Election{subjects.NewElection}),
		broken("sorts-by-id", "exclusion", "", "sorts candidates by their ids and not by their numbers", Election{subjects.BrokenElection}),
		broken("never-regains", "progress", "expire/1500ms", "does not stand again in a new session", Election{subjects.NeverRegains}),
	}},
	{"register", "the store itself: one znode that is written, compared and set, and read", []Subject{
		{Name: Own, About: "the store, used as it should be", workload: Register{subjects.NewRegister}},
		broken("cas-without-version", "linearizable", "", "compares, then sets whatever is there by then", Register{subjects.BrokenRegister}),
		broken("plain-as-fenced", "linearizable", "partition:one+1500ms/3s", "reads plainly, whatever is asked for", Register{subjects.PlainAsFenced}),
		broken("retry-cas-blind", "zxid-order", "lose-reply:setData:who=all/1s", "compares and sets again after a lost reply", Register{subjects.RetryCASBlind}),
		broken("retry-write-blind", "zxid-order", "lose-reply:setData:who=all/1s", "writes again after a lost reply", Register{subjects.RetryWriteBlind}),
		broken("swallows-errors", "durable", "lose-request:setData:who=all/1s", "takes a write for done when it was sent", Register{subjects.SwallowsErrors}),
		broken("cache-goes-back", "plain-reads", "", "gives plain reads from a cache, and others not", Register{subjects.CacheGoesBack}),
		broken("cache-behind-sync", "sync-reads", "", "gives reads behind a sync from a cache", Register{subjects.CacheBehindSync}),
	}},
	{"session", "the store itself: what servers promise to a session", append([]Subject{
		{Name: Own, About: "the store, as it is", workload: Session{}},
	}, lies()...)},
}

// foundBy is the property that finds each lie; the first one is what Broken means.
var foundBy = []struct {
	lie              liar.Lie
	property, faults string
}{
	{liar.LostWrite, "durable", ""},
	{liar.HalfMulti, "atomic", ""},
	{liar.ReadBehind, "single-image", "reset/1s"},
	{liar.Reordered, "fifo", ""},
	{liar.StaleSync, "sync", ""},
	{liar.EventLate, "watch-before-data", ""},
	{liar.EventTwice, "one-event", ""},
	{liar.EventsSwapped, "event-order", ""},
	{liar.EphemeralKept, "ephemeral", ""},
	{liar.EphemeralGone, "ephemeral", ""},
	{liar.NameTwice, "durable", ""}, // what was acknowledged is not what the servers did; "names" where that is not known
}

// lies are the subjects of the session workload of which servers seem to break a
// promise.
func lies() (all []Subject) {
	for _, f := range foundBy {
		all = append(all, broken(string(f.lie), f.property, f.faults, f.lie.About(), Session{Lie: f.lie}))
	}
	return all
}

// Recipes lists the names of the workloads.
func Recipes() []string {
	var names []string
	for _, r := range named {
		names = append(names, r.name)
	}
	return names
}

// About says in a few words what a recipe is.
func About(recipe string) string {
	r, _ := find(recipe)
	return r.about
}

// Subjects lists the subjects of a recipe, the library's own first, then others',
// then those that are broken, of which the first is also called just Broken.
func Subjects(recipe string) []Subject {
	r, _ := find(recipe)
	all := slices.Clone(r.subjects)
	for i := range all {
		all[i].Recipe = r.name
	}
	return all
}

func find(name string) (recipe, bool) {
	i := slices.IndexFunc(named, func(r recipe) bool { return r.name == name })
	if i < 0 {
		return recipe{}, false
	}
	return named[i], true
}

// Named gives the workload of a recipe with one of its subjects.
func Named(recipe, subject string) (Workload, error) {
	r, ok := find(recipe)
	if !ok {
		names := Recipes()
		slices.Sort(names)
		return nil, fmt.Errorf("unknown recipe %q%sknown are %s", recipe, nearest.DidYouMean(recipe, names), strings.Join(names, ", "))
	}
	for _, s := range r.subjects {
		if s.Name == subject || subject == Broken && s.isBroken() {
			return s.workload, nil
		}
	}
	if defect, ok := strings.CutPrefix(subject, brokenBy); ok {
		defects := r.defects()
		return nil, fmt.Errorf("recipe %s has no planted defect %q%sit has %s", recipe, defect, nearest.DidYouMean(defect, defects), strings.Join(defects, ", "))
	}
	names := r.short()
	return nil, fmt.Errorf("recipe %s has no subject %q%sit has %s", recipe, subject, nearest.DidYouMean(subject, names), strings.Join(names, ", "))
}

// Short lists what subjects of a recipe are called, those that are broken together
// as Broken.
func Short(recipe string) []string {
	r, _ := find(recipe)
	return r.short()
}

func (r recipe) short() (names []string) {
	for _, s := range r.subjects {
		if s.isBroken() {
			return append(names, Broken)
		}
		names = append(names, s.Name)
	}
	return names
}

// defects lists what may follow Broken and a colon.
func (r recipe) defects() (names []string) {
	for _, s := range r.subjects {
		if defect, ok := strings.CutPrefix(s.Name, brokenBy); ok {
			names = append(names, defect)
		}
	}
	return names
}

func (s Subject) isBroken() bool { return strings.HasPrefix(s.Name, brokenBy) }
