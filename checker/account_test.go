package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// meetings adds ten acquires that meet a holder, from a time on, and returns when the last one was over.
func meetings(r *checktest.Record, from int) int {
	for i := range 10 {
		at := from + 100*i
		first := checktest.Grant{Client: 1, Inv: at + 10, Ret: at + 20, Release: at + 50, Token: history.ID(2*at + 1), Session: 2}
		r.Hold(first).Hold(checktest.Grant{Client: 0, Inv: at + 30, Ret: at + 60, Release: at + 80, Token: history.ID(2*at + 2), Session: 1})
	}
	return from + 1000
}

// What a property compared counts in the load and, if a fault struck, while it did or after. Nothing else shows what faults do.
func TestComparedByStage(t *testing.T) {
	const load, fault, heal, final = 0, 2000, 4000, 5000
	for _, tt := range []struct {
		name   string
		at     []int // when acquires meet holders
		faulty bool
		says   string // "": valid
		want   Compared
	}{
		{"in the load", []int{load}, false, "", Compared{What: "contended", Before: 10, Struck: 0, Healed: 0}},
		{"under faults", []int{fault + 10}, true, "", Compared{What: "contended", Before: 0, Struck: 10, Healed: 0}},
		{"under faults, and at other times", []int{load, fault + 10, final}, true, "", Compared{What: "contended", Before: 10, Struck: 10, Healed: 10}},
		{"only before the fault", []int{load}, true, "from the first fault to the heal, only 0 acquires met a holder", Compared{What: "contended", Before: 10, Struck: 0, Healed: 0}},
		{"only after the heal", []int{final}, false, "in the load, before the heal, only 0 acquires met a holder", Compared{What: "contended", Before: 0, Struck: 0, Healed: 10}},
		{"only after the heal of a fault", []int{final}, true, "in the load, before the heal, only 0 acquires met a holder", Compared{What: "contended", Before: 0, Struck: 0, Healed: 10}},
		{"never", nil, true, "only 0 acquires met a holder, of 10 wanted", Compared{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checktest.Lock().Phases(load, heal, final)
			for _, at := range tt.at {
				meetings(r, at)
			}
			r.Hold(checktest.Grant{Client: 2, Inv: fault + 1500, Ret: fault + 1510, Release: fault + 1520, Token: 9000, Session: 3})
			if tt.faulty {
				r.Fault("cut", fault, fault+1, 1)
			}
			rep := Run(t.Context(), r.Build(), Options{NoReference: true})
			v := verdictOn(t, rep.Verdicts, "exclusion")
			if (v.Result == Valid) != (tt.says == "") || !strings.HasPrefix(v.Reason, tt.says) {
				t.Errorf("%s: %q", v.Result, v.Reason)
			}
			i := slices.IndexFunc(rep.Account.Properties, func(p PropertyAccount) bool { return p.Property == "exclusion" })
			row := rep.Account.Properties[i]
			if tt.at != nil && !slices.Equal(row.Compared, []Compared{tt.want}) || row.Short != (tt.says != "" && tt.at != nil) {
				t.Errorf("%+v", row)
			}
			Balanced(t, rep.Account, r.Build())
		})
	}
}

// Runs of which none compares enough may do so together, if they do it in the load.
func TestPoolOfStages(t *testing.T) {
	for name, tt := range map[string]struct {
		staged  []Compared
		expects []string
		want    Result
	}{
		"under faults":     {nil, []string{"cut"}, Valid},
		"after the heal":   {[]Compared{{What: "contended", Healed: 1}}, nil, Unknown},
		"before the fault": {[]Compared{{What: "contended", Before: 1}}, []string{"cut"}, Unknown},
		"without faults":   {[]Compared{{What: "contended", Before: 1}}, nil, Valid},
	} {
		p := NewPool(header, tt.expects, Options{})
		for range 10 {
			run := small(1)
			run[0].Compared = tt.staged
			p.Add(run)
		}
		again := NewPool(header, tt.expects, Options{})
		must.Do(t, again.AddState(p.State()))
		for _, p := range []*Pool{p, again} {
			if v := pooledOf(t, p, "exclusion"); v.Result != tt.want || v.Figures["contended"] != 10 || v.Figures["contended_after_heal"] != 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

func verdictOn(t *testing.T, all []Verdict, property string) Verdict {
	t.Helper()
	i := slices.IndexFunc(all, func(v Verdict) bool { return v.Property == property })
	if i < 0 {
		t.Fatalf("nothing is said of %s", property)
	}
	return all[i]
}

// Balanced checks that each operation of a history is in one count of an account, and that the times of each client add up to the
// load.
func Balanced(t *testing.T, acc *Account, h *history.History) {
	t.Helper()
	want, got := 0, 0
	for range h.EachOperation() {
		want++
	}
	for _, c := range acc.Clients {
		got += c.Answered.Sum() + c.Unanswered.Sum() + c.Aside.Sum()
		if s := c.Times; s != nil {
			if sum, of := s.Answered+s.Unanswered+s.Idle+s.WithoutSession, acc.Clients[0].Times; sum != of.Answered+of.Unanswered+of.Idle+of.WithoutSession ||
				min(s.Answered, s.Unanswered, s.Idle, s.WithoutSession) < 0 {
				t.Errorf("client %d: %+v", c.Client, *s)
			}
		}
	}
	if got != want {
		t.Errorf("%d operations in the account, of %d", got, want)
	}
}
