package causes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/causes"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

const root = "/run"

func begin(model string) *checktest.Record {
	return checktest.Ours(model, history.Params{Clients: 3, Root: root})
}

// told returns the text about a record, one sentence per line. The counterexample consists of
// all its events.
func told(t *testing.T, r *checktest.Record) string {
	t.Helper()
	h := r.Build()
	var counterexample []int
	for _, e := range h.Events {
		if e.Process >= 0 || e.Key != "" {
			counterexample = append(counterexample, e.Index)
		}
	}
	var lines []string
	for _, c := range causes.Of(evidence.Read(t.Context(), h, nil, r.Txns), causes.Violation{Key: "k", Counterexample: counterexample}) {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}

func ephemeral(s history.ID, path string) history.Txn {
	return history.Txn{Type: "create", Session: s, Owner: s, Path: path}
}

func deletes(s history.ID, path string) history.Txn {
	return history.Txn{Type: "delete", Session: s, Path: path}
}

// seen adds that a client was shown the latest transaction at t, which it had asked for a
// millisecond before.
func seen(r *checktest.Record, t, client int, session history.ID) {
	r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: session,
		Alive: time.Duration(t-1) * checktest.Unit, Seen: r.Zxid,
	})
}

// acquires adds a hold that began with a call of 10 ms.
func acquires(r *checktest.Record, t, client int, session history.ID) {
	r.Op(checktest.Args{Client: client, F: models.FAcquire, Key: "k", Inv: t - 10, Ret: t, Outcome: history.OK, Session: session})
}

// taken returns a record of a lock that client 0 (session 1) created and was granted. remove
// deletes its znode, and client 1 (session 2) comes next.
func taken(r *checktest.Record, remove func(*checktest.Record)) *checktest.Record {
	const lock = root + "/k/lock"
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
	seen(r, 10, 0, 1)
	seen(r, 10, 1, 2)
	r.Txn(ephemeral(1, lock))
	seen(r, 98, 0, 1)
	acquires(r, 100, 0, 1)
	remove(r)
	r.Txn(ephemeral(2, lock))
	seen(r, 298, 1, 2)
	acquires(r, 300, 1, 2)
	r.Touches(1)
	seen(r, 402, 0, 1)
	return r
}

