package zklab_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// explored is a counter that two clients change.
func explored(t *testing.T, subject string) zklab.Experiment {
	t.Helper()
	w := must.Get(specimens.Named("counter", subject))(t)
	return zklab.Experiment{Workload: w, Clients: 2, AllowUnknown: true, Budget: -1}
}

// A counter that repeats an unanswered write is wrong where a reply to a write is lost, and
// nowhere else; zklab's own counter is right at each message.
func TestExplore(t *testing.T) {
	if os.Getenv(planted) != "" {
		zklab.Explore(t, explored(t, "broken:retries-set-after-loss"))
		return
	}
	zklab.Explore(t, explored(t, workloads.Own))
	text := string(failing(t, "^TestExplore$"))
	for _, want := range []string{"single faults at the ", "lose-reply at add/setData/reply", "linearizable is violated", "  shrunk  to "} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not print %q:\n%s", want, text)
		}
	}
}

// Faults that change nothing are tried only once in the rounds of a loop.
func TestExploreLoops(t *testing.T) {
	if os.Getenv(planted) != "" {
		zklab.Explore(t, polls(nil))
		return
	}
	t.Parallel()
	text := string(passing(t, "^TestExploreLoops$", "-test.v"))
	numbers := regexp.MustCompile(`zklab: [0-9]+ points, ([0-9]+) single faults, of which ([0-9]+) are implied`).FindStringSubmatch(text)
	if numbers == nil {
		t.Fatalf("no loops in:\n%s", text)
	}
	all, _ := strconv.Atoi(numbers[1])
	implied, _ := strconv.Atoi(numbers[2])
	if implied < all/3 || !strings.Contains(text, "no single fault at any of the ") || !strings.Contains(text, fmt.Sprintf(", %d implied by loops)", implied)) {
		t.Errorf("%d of %d implied:\n%s", implied, all, text)
	}
}

// A defect in the first round of a loop is found, and so is one in a later round.
func TestExploreFindsDefectsInLoops(t *testing.T) {
	for name, wrong := range map[string]func(round int) bool{
		"first round":  func(round int) bool { return round == 1 },
		"later rounds": func(round int) bool { return round > 3 },
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(planted) != "" {
				zklab.Explore(t, polls(wrong))
				return
			}
			t.Parallel()
			text := string(failing(t, "^TestExploreFindsDefectsInLoops$/^"+strings.ReplaceAll(name, " ", "_")+"$"))
			if !strings.Contains(text, "at acquire/exists") || !strings.Contains(text, " implied by loops)") {
				t.Error(text)
			}
		})
	}
}

// An exploration whose budget ends before each single fault was tried is undecided, and says how
// far it came, even where it passes.
func TestExploreBudget(t *testing.T) {
	x := explored(t, workloads.Own).WithClock(ticking(time.Second))
	x.Budget = 0
	if allow := os.Getenv(planted); allow != "" {
		x.AllowUnknown = allow == allowed
		zklab.Explore(t, x)
		return
	}
	const (
		ended   = "since the budget of 1m0s is over (Experiment.Budget sets another)"
		reached = `[1-9][0-9]? of [0-9]{3} single faults were tried`
	)
	for _, c := range []struct {
		text string
		want []string
	}{
		{string(passing(t, "^TestExploreBudget$")), []string{
			`(?m)^zklab: TestExploreBudget: after 1[0-9]s, for 1m0s at most: ` + reached + `; 0 broke a promise$`,
			`(?m)^zklab: TestExploreBudget: not everything was explored, ` + regexp.QuoteMeta(ended) + `: ` + reached + `; 0 broke a promise$`,
		}},
		{string(failing(t, "^TestExploreBudget$")), []string{
			`nothing was violated, but not everything could be decided: no promise was broken so far by [1-9][0-9]? of the [0-9]{3} single faults`,
			`the rest was not tried, ` + regexp.QuoteMeta(ended), reached,
		}},
	} {
		for _, want := range c.want {
			if !regexp.MustCompile(want).MatchString(c.text) {
				t.Errorf("no %q in:\n%s", want, c.text)
			}
		}
	}
}
