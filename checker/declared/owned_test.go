package declared

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

var badges = models.Model{Name: "badges", Operations: []models.Operation{{F: "claim"}, {F: "release"}, {F: "other"}}}

// Client 0 is given 7 at 2 ms, in session 0xa, and lives on. Client 1 is given something at a later time.
func TestOwned(t *testing.T) {
	lives := func(ms float64) func(*historytest.Builder) { // shows that session 0xa lived, while client 1 calls
		return func(b *historytest.Builder) {
			b.Op(0, "other", "k", ms, ms+1, history.OK, nil, nil).Session(0xa).Alive(ms)
		}
	}
	for name, tt := range map[string]struct {
		says  string // a part of the text that says what is wrong; "" if nothing is
		got   any    // the answer to client 1, from 10 to 11 ms
		alive float64
		meets []func(*historytest.Builder)
	}{
		"the same":             {"client 1 was given 7 of k at 0.011 s, which client 0 had: it was given it at 0.002 s", 7, 15, []func(*historytest.Builder){lives(20)}},
		"another one":          {"", 8, 15, []func(*historytest.Builder){lives(20)}},
		"nothing":              {"", nil, 15, []func(*historytest.Builder){lives(20)}},
		"perhaps dead":         {"", 7, 15, []func(*historytest.Builder){lives(9)}},
		"dead before":          {"", 7, 10.5, []func(*historytest.Builder){lives(20)}}, // dead when client 1 was answered
		"given back":           {"", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "release", "k", 5, 6, history.OK, nil, nil).Session(0xa) }, lives(20)}},
		"perhaps given back":   {"", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "release", "k", 5, 6, history.Info, nil, nil).Session(0xa) }, lives(20)}},
		"given back: another":  {"which client 0 had", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "release", "k", 5, 6, history.OK, 8, nil).Session(0xa) }, lives(20)}},
		"given back: this one": {"", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "release", "k", 5, 6, history.OK, 7, nil).Session(0xa) }, lives(20)}},
		"not given back":       {"which client 0 had", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "release", "k", 5, 6, history.Fail, nil, nil).Session(0xa) }, lives(20)}},
		"given another one":    {"", 7, 15, []func(*historytest.Builder){func(b *historytest.Builder) { b.Op(0, "claim", "k", 5, 6, history.OK, nil, 9).Session(0xa) }, lives(20)}},
		"crashed": {"", 7, 15, []func(*historytest.Builder){lives(4), func(b *historytest.Builder) {
			b.Session(5, 0, 0xa, history.FExited, "", history.Exited{By: history.ByCrash})
			b.Session(20, 1, 0xb, history.FDead, "", nil)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := historytest.New(badges.Name)
			b.Op(0, "claim", "k", 1, 2, history.OK, nil, 7).Session(0xa).Alive(1)
			for _, meets := range tt.meets {
				meets(b)
			}
			b.Op(1, "claim", "k", 10, 11, history.OK, nil, tt.got).Session(0xb).Alive(10)
			b.Op(1, "other", "k", tt.alive, tt.alive+1, history.OK, nil, nil).Session(0xb).Alive(tt.alive)
			r := evidence.Read(t.Context(), b.History(), &badges, nil)
			f := Owned(Owning{"claim", "release"})[0].Property().Decide(t.Context(), r.Keys[0])
			if (f.Result == frame.Violation) != (tt.says != "") || !strings.Contains(f.Reason, tt.says) {
				t.Errorf("%s: %s", f.Result, f.Reason)
			}
		})
	}
}

// A user's own property sees when sessions and processes ended.
func TestEnds(t *testing.T) {
	b := historytest.New(badges.Name)
	b.Op(0, "claim", "k", 1, 2, history.OK, nil, 7).Session(0xa).Alive(1)
	b.Op(1, "claim", "k", 3, 4, history.OK, nil, 8).Session(0xb).Alive(3)
	b.Session(6, 0, 0xa, history.FDead, "", nil)
	b.Session(7, 1, 0xb, history.FExited, "", history.Exited{By: history.ByCrash})
	k := keyOf(evidence.Read(t.Context(), b.History(), &badges, nil).Keys[0])
	if got, want := k.SessionEnd(k.Calls[0]), (Span{From: historytest.At(1), To: historytest.At(6)}); got != want {
		t.Errorf("the session ended in %v, want %v", got, want)
	}
	if got, want := k.SessionEnd(k.Calls[1]), (Span{From: historytest.At(3), To: history.Never}); got != want {
		t.Errorf("the session ended in %v, want %v", got, want)
	}
	if a, b := k.ProcessEnd(k.Calls[0]), k.ProcessEnd(k.Calls[1]); a != history.Never || b != historytest.At(7) {
		t.Errorf("the processes ended at %v and %v", a, b)
	}
}