// The text names the kind of client that took the znode of a hold away.
func TestTaken(t *testing.T) {
	const lock = root + "/k/lock"
	for name, c := range map[string]struct {
		remove func(r *checktest.Record)
		want   string
	}{
		"by a client, from its next session": {
			func(r *checktest.Record) {
				r.Txn(deletes(7, lock))
				seen(r, 200, 2, 7)
			},
			"Client 2, in session 0x7, deleted k/lock, which client 0 had created, between 0.199 s and 0.200 s: zxid 0x100000004.",
		},
		"by itself": {
			func(r *checktest.Record) { r.Txn(deletes(1, lock)); seen(r, 200, 0, 1) },
			"Client 0, in session 0x1, deleted k/lock, between 0.199 s and 0.200 s: zxid 0x100000004.",
		},
		"by its next session": {
			func(r *checktest.Record) { r.Txn(deletes(8, lock)); seen(r, 200, 0, 8) },
			"Client 0, in session 0x8, deleted k/lock, which it had created in session 0x1, between 0.199 s and 0.200 s: zxid 0x100000004.",
		},
		"by the end of its session": {
			func(r *checktest.Record) { r.Closes(1); seen(r, 200, 1, 2) },
			"Session 0x1 of client 0 ended, and k/lock was deleted with it, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by a fault that ended its session": {
			func(r *checktest.Record) {
				r.Closes(1)
				seen(r, 200, 1, 2)
				r.Fact(190, "expire", history.FaultStep{Fault: 1, Step: history.StepInject, Sessions: []history.ID{1}})
				r.Fact(195, "expire", history.FaultStep{Fault: 1, Step: history.StepVerified, Sessions: []history.ID{1}})
			},
			"zklab's fault expire ended session 0x1 of client 0, and k/lock was deleted with it, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by its end before a fault could": {
			func(r *checktest.Record) {
				r.Closes(1)
				seen(r, 200, 1, 2)
				r.Fact(190, "expire", history.FaultStep{Fault: 1, Step: history.StepInject, Sessions: []history.ID{1}})
				r.Fact(195, "expire", history.FaultStep{Fault: 1, Step: history.StepFailed, Sessions: []history.ID{1}})
			},
			"Session 0x1 of client 0 ended, and k/lock was deleted with it, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by a fault of znodes": {
			func(r *checktest.Record) {
				r.Fact(5, history.FHarness, history.Harness{Session: 99})
				r.Txn(deletes(99, lock))
				r.Fact(190, "recreate", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.Fact(195, "recreate", history.FaultStep{Fault: 1, Step: history.StepHealed})
				seen(r, 200, 1, 2)
			},
			"zklab's fault recreate deleted k/lock, which client 0 had created, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by one of two faults": {
			func(r *checktest.Record) {
				r.Fact(5, history.FHarness, history.Harness{Session: 99})
				r.Txn(deletes(99, lock))
				r.Fact(110, "recreate", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.Fact(120, "touch", history.FaultStep{Fault: 2, Step: history.StepInject})
				seen(r, 200, 1, 2)
			},
			"zklab itself deleted k/lock, which client 0 had created, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by a fault that was over": {
			func(r *checktest.Record) {
				r.Fact(5, history.FHarness, history.Harness{Session: 99})
				r.Txn(deletes(99, lock))
				r.Fact(20, "recreate", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.Fact(30, "recreate", history.FaultStep{Fault: 1, Step: history.StepHealed})
				seen(r, 200, 1, 2)
			},
			"zklab itself deleted k/lock, which client 0 had created, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
		"by somebody of whom the record knows nothing": {
			func(r *checktest.Record) { r.Txn(deletes(0x55, lock)); seen(r, 200, 1, 2) },
			"Session 0x55, which belongs to no client in the record, deleted k/lock, which client 0 had created, between 0.097 s and 0.200 s: zxid 0x100000004.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := "Client 0, in session 0x1, created k/lock, by its acquire of 0.090 s, between 0.097 s and 0.098 s: zxid 0x100000003.\n" +
				c.want + "\n" +
				"Client 1, in session 0x2, created k/lock, by its acquire of 0.290 s, between 0.297 s and 0.298 s: zxid 0x100000005; it still existed when the log ended."
			got := told(t, taken(begin(models.Lock.Name), c.remove))
			got = strings.ReplaceAll(got, "between 0.097 s and 0.298 s", "between 0.199 s and 0.298 s") // if nothing was heard of the remover
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// denied adds a fault that took away rights to a znode.
func denied(r *checktest.Record, path string) {
	for at, step := range map[int]string{70: history.StepInject, 80: history.StepVerified, 95: history.StepHealed} {
		r.Fact(at, "acl", history.FaultStep{Fault: 1, Step: step, Detail: "on " + path})
	}
}

// The text about a znode that was left behind says which call created it, how that call ended, and
// what hit its client shortly before.
func TestLeft(t *testing.T) {
	step := func(r *checktest.Record, at, fault int, step string, sessions ...history.ID) {
		r.Fact(at, "lose-reply", history.FaultStep{Fault: fault, Step: step, Sessions: sessions})
	}
	lost := func(r *checktest.Record, fault, from, to int, session history.ID) {
		step(r, from, fault, history.StepInject)
		for _, s := range []string{history.StepVerified, history.StepHeal, history.StepHealed} {
			step(r, to, fault, s, session)
		}
	}
	const (
		by  = ", by its acquire of 0.090 s"
		hit = "; zklab's fault lose-reply hit this client between "
	)
	for name, c := range map[string]struct {
		before, after func(r *checktest.Record)
		by, hit       string
	}{
		"alone":          {by: by},
		"by a fault":     {before: func(r *checktest.Record) { lost(r, 1, 92, 97, 1) }, by: by, hit: hit + "0.092 s and 0.097 s"},
		"told later":     {before: func(r *checktest.Record) { step(r, 95, 1, history.StepInject) }, after: func(r *checktest.Record) { step(r, 105, 1, history.StepVerified, 1) }, by: by, hit: hit + "0.095 s and 0.105 s"},
		"a fault before": {before: func(r *checktest.Record) { lost(r, 1, 50, 89, 1) }, by: by, hit: hit + "0.050 s and 0.089 s"},
		"a fault behind": {after: func(r *checktest.Record) { lost(r, 1, 101, 110, 1) }, by: by},
		"of another":     {before: func(r *checktest.Record) { lost(r, 1, 92, 97, 2) }, by: by},
		"not seen":       {before: func(r *checktest.Record) { step(r, 92, 1, history.StepInject); step(r, 97, 1, history.StepFailed, 1) }, by: by},
		"of three": {before: func(r *checktest.Record) {
			for fault := range 3 {
				lost(r, fault+1, 91+fault, 94, 1)
			}
		}, by: by, hit: hit + "0.092 s and 0.094 s" + hit + "0.093 s and 0.094 s"},
		"of a server": {before: func(r *checktest.Record) {
			r.Fact(70, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
			r.Fact(80, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified, Servers: []int{1}})
		}, by: by, hit: "; zklab's fault pause was in force from 0.070 s on"},
		"of this key's folder":    {before: func(r *checktest.Record) { denied(r, root+"/k") }, by: by, hit: "; zklab's fault acl was in force from 0.070 s to 0.095 s"},
		"of another key's folder": {before: func(r *checktest.Record) { denied(r, root+"/k1") }, by: by},
		"of two calls": {before: func(r *checktest.Record) {
			lost(r, 1, 20, 25, 1)
			r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 20, Ret: 30, Outcome: history.Info, Session: 1})
			seen(r, 50, 0, 1)
			unanswered(r, 51, history.Unanswered{Older: 1})
		}, by: ", by its acquire of 0.020 s or 0.090 s", hit: hit + "0.020 s and 0.025 s"},
		"of four calls": {before: func(r *checktest.Record) {
			for at := 20; at < 50; at += 10 {
				r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: at, Ret: at + 5, Outcome: history.Info, Session: 1})
			}
			seen(r, 50, 0, 1)
			unanswered(r, 51, history.Unanswered{Older: 1})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(models.Lock.Name)
			r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
			seen(r, 10, 0, 1)
			seen(r, 10, 1, 2)
			if c.before != nil {
				c.before(r)
			}
			r.Txn(ephemeral(1, root+"/k/lock"))
			seen(r, 98, 0, 1)
			r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 90, Ret: 100, Outcome: history.Info, Session: 1})
			if c.after != nil {
				c.after(r)
			}
			r.Touches(2)
			seen(r, 402, 1, 2)
			from, which := "0.097 s", "Its acquire of 0.090 s ended at 0.100 s"
			if c.by != by {
				from, which = "0.049 s", "Each of these calls ended"
			}
			want := "Client 0, in session 0x1, created k/lock" + c.by + ", between " + from + " and 0.098 s: zxid 0x100000003; it still existed when the log ended."
			if c.by != "" {
				want += " " + which + c.hit + "."
			}
			if diff := cmp.Diff(want, told(t, r)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// The text about a znode on which a grant is based, and that stayed, says what became of the call
// that should have deleted it. The calls are named, so that a picture can show them.
func TestNotDeleted(t *testing.T) {
	release := func(outcome history.Type, why string) func(r *checktest.Record) {
		return func(r *checktest.Record) {
			a := checktest.Args{Client: 0, F: models.FRelease, Key: "k", Inv: 200, Ret: 210, Outcome: outcome, Session: 1}
			if why != "" {
				a.Err = &history.Error{Code: "bad-version", Message: why}
			}
			r.Op(a)
			acquires(r, 300, 0, 1)
		}
	}
	for name, c := range map[string]struct {
		then  func(r *checktest.Record)
		want  string
		calls int
	}{
		"no call":                     {func(*checktest.Record) {}, "Its acquire of 0.090 s succeeded at 0.100 s, and no call to end it followed.", 1},
		"a call that failed":          {release(history.Fail, "zk: version conflict"), "Its release of 0.200 s failed at 0.210 s with bad-version: zk: version conflict.", 2},
		"a call that was answered ok": {release(history.OK, ""), "Its release of 0.200 s succeeded at 0.210 s, but the znode stayed.", 2},
		"a call without an end": {func(r *checktest.Record) {
			r.Op(checktest.Args{Client: 0, F: models.FRelease, Key: "k", Inv: 200, Ret: -1, Session: 1})
		}, "Its release of 0.200 s never returned.", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(models.Lock.Name)
			r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
			seen(r, 10, 0, 1)
			seen(r, 10, 1, 2)
			r.Txn(ephemeral(1, root+"/k/lock-1"))
			seen(r, 98, 0, 1)
			acquires(r, 100, 0, 1)
			c.then(r)
			r.Op(checktest.Args{Client: 1, F: models.FAcquire, Key: "k", Inv: 350, Ret: 400, Outcome: history.Info, Session: 2})
			r.Touches(2)
			seen(r, 402, 1, 2)
			h := r.Build()
			waits := slices.IndexFunc(h.Events, func(e history.Event) bool { return e.F == models.FAcquire && e.Client == 1 })
			a := evidence.Read(t.Context(), h, nil, r.Txns)
			of := causes.Of(a, causes.Violation{Key: "k", Counterexample: []int{waits}, Znodes: a.Log.Folders[root+"/k"][:1]})
			if len(of) != 1 {
				t.Fatalf("%+v", of)
			}
			if _, text, _ := strings.Cut(of[0].Text, "when the log ended. "); text != c.want || len(of[0].Calls) != c.calls {
				t.Errorf("%s\nwant %s\n%d calls", of[0].Text, c.want, len(of[0].Calls))
			}
		})
	}
}

// The text about a grant says whose place was still ahead of its own, and that the place directly
// ahead had gone: a client that looks only at that one takes its turn too soon.
func TestOvertakes(t *testing.T) {
	const first = "When its acquire of 0.140 s succeeded, k/lock-0000000001 of client 0 was still ahead of it"
	for name, c := range map[string]struct {
		gone int // the number of the place that is given up before the grant; 0 means none
		want string
	}{
		"the one between had gone": {2, first + ", and k/lock-0000000002 of client 1, which was directly ahead of it, was gone."},
		"the first had gone":       {1, "When its acquire of 0.140 s succeeded, k/lock-0000000002 of client 1 was still ahead of it."},
		"nobody had gone":          {0, "When its acquire of 0.140 s succeeded, k/lock-0000000002 of client 1 was still ahead of it."},
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(models.Lock.Name)
			r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
			seen(r, 10, 0, 1)
			seen(r, 10, 1, 2)
			path := func(n int) string { return fmt.Sprintf("%s/k/lock-%010d", root, n) }
			for client := range 3 {
				place := ephemeral(history.ID(client+1), path(client+1))
				place.ParentCversion = int32(client + 2)
				r.Txn(place)
			}
			seen(r, 145, 2, 3)
			if c.gone != 0 {
				r.Txn(deletes(history.ID(c.gone), path(c.gone)))
				seen(r, 147, 2, 3)
			}
			acquires(r, 150, 2, 3)
			r.Txn(deletes(1, path(3)))
			r.Touches(1)
			seen(r, 402, 0, 1)
			if got := told(t, r); !strings.Contains(got, c.want) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// If the log has a hole, no client is accused.
func TestHole(t *testing.T) {
	got := told(t, taken(begin(models.Lock.Name), func(r *checktest.Record) { r.Skip(); seen(r, 200, 1, 2) }))
	if !strings.HasPrefix(got, "Client 1, in session 0x2, created k/lock, ") || strings.Contains(got, "\n") {
		t.Errorf("%s", got)
	}
}

// The text also tells what the remover had owned at the same path before: it mistook one
// znode for the other.
func TestTakenForItsOwn(t *testing.T) {
	const lock = root + "/k/lock"
	r := begin(models.Lock.Name)
	r.Txn(ephemeral(5, lock))
	seen(r, 3, 2, 5)
	r.Closes(5)
	seen(r, 8, 2, 7)
	got := told(t, taken(r, func(r *checktest.Record) { r.Txn(deletes(7, lock)); seen(r, 200, 2, 7) }))
	want := "Client 2, in session 0x5, created k/lock, between 0.002 s and 0.003 s: zxid 0x100000001.\nSession 0x5 of client 2 ended, and k/lock was deleted with it, between 0.002 s and 0.008 s: zxid 0x100000002.\n"
	if !strings.Contains(got, want) || strings.Count(got, "\n") != 4 {
		t.Errorf("%s", got)
	}
}

// Nothing is said of a hold whose znode is not known.
func TestNotKnown(t *testing.T) {
	const lock = root + "/k/lock"
	for name, make := range map[string]func(r *checktest.Record){
		"two at once": func(r *checktest.Record) {
			r.Txn(ephemeral(1, lock)).Txn(ephemeral(1, lock+"2"))
		},
		"another client's":  func(r *checktest.Record) { r.Txn(ephemeral(2, lock)) },
		"of another key":    func(r *checktest.Record) { r.Txn(ephemeral(1, root+"/k1/lock")) },
		"made before":       func(r *checktest.Record) { r.Txn(ephemeral(1, lock)); seen(r, 50, 0, 1) },
		"a folder":          func(r *checktest.Record) { r.Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1}) },
		"refused":           func(r *checktest.Record) { x := ephemeral(1, lock); x.Error = -110; r.Txn(x) },
		"with a hole":       func(r *checktest.Record) { r.Skip().Txn(ephemeral(1, lock)) },
		"a multi, refused":  func(r *checktest.Record) { refused(r, lock) },
		"outside of a root": func(r *checktest.Record) { r.Header.Params.Root = ""; r.Txn(ephemeral(1, lock)) },
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(t, oneHold(make)); got != "" {
				t.Errorf("%s", got)
			}
		})
	}
	if got := told(t, oneHold(func(r *checktest.Record) { r.Txn(ephemeral(1, lock)) })); got == "" {
		t.Error("nothing is told of what is known")
	}
}

// oneHold returns a record of a hold of client 0, during whose acquire something is
// committed.
func oneHold(meanwhile func(*checktest.Record)) *checktest.Record {
	r := begin(models.Lock.Name)
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99})
	seen(r, 10, 0, 1)
	seen(r, 10, 1, 2)
	meanwhile(r)
	seen(r, 98, 1, 2)
	acquires(r, 100, 0, 1)
	r.Touches(2)
	seen(r, 200, 1, 2)
	return r
}

func refused(r *checktest.Record, path string) {
	one := ephemeral(0, path)
	one.Error = -110
	r.Txn(history.Txn{Type: "multi", Session: 1, Parts: []history.Txn{ephemeral(0, path+"2"), one}})
}

// If there are several tries one after the other, the last one is meant, and a token
// names its znode.
func TestOneOfSeveral(t *testing.T) {
	const lock = root + "/k/lock-"
	r := begin(models.Lock.Name)
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99})
	seen(r, 10, 0, 1)
	r.Txn(ephemeral(1, lock+"1")).Txn(deletes(1, lock+"1")).Txn(ephemeral(1, lock+"2"))
	seen(r, 98, 0, 1)
	acquires(r, 100, 0, 1)
	if got := told(t, r); !strings.HasPrefix(got, "Client 0, in session 0x1, created k/lock-2, ") || strings.Contains(got, "\n") {
		t.Errorf("%s", got)
	}
	r.Txn(ephemeral(1, lock+"3")).Txn(ephemeral(1, lock+"4"))
	seen(r, 198, 0, 1)
	r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 190, Ret: 200, Outcome: history.OK, Session: 1, Out: models.Grant{Token: checktest.Token(5)}})
	if got := told(t, r); strings.Count(got, "\n") != 1 || !strings.Contains(got, "\nClient 0, in session 0x1, created k/lock-3, ") {
		t.Errorf("%s", got)
	}
}

// An item is followed from its creation to the client that removed it, whatever the
// calls reported.
func TestItems(t *testing.T) {
	r := begin(models.Queue.Name)
	seen(r, 10, 0, 1)
	r.Txn(history.Txn{Type: "create", Session: 1, Path: root + "/k/item-1", Data: []byte("a")})
	r.Txn(history.Txn{Type: "create", Session: 1, Path: root + "/k/item-2", Data: []byte("b")})
	seen(r, 98, 0, 1)
	r.Op(checktest.Args{Client: 0, F: models.FEnqueue, Key: "k", Inv: 90, Ret: 100, Outcome: history.OK, Session: 1, In: models.Item{Item: "a"}})
	r.Txn(history.Txn{Type: "multi", Session: 2, Parts: []history.Txn{{Type: "delete", Path: root + "/k/item-1"}, {Type: "create", Path: root + "/k/mark"}}})
	r.Op(checktest.Args{Client: 1, F: models.FDequeue, Key: "k", Inv: 110, Ret: 120, Outcome: history.Info, Session: 2, Err: &history.Error{Code: "connection-loss"}})
	seen(r, 150, 1, 2)
	r.KeyFact(200, history.FDrained, "k", models.Drained{Empty: true})
	r.Touches(1)
	seen(r, 302, 0, 1)
	want := `Client 0, in session 0x1, created k/item-1 with "a", by its enqueue of 0.090 s, between 0.090 s and 0.098 s: zxid 0x100000001.
Client 1, in session 0x2, deleted k/item-1, which client 0 had created, by its dequeue of 0.110 s, between 0.149 s and 0.150 s: zxid 0x100000003. Its dequeue of 0.110 s ended at 0.120 s with connection-loss.`
	if diff := cmp.Diff(want, told(t, r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// All that a fault does besides the znodes that matter is one line, however much it is.
func TestOutsiders(t *testing.T) {
	r := begin(models.Lock.Name)
	r.Fact(5, history.FHarness, history.Harness{Session: 99})
	r.Fact(110, "foreign", history.FaultStep{Fault: 1, Step: history.StepInject})
	got := told(t, taken(r, func(r *checktest.Record) {
		for _, name := range []string{"foreign", "foreign-1", "foreign-2"} {
			r.Txn(history.Txn{Type: "create", Session: 99, Path: root + "/k/" + name})
		}
		seen(r, 150, 1, 2)
		r.Closes(1)
		seen(r, 200, 1, 2)
	}))
	want := "\nzklab's fault foreign created k/foreign and 2 more, between 0.097 s and 0.150 s: zxid 0x100000004.\n"
	if !strings.Contains(got, want) || strings.Count(got, "\n") != 3 {
		t.Errorf("%s", got)
	}
}

// A value is followed to the write that replaced it.
func TestValues(t *testing.T) {
	r := begin(models.Counter.Name)
	set := func(s history.ID, value string, version int32) history.Txn {
		return history.Txn{Type: "setData", Session: s, Path: root + "/k", Data: []byte(value), Version: version}
	}
	adds := func(t, client int, sum int64) {
		r.Op(checktest.Args{Client: client, F: models.FAdd, Key: "k", Inv: t - 10, Ret: t, Outcome: history.OK, Session: history.ID(client + 1), In: models.Addition{Delta: 1}, Out: models.Count{Value: sum}})
	}
	r.Txn(history.Txn{Type: "create", Session: 1, Path: root + "/k"}).Txn(set(1, "4", 1))
	seen(r, 10, 0, 1)
	seen(r, 10, 1, 2)
	r.Txn(set(3, "5", 2)).Txn(set(3, "4", 3)) // a write of no client
	r.Txn(set(1, "5", 4))
	seen(r, 98, 0, 1)
	adds(100, 0, 5)
	multi := set(0, "5", 6) // the log lacks a version
	r.Txn(history.Txn{Type: "multi", Session: 2, Parts: []history.Txn{{Type: "check", Path: root}, multi}})
	seen(r, 118, 1, 2)
	adds(120, 1, 5)
	r.Touches(1)
	seen(r, 302, 0, 1)
	want := `Client 0, in session 0x1, wrote "5" to k as version 4, over "4", between 0.009 s and 0.098 s: zxid 0x100000005.
Client 1, in session 0x2, wrote "5" to k as version 6, between 0.097 s and 0.118 s: zxid 0x100000006.`
	if diff := cmp.Diff(want, told(t, r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// If locks cover several keys, the text is about the keys that two clients held at one time. It
// does not mention a later hold that shows only that a session was alive.
func TestParts(t *testing.T) {
	r := begin(models.MultiLock.Name)
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99})
	for _, folder := range []string{"k", "k/a", "k/b", "k/c"} {
		r.Txn(history.Txn{Type: "create", Path: root + "/" + folder, Session: 99})
	}
	seen(r, 10, 0, 1)
	seen(r, 10, 1, 2)
	acquires := func(t, client int, session history.ID, parts ...string) {
		for _, part := range parts {
			r.Txn(ephemeral(session, fmt.Sprintf("%s/k/%s/c%d-%d", root, part, client, t)))
		}
		seen(r, t-1, client, session)
		r.Op(checktest.Args{Client: client, F: models.FAcquire, Key: "k", Inv: t - 10, Ret: t, Outcome: history.OK, In: models.Keys{Keys: parts}, Session: session})
	}
	releases := func(t, client int, session history.ID) {
		r.Op(checktest.Args{Client: client, F: models.FRelease, Key: "k", Inv: t, Ret: t + 1, Outcome: history.OK, In: models.Held{Held: true}, Session: session})
	}
	acquires(100, 0, 1, "a", "b")
	acquires(200, 1, 2, "b", "c")
	releases(300, 0, 1)
	releases(310, 1, 2)
	acquires(400, 1, 2, "a", "b")
	got := told(t, r)
	for want, there := range map[string]bool{
		"Client 0, in session 0x1, created k/b/c0-100": true, "Client 1, in session 0x2, created k/b/c1-200": true,
		"k/a/": false, "k/c/": false, "-400": false,
	} {
		if strings.Contains(got, want) != there {
			t.Errorf("%q is told: %v\n%s", want, !there, got)
		}
	}
}

// The text about a place that was left in the line of one of several keys names the call that
// made it.
func TestPartLeft(t *testing.T) {
	r := begin(models.MultiLock.Name)
	for _, folder := range []string{"", "/k", "/k/a", "/k/b"} {
		r.Txn(history.Txn{Type: "create", Path: root + folder, Session: 99})
	}
	seen(r, 10, 0, 1)
	r.Txn(ephemeral(1, root+"/k/a/lock-1"))
	seen(r, 98, 0, 1)
	r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 90, Ret: 100, Outcome: history.Fail, In: models.Keys{Keys: []string{"a", "b"}}, Session: 1})
	r.KeyFact(200, history.FFinal, "k", models.Final{Contenders: []models.Contender{{Name: "a/lock-1", Owner: 1}}})
	const want = "Client 0, in session 0x1, created k/a/lock-1, by its acquire of 0.090 s, between 0.097 s and 0.098 s: zxid 0x100000005; it still existed when the log ended. Its acquire of 0.090 s failed at 0.100 s."
	if got := told(t, r); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// unanswered adds that requests of session 1 were not answered.
func unanswered(r *checktest.Record, t int, v history.Unanswered) {
	r.Add(t, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FUnanswered, Session: 1, Value: history.Value(v)})
}

// If several calls can have made a znode, the text names the one during which the link saw the
// request.
func TestSent(t *testing.T) {
	lost := func(at int) history.Unanswered {
		return history.Unanswered{Requests: []history.UnansweredRequest{{Xid: 7, Op: "create", Sent: time.Duration(at) * time.Millisecond}}}
	}
	for name, c := range map[string]struct {
		saw  func(r *checktest.Record)
		want string
	}{
		"an answered request":                  {func(r *checktest.Record) { seen(r, 93, 0, 1) }, ", by a request sent at 0.092 s during its acquire of 0.090 s,"},
		"an answer within the first call":      {func(r *checktest.Record) { seen(r, 55, 0, 1) }, ", by its acquire of 0.020 s,"},
		"a request that was not answered":      {func(r *checktest.Record) { unanswered(r, 97, lost(58)); seen(r, 98, 0, 1) }, ", by a request sent at 0.058 s during its acquire of 0.020 s,"},
		"a request between two calls":          {func(r *checktest.Record) { unanswered(r, 97, lost(70)); seen(r, 98, 0, 1) }, ", by its acquire of 0.020 s or 0.090 s,"},
		"an answer to which a read came first": {func(r *checktest.Record) { unanswered(r, 97, history.Unanswered{Older: 1}); seen(r, 98, 0, 1) }, ", by its acquire of 0.020 s or 0.090 s,"},
	} {
		r := begin(models.Lock.Name)
		r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
		seen(r, 10, 0, 1)
		r.Txn(history.Txn{Type: "create", Session: 1, Owner: 1, Cxid: 7, Path: root + "/k/lock"})
		r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 20, Ret: 60, Outcome: history.Info, Session: 1})
		r.Op(checktest.Args{Client: 0, F: models.FAcquire, Key: "k", Inv: 90, Ret: 100, Outcome: history.Info, Session: 1})
		c.saw(r)
		if got := told(t, r); !strings.Contains(got, "Client 0, in session 0x1, created k/lock"+c.want) {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

// The text about a wait that did not end says what stood in its way, and which call made that. If
// nothing did, it says that the waiter was first, and what it asked for last.
func TestWaits(t *testing.T) {
	const election, leader = root + "/k/election", root + "/k/leader"
	place := func(r *checktest.Record, s history.ID, number int) {
		r.Txn(history.Txn{Type: "create", Session: s, Owner: s, Path: fmt.Sprintf("%s/n-%010d", election, number), ParentCversion: int32(number + 1)})
	}
	refused := func(r *checktest.Record) {
		r.Txn(history.Txn{Type: "multi", Session: 2, Parts: []history.Txn{{Type: "check"}, {Type: "create", Error: -110}}})
	}
	const (
		own   = "Client 1, in session 0x2, created k/election/n-0000000007, by its acquire of 1.000 s, between 1.009 s and 1.010 s: zxid "
		still = "; it still existed when the log ended. "
		last  = "Client 1, in session 0x2, made the last write of its acquire of 1.000 s: a multi of check and create, which was refused (\"node exists\"), between 1.009 s and 3.002 s: zxid "
	)
	for name, c := range map[string]struct {
		before, after func(r *checktest.Record)
		want          []string
	}{
		"nothing was in its way": {
			want: []string{own + "0x100000004" + still + "From then on until that call ended, it was the first."},
		},
		"what was in its way went": {
			before: func(r *checktest.Record) { place(r, 1, 3) },
			after:  func(r *checktest.Record) { r.Closes(1); seen(r, 1500, 2, 3) },
			want:   []string{own + "0x100000005" + still + "It was the first until that call ended, since k/election/n-0000000003 of client 0 was deleted, between 1.009 s and 1.500 s: zxid 0x100000006."},
		},
		"a place in the line": {
			before: func(r *checktest.Record) { place(r, 1, 3) },
			want:   []string{"Client 0, in session 0x1, created k/election/n-0000000003, between 0.899 s and 0.900 s: zxid 0x100000004" + strings.TrimSuffix(still, " ")},
		},
		"a znode elsewhere, of its own earlier call": {
			before: func(r *checktest.Record) {
				r.Txn(ephemeral(2, leader))
				seen(r, 510, 1, 2)
				r.Op(checktest.Args{Client: 1, F: models.FAcquire, Key: "k", Inv: 500, Ret: 520, Outcome: history.Info, Session: 2})
			},
			after: refused,
			want: []string{
				"Client 1, in session 0x2, created k/leader, by its acquire of 0.500 s, between 0.509 s and 0.510 s: zxid 0x100000004" + still + "Its acquire of 0.500 s ended at 0.520 s.",
				last + "0x100000006.",
			},
		},
		"places behind it, and folders": {
			after: func(r *checktest.Record) { place(r, 1, 8); refused(r) },
			want:  []string{own + "0x100000004" + still + "From then on until that call ended, it was the first.", last + "0x100000006."},
		},
	} {
		r := begin(models.Election.Name)
		for _, path := range []string{root, root + "/k", election} {
			r.Txn(history.Txn{Type: "create", Path: path, Session: 99})
		}
		seen(r, 10, 0, 1)
		seen(r, 10, 1, 2)
		if c.before != nil {
			c.before(r)
			seen(r, 900, 0, 1)
		}
		place(r, 2, 7)
		seen(r, 1010, 1, 2)
		if c.after != nil {
			c.after(r)
		}
		wait := checktest.Args{Client: 1, F: models.FAcquire, Key: "k", Inv: 1000, Ret: 3000, Outcome: history.Info, Session: 2}
		r.Op(wait).Touches(3)
		seen(r, 3002, 2, 3)
		r.KeyFact(4000, history.FFinal, "k", models.Final{Contenders: []models.Contender{{Name: "election"}}})
		h := r.Build()
		var counterexample []int
		for _, e := range h.Events {
			if e.Key == "k" && e.Time >= time.Second {
				counterexample = append(counterexample, e.Index)
			}
		}
		var got []string
		for _, line := range causes.Of(evidence.Read(t.Context(), h, nil, r.Txns), causes.Violation{Key: "k", Counterexample: counterexample, Waiting: true}) {
			got = append(got, line.Text)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
}

// waits adds an acquire of client 1 that waited from the first second to the third, and returns the
// text about it.
func waits(t *testing.T, r *checktest.Record, in any) (got []string) {
	r.Op(checktest.Args{Client: 1, F: models.FAcquire, Key: "k", Inv: 1000, Ret: 3000, Outcome: history.Info, In: in, Session: 2}).Touches(3)
	seen(r, 3002, 2, 3)
	h := r.Build()
	var counterexample []int
	for _, e := range h.Events {
		if e.Key == "k" && e.Time >= time.Second {
			counterexample = append(counterexample, e.Index)
		}
	}
	for _, line := range causes.Of(evidence.Read(t.Context(), h, nil, r.Txns), causes.Violation{Key: "k", Counterexample: counterexample, Waiting: true}) {
		got = append(got, line.Text)
	}
	return got
}

// If the client wrote nothing during a wait, the text says so, and says what was there
// before.
func TestWaitsWithoutAPlace(t *testing.T) {
	const none = "Client 1 opened session 0x2, between 0.009 s and 0.010 s: zxid 0x100000004; it made no write to k during its acquire of 1.000 s."
	for name, c := range map[string]struct {
		before func(r *checktest.Record)
		want   []string
	}{
		"nothing was there":  {func(*checktest.Record) {}, []string{none}},
		"it wrote elsewhere": {func(r *checktest.Record) { r.Txn(ephemeral(2, root+"/other/lock")) }, []string{none}},
		"another's was there": {func(r *checktest.Record) {
			r.Txn(ephemeral(1, root+"/k/lock"))
			seen(r, 500, 0, 1)
		}, []string{none, "Client 0, in session 0x1, created k/lock, between 0.499 s and 0.500 s: zxid 0x100000005; it still existed when the log ended."}},
	} {
		r := begin(models.Lock.Name)
		r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 99}).Opens(1)
		seen(r, 5, 0, 1)
		r.Opens(2)
		seen(r, 10, 1, 2)
		c.before(r)
		if d := cmp.Diff(c.want, waits(t, r, nil)); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
}

// The text about a wait for several keys says what was in its way in the line of one of them, and
// for which of them the waiter was first.
func TestWaitsForParts(t *testing.T) {
	r := begin(models.MultiLock.Name)
	for _, path := range []string{"", "/k", "/k/a", "/k/b"} {
		r.Txn(history.Txn{Type: "create", Path: root + path, Session: 99})
	}
	place := func(s history.ID, part string, number int) {
		r.Txn(history.Txn{Type: "create", Session: s, Owner: s, Path: fmt.Sprintf("%s/k/%s/n-%010d", root, part, number), ParentCversion: int32(number + 1)})
	}
	seen(r, 10, 1, 2)
	place(1, "b", 3)
	seen(r, 500, 0, 1)
	seen(r, 900, 1, 2)
	place(2, "a", 7)
	place(2, "b", 8)
	seen(r, 1010, 1, 2)
	want := []string{
		"Client 0, in session 0x1, created k/b/n-0000000003, between 0.499 s and 0.500 s: zxid 0x100000005; it still existed when the log ended.",
		"Client 1, in session 0x2, created k/a/n-0000000007, by its acquire of 1.000 s, between 1.000 s and 1.010 s: zxid 0x100000006; it still existed when the log ended. From then on until that call ended, it was the first.",
	}
	if d := cmp.Diff(want, waits(t, r, models.Keys{Keys: []string{"a", "b"}})); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// textsOf returns the text about a record of a program's own object, whose counterexample is every operation except
// client 1's.
func textsOf(t *testing.T, r *checktest.Record, m *models.Model) string {
	t.Helper()
	h := r.Build()
	var counterexample []int
	for _, e := range h.Events {
		if e.Process >= 0 && e.Client != 1 {
			counterexample = append(counterexample, e.Index)
		}
	}
	var lines []string
	for _, c := range causes.Of(evidence.Read(t.Context(), h, m, r.Txns), causes.Violation{Key: "k", Counterexample: counterexample}) {
		lines = append(lines, c.Text)
	}
	return strings.Join(lines, "\n")
}

// The text names the call that wrote what the last call was answered, also if the counterexample does not contain that
// call, and has many others that lock before they write.
func TestShownByAnotherCall(t *testing.T) {
	r := begin("names")
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
	seen(r, 10, 0, 1)
	seen(r, 10, 1, 2)
	sets := func(at, client int, data string, version int32) {
		r.Txn(history.Txn{Type: "setData", Session: history.ID(client + 1), Path: root + "/k", Data: []byte(data), Version: version})
		seen(r, at, client, history.ID(client+1))
	}
	for i := range 4 {
		at := 100 + 100*i
		r.Txn(ephemeral(1, root+"/k/lock"))
		sets(at+20, 0, fmt.Sprint("old ", i), int32(i+1))
		r.Txn(deletes(1, root+"/k/lock"))
		seen(r, at+30, 0, 1)
		r.Op(checktest.Args{Client: 0, F: "set", Key: "k", Inv: at, Ret: at + 40, Outcome: history.OK, Session: 1})
	}
	sets(520, 1, "late", 5)
	r.Op(checktest.Args{Client: 1, F: "set", Key: "k", Inv: 510, Ret: 530, Outcome: history.Fail, Session: 2})
	seen(r, 605, 0, 1)
	r.Op(checktest.Args{Client: 0, F: "get", Key: "k", Inv: 600, Ret: 610, Outcome: history.OK, Out: "late", Session: 1})
	got := textsOf(t, r, &models.Model{Name: "names", OnZnodes: true, Others: &models.Operation{}})
	for _, want := range []string{`wrote "late" to k as version 5, over "old 3", during its set of 0.510 s`, `wrote "old 0"`, `wrote "old 3"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in:\n%s", want, got)
		}
	}
}

// The text names the call that wrote over what a holder had written, also if the counterexample does not contain it.
func TestWrittenOverAHold(t *testing.T) {
	const task = root + "/k/task"
	r := begin("tasks")
	r.Txn(history.Txn{Type: "create", Path: root, Session: 99}).Txn(history.Txn{Type: "create", Path: root + "/k", Session: 1})
	for client := range 3 {
		seen(r, 10, client, history.ID(client+1))
	}
	write := func(at, client int, x history.Txn) {
		x.Session, x.Path = history.ID(client+1), task
		r.Txn(x)
		seen(r, at, client, x.Session)
	}
	grab := func(at, client int) {
		write(at+1, client, history.Txn{Type: "create"})
		write(at+2, client, history.Txn{Type: "setData", Data: []byte("mine"), Version: 1})
		write(at+3, client, history.Txn{Type: "setData", Data: []byte("still mine"), Version: 2})
		r.Op(checktest.Args{Client: client, F: "grab", Key: "k", Inv: at, Ret: at + 4, Outcome: history.OK, Session: history.ID(client + 1)})
	}
	end := func(at, client int, data string, version int32) {
		write(at+1, client, history.Txn{Type: "setData", Data: []byte(data), Version: version})
		r.Op(checktest.Args{Client: client, F: "end", Key: "k", Inv: at, Ret: at + 2, Outcome: history.OK, Session: history.ID(client + 1)})
	}
	grab(100, 0)
	end(110, 1, "done by another", 3)
	for i := range 3 {
		end(120+10*i, 1, "and more", int32(4+i))
	}
	write(160, 2, history.Txn{Type: "delete"})
	grab(170, 2)
	end(200, 0, "done by 0", 3)
	end(210, 2, "done by 2", 4)
	got := textsOf(t, r, &models.Model{Name: "tasks", OnZnodes: true, Operations: []models.Operation{{F: "grab", Begins: true}, {F: "end", Ends: true}}})
	if want := `wrote "done by another" to k/task as version 3, over "still mine", during its end of 0.110 s`; !strings.Contains(got, want) {
		t.Errorf("%s is not in:\n%s", want, got)
	}
}
