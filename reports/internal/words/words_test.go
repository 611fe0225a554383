package words

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/samples"
)

func TestCostWords(t *testing.T) {
	for want, c := range map[string]*samples.Cost{
		"": nil,
		"put 2.5 requests; each write causes 0 watch events": {
			Operations: map[string]*samples.OperationCost{"put": {OK: 2, Requests: 5}}, Herd: &samples.Herd{Of: "write", OK: 2},
		},
		"look 0 requests": {Operations: map[string]*samples.OperationCost{"look": {OK: 7}}},
	} {
		if got := Cost(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFairnessWords(t *testing.T) {
	clients := func(grants ...int) (all []stats.ClientGrants) {
		for i, n := range grants {
			all = append(all, stats.ClientGrants{Client: i, Asked: n + 1, Grants: n})
		}
		return all
	}
	for want, f := range map[string]*stats.Fairness{
		"": nil,
		"3 grants for each client; 0 of 6 went to a client that had asked later than a waiting one": {
			Grants: 6, Jain: 1, Clients: clients(3, 3),
		},
		"0 to 9 grants per client; 4 of 9 went to a client that had asked later than a waiting one, at most 2 during one wait": {
			Grants: 9, Jain: 0.5, Overtook: 4, MostOvertaken: 2, Clients: clients(9, 0),
		},
	} {
		if got := Fairness(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Fairness(&stats.Fairness{Grants: 5, Jain: 1, Clients: clients(5)}); got != "" {
		t.Errorf("of a single client: %q", got)
	}
}

func TestBeliefWords(t *testing.T) {
	for want, b := range map[string]*samples.Belief{
		"": nil,
		"no two clients believed at the same time that they held": {},
		"2 windows of false belief, 3 s in all, the longest 2 s; a resource that checks tokens refuses 1 of 5 guarded writes": {
			Windows: 2, Total: 3 * time.Second, Longest: 2 * time.Second, Writes: 5, Refused: 1,
		},
	} {
		if got := Belief(b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLabel(t *testing.T) {
	if got := Label("a\x00b\n"+strings.Repeat("c", 20), 6); got != `a\x00b c…` {
		t.Errorf("label: %q", got)
	}
}

// Figures are described in words that make sense to readers who do not know how a
// property is decided.
func TestFiguresInWords(t *testing.T) {
	v := checker.Verdict{Figures: map[string]float64{
		"contended": 232, "core_seconds": 16.5, "proven_share": 0.975, "longest_stale_ms": 12, "keys": 3, "longest_wait_seconds": 1.25,
	}}
	const want = "232 acquires met another holder; 16.5 s of holding was certain; 3 keys; the oldest value that was read was 12 ms old; the longest wait was 1.25 s; 97.5 % of the held time is certain"
	if got := Figures(v); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Every figure that a check counts is declared in words. The checks count them by name.
func TestEveryFigureHasWords(t *testing.T) {
	counted := regexp.MustCompile(`\.(?:[cC]ount|Longest)\("([a-z_]+)"|[fF]igures\["([a-z_]+)"\]`)
	seen := map[string]bool{}
	err := filepath.WalkDir("../../../checker", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range counted.FindAllStringSubmatch(string(source), -1) {
			name := cmp.Or(m[1], m[2])
			seen[name] = true
			if _, ok := figureTexts[name]; !ok {
				t.Errorf("%s counts %q, which has no words", path, name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 100 {
		t.Errorf("only %d figures found", len(seen))
	}
}
