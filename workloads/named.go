package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/liar"
	"github.com/zklab/zklab/subjects"
)

// The names of subjects that come with zklab.
const (
	Own         = "zklab"        // the recipe of package recipes
	GoZookeeper = "go-zookeeper" // what comes with the client library
	Broken      = "broken"       // wrong on purpose, to show what a violation looks like
)

// named are the workloads that have names, with their subjects.
var named = []struct {
	recipe   string
	about    string
	subjects map[string]Workload
}{
	{"lock", "an exclusive lock", map[string]Workload{
		Own: Lock{subjects.NewLock}, GoZookeeper: Lock{subjects.GoZookeeperLock}, Broken: Lock{subjects.BrokenLock},
	}},
	{"queue", "a FIFO queue", map[string]Workload{
		Own: Queue{subjects.NewQueue}, Broken: Queue{subjects.BrokenQueue},
	}},
	{"barrier", "a barrier that holds everybody back while it is up", map[string]Workload{
		Own: Barrier{subjects.NewBarrier}, Broken: Barrier{subjects.BrokenBarrier},
	}},
	{"double-barrier", "a barrier that members pass together, in and out", map[string]Workload{
		Own: DoubleBarrier{subjects.NewDoubleBarrier}, Broken: DoubleBarrier{subjects.BrokenDoubleBarrier},
	}},
	{"election", "a leader election", map[string]Workload{
		Own: Election{subjects.NewElection}, Broken: Election{subjects.BrokenElection},
	}},
	{"register", "the store itself: one znode that is written, compared and set, and read", map[string]Workload{
		Own: Register{subjects.NewRegister}, Broken: Register{subjects.BrokenRegister},
	}},
	{"session", "the store itself: what servers promise to a session", map[string]Workload{
		Own: Session{}, Broken: Session{Lie: liar.LostWrite},
	}},
}

// Recipes lists the names of the workloads.
func Recipes() []string {
	var names []string
	for _, n := range named {
		names = append(names, n.recipe)
	}
	return names
}

// About says in a few words what a recipe is.
func About(recipe string) string {
	for _, n := range named {
		if n.recipe == recipe {
			return n.about
		}
	}
	return ""
}

// Subjects lists the subjects of a recipe, the library's own first.
func Subjects(recipe string) []string {
	var names []string
	for _, n := range named {
		if n.recipe != recipe {
			continue
		}
		for _, s := range []string{Own, GoZookeeper, Broken} {
			if _, ok := n.subjects[s]; ok {
				names = append(names, s)
			}
		}
	}
	return names
}

// Named gives the workload of a recipe with one of its subjects.
func Named(recipe, subject string) (Workload, error) {
	for _, n := range named {
		if n.recipe != recipe {
			continue
		}
		if w, ok := n.subjects[subject]; ok {
			return w, nil
		}
		return nil, fmt.Errorf("recipe %s has no subject %q; it has %s", recipe, subject, strings.Join(Subjects(recipe), ", "))
	}
	names := Recipes()
	slices.Sort(names)
	return nil, fmt.Errorf("unknown recipe %q; known are %s", recipe, strings.Join(names, ", "))
}
