package onerun

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
)

// What was left is in the summary and on the page; if it is not known, neither claims that nothing was.
func TestLeftovers(t *testing.T) {
	m := material.Of(t.TempDir(), sample.LockRun(false), sample.Result(sample.LockRun(false)))
	shown := func() (summary, page string) {
		html := must.Get(pageOf(m, nil, nil))(t)
		return Summary(m.Result, nil, Screen{Full: true}), string(html)
	}
	if summary, page := shown(); strings.Contains(summary, "left behind") || strings.Contains(page, "Left behind") {
		t.Errorf("something is said of what is not known: %s", summary)
	}
	m.Result.Leftovers = &checker.Leftovers{Watches: -1}
	if summary, page := shown(); !strings.Contains(summary, "  left behind  no znode\n") || !strings.Contains(page, "The clients left behind on the servers: no znode.") {
		t.Errorf("nothing was left: %s", summary)
	}
	group := checker.LeftGroup{Pattern: "k*/<mark>-*", Kind: "ephemeral", F: "acquire", Outcome: history.OK, Left: 1400, AtEnd: 1200, Operations: 1500, Leaving: 1399, FirstHalf: 700, Grows: true}
	m.Result.Leftovers = &checker.Leftovers{Persistent: 1, Ephemeral: 1200, Watches: 3, Groups: []checker.LeftGroup{group}}
	summary, page := shown()
	if want := "  left behind  1 persistent znode, 1,200 ephemeral znodes, 3 watches\n"; !strings.Contains(summary, want) {
		t.Errorf("no %q in %s", want, summary)
	}
	if err := sample.Fits(summary); err != nil {
		t.Error(err)
	}
	group.Grows = false
	m.Result.Leftovers.Groups[0] = group
	if summary, _ := shown(); !strings.Contains(strings.Join(strings.Fields(summary), " "), "3 watches (no growth with the load was seen)") {
		t.Errorf("nothing says that it did not grow: %s", summary)
	}
	want := `<tr><td><code>k*/&lt;mark&gt;-*</code></td><td>ephemeral</td><td class="number">1,400</td><td class="number">1,200</td>` +
		`<td>acquire (ok)</td><td class="number">1,399 of 1,500</td><td><b>yes</b></td></tr>`
	if !strings.Contains(page, want) {
		t.Errorf("the page does not have %s", want)
	}
}

// The page has the largest groups, and all groups that grew.
func TestLeftGroups(t *testing.T) {
	p := page{Result: sample.Result(sample.LockRun(false))}
	p.Leftovers = &checker.Leftovers{Groups: make([]checker.LeftGroup, 30)}
	p.Leftovers.Groups[20].Grows = true
	if got := p.LeftGroups(); len(got) != mostLeft+1 || !got[mostLeft].Grows {
		t.Errorf("%d groups", len(got))
	}
}
