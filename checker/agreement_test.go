package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// decided returns the verdict on the servers of a run; nil if there is none.
func decided(t *testing.T, model string, facts ...history.Agreement) *Verdict {
	t.Helper()
	r := checktest.Ours(model, history.Params{Clients: 1, Servers: 3})
	for i, a := range facts {
		r.Fact(100+i, history.FAgreement, a)
	}
	vs := Run(t.Context(), r.Fact(200, history.FEnd, nil).Build(), Options{}).Verdicts
	i := slices.IndexFunc(vs, func(v Verdict) bool { return v.Property == "server-agreement" })
	if i < 0 {
		return nil
	}
	return &vs[i]
}

func held(value string, servers ...int) history.TreeValue {
	return history.TreeValue{Servers: servers, Value: value}
}

func unlike(field string, values ...history.TreeValue) history.Agreement {
	return history.Agreement{Servers: []int{1, 2, 3}, Different: 1, Differences: []history.TreeDifference{{Path: "/k", Field: field, Values: values}}}
}

// TestServerAgreement checks each model, since what clients do plays no part.
func TestServerAgreement(t *testing.T) {
	equal := history.Agreement{Servers: []int{1, 2, 3}, Znodes: 7, Ephemerals: 2}
	with := func(change func(a *history.Agreement)) history.Agreement {
		a := equal
		change(&a)
		return a
	}
	lost := history.ServerNote{Server: 2, Text: "has 5 znodes at zxid 0x4, where a:1 has 29"}
	digests := history.ServerNote{Server: 3, Text: "counts 7 digests that are not the leader's"}
	for _, c := range []struct {
		name  string
		facts []history.Agreement
		want  Result // "" if there is no verdict
		says  string
		note  string
	}{
		{"they agree", []history.Agreement{equal}, Valid, "", ""},
		{"nothing was found while clients were at work", []history.Agreement{with(func(a *history.Agreement) {
			a.During, a.Unsettled, a.Unread = true, true, []history.ServerNote{{Server: 3, Text: "down"}}
		})}, "", "", ""},
		{"nothing then, and they agree in the end", []history.Agreement{with(func(a *history.Agreement) { a.During, a.Unsettled = true, true }), equal}, Valid, "", ""},
		{"a difference while clients were at work, and none in the end", []history.Agreement{func() history.Agreement {
			a := unlike("version", held("3", 2), held("4", 1, 3))
			a.During = true
			return a
		}(), equal}, Violation, "server 2 has /k at version 3", ""},
		{"one server", []history.Agreement{{Servers: []int{1}}}, "", "", ""},
		{"addresses of one server", []history.Agreement{{Servers: []int{1}, Aliases: []int{2, 3}}}, "", "", ""},
		{"an address of a server that was compared", []history.Agreement{with(func(a *history.Agreement) { a.Aliases = []int{4} })}, Valid, "", "server 4"},
		{"nobody may read some", []history.Agreement{with(func(a *history.Agreement) { a.Hidden = 2 })}, Valid, "", "2 znodes"},
		{"nothing was found of two", []history.Agreement{{Unread: []history.ServerNote{{Server: 1, Text: "down"}, {Server: 2, Text: "down"}}}}, Unknown, "server 1 could not be read by itself: down", ""},
		{"one could not be read", []history.Agreement{with(func(a *history.Agreement) { a.Unread = []history.ServerNote{{Server: 3, Text: "down"}} })}, Unknown, "server 3 could not be read by itself: down", ""},
		{"they never came to rest", []history.Agreement{with(func(a *history.Agreement) { a.Unsettled = true })}, Unknown, "the servers' trees changed each time", ""},
		{"one lacks a znode", []history.Agreement{unlike("present", held("no", 2), held("yes", 1, 3))}, Violation, "server 2 lacks /k, which servers 1 and 3 have", ""},
		{"two lack a znode", []history.Agreement{unlike("present", held("yes", 2), held("no", 1, 3))}, Violation, "servers 1 and 3 lack /k, which server 2 has", ""},
		{"a version", []history.Agreement{unlike("version", held("3", 2), held("4", 1, 3))}, Violation, "server 2 has /k at version 3, servers 1 and 3 at version 4", ""},
		{"three versions", []history.Agreement{unlike("version", held("3", 1), held("4", 2), held("5", 3))}, Violation, "server 1 has /k at version 3, server 2 at version 4, server 3 at version 5", ""},
		{"an owner", []history.Agreement{unlike("owner", held("0x0", 2), held("0x7", 1, 3))}, Violation, "server 2 has /k owned by no session, servers 1 and 3 owned by session 0x7", ""},
		{"permissions", []history.Agreement{unlike("acl", held(`"world:anyone:r"`, 2), held(`""`, 1, 3))}, Violation, `server 2 has /k with the permissions "world:anyone:r"`, ""},
		{"a field of the future", []history.Agreement{unlike("colour", held("red", 2), held("blue", 1, 3))}, Violation, "server 2 has /k with colour red", ""},
		{"a server tells", []history.Agreement{with(func(a *history.Agreement) { a.Signs = []history.ServerNote{lost} })}, Violation, "server 2 has 5 znodes at zxid 0x4", ""},
		{"digests that did not match, and equal trees", []history.Agreement{with(func(a *history.Agreement) { a.Root, a.Digests = "/", []history.ServerNote{digests} })}, Valid, "", "server 3 counts 7 digests"},
		{"the same where only the run's znodes were compared", []history.Agreement{with(func(a *history.Agreement) { a.Root, a.Digests = "/run", []history.ServerNote{digests} })}, Unknown, "server 3 counts 7 digests", ""},
		{"the same, and all other znodes are the same", []history.Agreement{with(func(a *history.Agreement) {
			a.Root, a.Digests, a.Everything = "/run", []history.ServerNote{digests}, true
		})}, Valid, "", "server 3 counts 7 digests that are not the leader's since it began"},
		{"a count that is known to be false", []history.Agreement{with(func(a *history.Agreement) {
			a.Root, a.Digests = "/run", []history.ServerNote{{Server: 3, Text: digests.Text, False: "3.8.0 counts falsely"}}
		})}, Valid, "", "server 3 counts 7 digests that are not the leader's since it began: 3.8.0 counts falsely"},
		{"a false count, and one that may be true", []history.Agreement{with(func(a *history.Agreement) {
			a.Root, a.Digests = "/run", []history.ServerNote{{Server: 2, Text: digests.Text, False: "3.8.0 counts falsely"}, digests}
		})}, Unknown, "server 3 counts 7 digests", ""},
		{"a difference, a server tells, and one is down", []history.Agreement{func() history.Agreement {
			a := unlike("version", held("3", 2), held("4", 1))
			a.Different, a.Signs, a.Unread = 9, []history.ServerNote{lost}, []history.ServerNote{{Server: 3, Text: "down"}}
			return a
		}()}, Violation, "server 2 has /k at version 3, server 1 at version 4", "8 more znodes on which they differ"},
		{"they differed once", []history.Agreement{equal, unlike("version", held("3", 2), held("4", 1, 3)), equal}, Violation, "server 2 has /k at version 3", ""},
	} {
		for _, model := range Models() {
			v := decided(t, model, c.facts...)
			if v == nil {
				if c.want != "" {
					t.Errorf("%s, %s: not decided", c.name, model)
				}
				continue
			}
			// The runs are too short for a valid verdict to count.
			got := v.Result
			if got == Unknown && strings.HasPrefix(v.Reason, NothingWrong) {
				got, v.Reason = Valid, ""
			}
			if got != c.want || !strings.HasPrefix(v.Reason, c.says) || v.Evidence != "T" || (len(v.Counterexample) == 1) != (got == Violation) {
				t.Errorf("%s, %s: %+v", c.name, model, v)
			}
			if !strings.Contains(strings.Join(v.Notes, "\n"), c.note) {
				t.Errorf("%s, %s: notes %q", c.name, model, v.Notes)
			}
		}
	}
	if v := decided(t, objects.Lock.Name); v != nil {
		t.Errorf("nobody looked: %+v", v)
	}
}

