//go:build real

package anyprogram

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
)

// A program in Python, unmodified: kazoo's Counter adds twice after a lost reply, and one that looks at what it has written
// does not.
func TestRealKazoo(t *testing.T) {
	programs.Require(t, programs.Kazoo)
	python := must.Get(programs.Python("kazoo"))(t)
	for name, want := range map[string]string{"wrong": "reply-lost:setData /visits#1@client1", "right": ""} {
		t.Run(name, func(t *testing.T) {
			r, err := Explore(t.Context(), Config{Command: []string{python, "testdata/counter.py", "{servers}", name}, Jobs: 4})
			if err != nil {
				t.Fatal(err, strings.Join(r.Plain.Tail, "\n"))
			}
			var found []string
			for _, x := range r.Results {
				if x.Outcome != Passed {
					found = append(found, x.Try.String())
				}
			}
			if v, why := r.Verdict(); strings.Join(found, "; ") != want || (v == checker.Valid) != (want == "") || why != nil {
				t.Errorf("found %q: %s, %v\n%s", found, v, why, r.Text(Try.String))
			}
		})
	}
}
