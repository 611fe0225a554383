package cli

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/internal/base/advice"
)

// playedElsewhere has the advices that no script can play, with what does.
var playedElsewhere = map[string]string{
	"another-seed":  "reports/onerun: TestNextStepsDecide",
	"higher-bound":  "reports/onerun: TestNextStepsDecide; check.txtar plays the command",
	"again-more":    "reports/onerun: TestNextStepsDecide",
	"own-test":      "it names no command",
	"check-there":   "reports/onerun: TestNextStepsGiveWhatWasMissing; decide.txtar plays the command",
	"survivors":     "object: TestDeadProcesses",
	"more-survive":  "object: TestDeadProcesses; reports/onerun: TestNextStepsGiveWhatWasMissing",
	"other-version": "reports/onerun: TestNextStepsGiveWhatWasMissing",
	"full-load":     "internal/lab/sweep: TestAskedForAndNeverTook",
	"more-runs":     "stats/gates: whether a fault leads to the time is chance",
	"runs-cell":     "script/matrix.txtar",
	"server-states": "script/control.txtar",
	"calmer-rounds": "it names no command",
	"small-search":  "checker/declared: TestBudgets",
	"check-for":     "script/check.txtar, but for the three minutes",
	"this-many":     "stats/gates: it is an estimate",
}

// TestAdvice plays each situation in which zklab tells its user what to do next, does what it says, and sees that it
// helps.
func TestAdvice(t *testing.T) {
	var played sync.Map
	p := params("testdata/advice")
	p.Cmds["advised"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if advised(ts, neg, args) {
			played.Store(args[0], true)
		}
	}
	t.Run("play", func(t *testing.T) { testscript.Run(t, p) })
	for _, a := range advice.All() {
		if _, ok := played.Load(a.Name); ok == (playedElsewhere[a.Name] != "") {
			t.Errorf("%q (%s): is played %v, in testdata/advice; elsewhere: %q", a.Name, a.Situation, ok, playedElsewhere[a.Name])
		}
	}
}

// target is what follows an advice on a page: a command, or a link.
var target = regexp.MustCompile(`(?s)^.{0,200}?(?:<code[^>]*>(.*?)</code>|href="(.*?)")`)

// advised asserts that the last command, or a page, gives an advice. The variables A1, A2 … are what it names.
func advised(ts *testscript.TestScript, neg bool, args []string) bool {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: advised name [page]")
	}
	for _, a := range advice.All() {
		if a.Name != args[0] {
			continue
		}
		var text string
		if len(args) == 2 {
			text = html.UnescapeString(ts.ReadFile(args[1]))
		} else {
			text = ts.ReadFile("stdout") + "\n" + ts.ReadFile("stderr")
		}
		at := a.Pattern().FindStringSubmatchIndex(text)
		if (at == nil) != neg {
			ts.Fatalf("gives the advice %q: %v", args[0], at != nil)
		}
		if neg {
			return false
		}
		for i := 1; i < len(at)/2; i++ {
			ts.Setenv("A"+strconv.Itoa(i), strings.TrimSpace(text[at[2*i]:at[2*i+1]]))
		}
		if m := target.FindStringSubmatch(text[at[1]:]); len(args) == 2 && m != nil {
			ts.Setenv("A1", strings.TrimSpace(m[1]+m[2]))
		}
		return true
	}
	ts.Fatalf("no advice is called %q", args[0])
	return false
}