// Neither a client that goes around its link nor a damaged record explains servers that differ.
func TestServersDifferWhateverHappened(t *testing.T) {
	r := checktest.Lock().Opens(1).Touches(9)
	r.Header.Params.Root = "/"
	r.Fact(100, history.FAgreement, unlike("version", held("3", 2), held("4", 1, 3)))
	h := r.Build()
	h.Missing, h.Damage = 3, []string{"lines are missing"}
	rep := Run(t.Context(), h, Options{Transactions: r.Txns})
	i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "server-agreement" })
	if i < 0 || rep.Verdicts[i].Result != Violation {
		t.Errorf("%+v", rep.Verdicts)
	}
}

// A verdict names the znodes that differ, up to a limit, and what was done to the servers whose
// values are the rarest.
func TestServersThatDiffer(t *testing.T) {
	g := unlike("present", held("no", 2), held("yes", 1, 3))
	for _, path := range []string{"/l", "/m"} {
		g.Differences = append(g.Differences, history.TreeDifference{Path: path, Field: "present", Values: []history.TreeValue{held("no", 2), held("yes", 1, 3)}})
	}
	g.Different = 3
	hit := func(spec string, servers ...int) history.FaultStep {
		return history.FaultStep{Fault: 1, Step: history.StepInject, Spec: spec, Servers: servers}
	}
	took := func(s history.FaultStep, step string) history.FaultStep { s.Step = step; return s }
	for _, c := range []struct {
		name, want string
		fault      *history.FaultStep
	}{
		{"no fault", "server 2 lacks /k, which servers 1 and 3 have; no fault had hit server 2; they also differ on 2 other znodes: /l, /m", nil},
		{"a fault on it", "server 2 lacks /k, which servers 1 and 3 have; server 2 had been hit by kill:leader at 0.050 s; they also differ on 2 other znodes: /l, /m", new(hit("kill:leader", 2))},
		{"a fault on another", "server 2 lacks /k, which servers 1 and 3 have; no fault had hit server 2; they also differ on 2 other znodes: /l, /m", new(hit("kill:leader", 1))},
	} {
		r := checktest.Ours(objects.Lock.Name, history.Params{Clients: 1, Servers: 3})
		if c.fault != nil {
			r.Fact(50, "kill", *c.fault).Fact(60, "kill", took(*c.fault, history.StepVerified)).Fact(70, "kill", took(*c.fault, history.StepHealed))
		}
		vs := Run(t.Context(), r.Fact(100, history.FAgreement, g).Fact(200, history.FEnd, nil).Build(), Options{}).Verdicts
		i := slices.IndexFunc(vs, func(v Verdict) bool { return v.Property == "server-agreement" })
		if got := vs[i].Reason; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
