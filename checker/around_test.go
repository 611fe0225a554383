package checker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
)

// queuedAround is a run in which client 1 takes the last n items in session 77, about
// which its link knows nothing.
func queuedAround(n int) *checktest.Record {
	const before = 30
	r := queued(before).Opens(77)
	for i := before; i < before+n; i++ {
		item := fmt.Sprint("x", i)
		r.Put(0, 10+20*i, 12+20*i, item, history.OK).Take(1, 14+20*i, 16+20*i, item, history.OK)
		r.Inserts(1, item).Removes(77, item)
	}
	return r.Shown(2000)
}

// heldAround is a run in which client 1 stands for its last n holds in session 77,
// which ends while the client holds. Another client is then rightly granted the lock.
func heldAround(n int) *checktest.Record {
	const before = 30
	r := holding(before).Opens(77)
	for i := before; i < before+2*n; i++ {
		c := i % 2
		s := []history.ID{1, 77}[c]
		r.Stands(s, i)
		r.Hold(checktest.Grant{Client: c, Inv: 10 + 20*i, Ret: 12 + 20*i, Release: 18 + 20*i, Token: r.Zxid})
		r.Touches(history.ID(c+1)).Saw(14+20*i, c, r.Zxid-checktest.Epoch, 13+20*i)
		r.Leaves(s, s, i)
	}
	r.Stands(77, 900)
	r.Hold(checktest.Grant{Client: 1, Inv: 1950, Ret: 1960, Release: 1990, Token: r.Zxid})
	r.Closes(77).Stands(1, 901)
	r.Hold(checktest.Grant{Client: 0, Inv: 1970, Ret: 1975, Release: 1980, Token: r.Zxid})
	r.Leaves(1, 1, 901)
	return r.Touches(1).Touches(2).Saw(2000, 0, r.Zxid-checktest.Epoch-1, 1990).Saw(2000, 1, r.Zxid-checktest.Epoch, 1995)
}

func TestClientsThatGoAroundTheirLinks(t *testing.T) {
	tests := []struct {
		name    string
		record  *checktest.Record
		accused bool // without a look at the sessions
		says    string
	}{
		{"takes", queuedAround(5), true, "client 1 went around its link: session 0x4d, which no link carried, wrote below /k 5 times"},
		{"holds", heldAround(6), true, "client 1 went around its link: session 0x4d, which no link carried, wrote below /k 13 times"},
		{
			"one that did nothing in its own session",
			queued(3).Txn(history.Txn{Type: "create", Session: 77, Path: "/k/a"}).Inserts(1, "y").Removes(2, "y").
				Txn(history.Txn{Type: "delete", Session: 77, Path: "/k/a"}).Shown(300),
			false, "client 2 went around its link: session 0x4d, which no link carried, wrote below /k twice",
		},
		{
			"anybody", queued(3).Txn(history.Txn{Type: "create", Session: 77, Path: "/k/a"}).Shown(300),
			false, "a client went around its link: session 0x4d, which no link carried, wrote below /k once",
		},
		{
			"one that was refused", queued(3).Txn(history.Txn{Type: "delete", Session: 77, Path: "/k/a", Error: -101}).Shown(300),
			false, "a client went around its link: session 0x4d",
		},
		{
			"two", queuedAround(3).Removes(78, "x9").Shown(3000),
			true, "client 1 went around its link: 2 sessions that no link carried (0x4d, 0x4e) wrote below /k 4 times",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := Run(t.Context(), tt.record.Build(), Options{Transactions: tt.record.Txns})
			if (before.Verdict == Violation) != tt.accused {
				t.Errorf("a record without a root: %s", before.Verdict)
			}
			r := Run(t.Context(), tt.record.Linked().Build(), Options{Transactions: tt.record.Txns})
			if r.Verdict != Unknown {
				t.Errorf("verdict %s", r.Verdict)
			}
			for _, v := range r.Verdicts {
				if v.Result != Unknown && !v.Measured || len(v.Story) > 0 || len(v.Counterexample) > 0 {
					t.Errorf("%+v", v)
				}
			}
			unmet := unmet(r)
			if !strings.Contains(unmet, tt.says) || !strings.Contains(unmet, "ensembleTracker(false)") || !strings.Contains(unmet, "WithDialer") {
				t.Errorf("it says %q, want %q", unmet, tt.says)
			}
		})
	}
}

// unmet returns the text about the links; "" if no client bypassed its link.
func unmet(r Report) string {
	for _, s := range r.Assumptions {
		if s.Name == "links" && !s.Met {
			return s.Text
		}
	}
	return ""
}

// The missing end of a record that was cut off accuses no client, but the part that is
// there does.
func TestARecordThatWasCutOffAccusesNobodyOfTheRest(t *testing.T) {
	r := queued(3).Linked()
	r.Shown(300)
	seen := r.Zxid
	r.Txn(history.Txn{Type: "create", Session: 77, Path: "/k/a"})
	h := r.Build()
	h.Complete = false
	for _, tt := range []struct {
		seen    history.ID
		accused bool
	}{{seen, false}, {r.Zxid, true}} {
		h.Events[len(h.Events)-1].Seen = tt.seen
		if got := unmet(Run(t.Context(), h, Options{Transactions: r.Txns})); (got != "") != tt.accused {
			t.Errorf("seen up to %s: %q", tt.seen, got)
		}
	}
}

// A client is not suspected if its session is known, or if it wrote elsewhere.
func TestNobodyGoesAroundALink(t *testing.T) {
	tests := map[string]*checktest.Record{
		"clients alone":            queued(5),
		"the harness":              queued(5).Txn(history.Txn{Type: "create", Session: 9, Path: "/k/foreign"}),
		"the servers":              queued(5).Txn(history.Txn{Type: "deleteContainer", Path: "/k"}),
		"a stranger's session":     queued(5).Opens(77).Closes(77),
		"a stranger elsewhere":     queued(5).Txn(history.Txn{Type: "create", Session: 77, Path: "/zklab-health-4d"}),
		"a stranger beside":        queued(5).Txn(history.Txn{Type: "create", Session: 77, Path: "/k2"}),
		"a stranger that did less": queued(5).Touches(77),
	}
	for name, record := range tests {
		r := Run(t.Context(), record.Shown(300).Linked().Build(), Options{Transactions: record.Txns})
		if text := unmet(r); text != "" {
			t.Errorf("%s: %s", name, text)
		}
		if !slices.ContainsFunc(r.Assumptions, func(s Assumption) bool { return s.Name == "links" }) {
			t.Errorf("%s: nobody looked", name)
		}
	}
	bare := Run(t.Context(), queuedAround(5).Linked().Build(), Options{})
	if text := unmet(bare); text != "" {
		t.Errorf("without transactions: %s", text)
	}
}
