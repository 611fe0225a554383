package mix

import (
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Half of the clients keep their names as members and instances when their processes are restarted.
func TestProcessesKeepNames(t *testing.T) {
	for _, w := range []workloads.Workload{workloads.Membership{New: subjects.NewGroup}, workloads.Discovery{New: subjects.NewService}} {
		for _, seed := range []int64{1, 6} { // processes crash
			names, lives := map[string][]int{}, map[int]int{}
			keep := map[int]bool{} // which half of the clients keep names, by the parity of their numbers
			for _, e := range seedOf(t, w, seed).History.Events {
				if e.F == history.FExited {
					lives[e.Client]++
				}
				if e.Type != history.Invoke || e.F != models.FJoin && e.F != models.FRegister {
					continue
				}
				var v models.Joining
				must.Do(t, e.Decode(&v))
				name := e.Key + v.Member
				if had := names[name]; len(had) > 0 {
					keep[e.Client%2] = true
					if had[len(had)-1] == lives[e.Client] {
						t.Errorf("%s, seed %d: a process joined %s as %s twice", w.Name(), seed, e.Key, v.Member)
					}
				}
				names[name] = append(names[name], lives[e.Client])
			}
			if len(keep) != 1 {
				t.Errorf("%s, seed %d: %d halves of the clients keep names, want 1", w.Name(), seed, len(keep))
			}
		}
	}
}
