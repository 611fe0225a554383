package onerun

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports/internal/sample"
)

// The page shows all parts of the account, and is whole without one.
func TestAccountOnThePage(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Result(h)
	if r.Account = nil; strings.Contains(string(render(t, h, r)["report.html"]), "What the verdict rests on") {
		t.Error("a run that an older zklab decided has an account")
	}
	r.Account = &checker.Account{
		Clients: []checker.ClientAccount{{
			Client: 4, Answered: checker.Stages{Before: 11, Struck: 22, Healed: 33}, Unanswered: checker.Stages{Before: 44, Struck: 55, Healed: 66},
			Times: &checker.ClientTimes{Answered: time.Second, Unanswered: 2 * time.Second, WithoutSession: 3 * time.Second, Idle: 4 * time.Second},
		}},
		Properties: []checker.PropertyAccount{
			{Property: "exclusion", Compared: []checker.Compared{{What: "contended", Healed: 1282}, {What: "read_together", Before: 7}}, LeftOut: []string{"3 <holds>"}},
			{Property: "fencing", LeftOut: []string{"the lock gives no token"}},
		},
		Faults: []checker.FaultAccount{{Number: 1, Kind: "kill", Spec: "kill:leader", Took: true, Servers: 1, Clients: 2, Calls: 3, Called: 40, Answered: 39}},
	}
	page := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(render(t, h, r)["report.html"]), " ")
	page = strings.Join(strings.Fields(page), " ")
	for _, want := range []string{
		"exclusion contended 0 0 1,282 3 &lt;holds&gt; read together 7 0 0", "fencing nothing that is counted by stage the lock gives no token",
		"4 11 22 33 44 55 66 1 s 2 s 3 s 4 s", "1 kill:leader yes 1 server, 2 clients 3 40 39",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
