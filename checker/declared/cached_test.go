package declared

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
)

// Client 1 sets 1 and 2, and client 0 asks its cache. The cache may be behind for as long as its
// client was not connected, and for 15 s more, and it never goes back within one process. Times are
// in seconds.
func TestCached(t *testing.T) {
	const s = 1000.0
	type asks struct {
		at  float64
		got int
	}
	for name, tt := range map[string]struct {
		says  string                     // a part of the text that says what is wrong; "" if nothing is
		asks  []asks                     // of client 0
		meets func(*historytest.Builder) // what happens to client 0, which is connected from the beginning
	}{
		"fresh":                  {"", []asks{{4, 0}, {5, 1}, {6, 2}}, nil},
		"behind":                 {"", []asks{{16, 0}, {17, 1}}, nil},
		"too far behind":         {"has to know what was so at 3.000 s", []asks{{18, 1}}, nil},
		"never set":              {"no order", []asks{{4, 3}}, nil},
		"not yet set":            {"no order", []asks{{1.5, 2}}, nil},
		"goes back":              {"may be behind, but never goes back", []asks{{4, 2}, {5, 1}}, nil},
		"goes back, to the same": {"", []asks{{4, 2}, {5, 2}}, nil},
		"goes back, started again": {"", []asks{{4, 2}, {5, 1}}, func(b *historytest.Builder) {
			b.Session(4.5*s, 0, 0xa, history.FExited, "", history.Exited{By: history.ByCrash})
			b.Session(4.6*s, 0, 0, history.FStarted, "", nil)
			b.Session(4.7*s, 0, 0xb, history.FConnected, "", nil)
		}},
		"not connected": {"", []asks{{40, 0}}, func(b *historytest.Builder) { b.Session(1.5*s, 0, 0xa, history.FDisconnected, "", nil) }},
		"connected late": {"", []asks{{34, 0}}, func(b *historytest.Builder) {
			b.Session(1.5*s, 0, 0xa, history.FDisconnected, "", nil)
			b.Session(20*s, 0, 0xa, history.FConnected, "", nil)
		}},
		"connected long since": {"has to know what was so at 21.000 s", []asks{{36, 0}}, func(b *historytest.Builder) {
			b.Session(1.5*s, 0, 0xa, history.FDisconnected, "", nil)
			b.Session(20*s, 0, 0xa, history.FConnected, "", nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := historytest.New(testedModel.Name)
			b.Header.Params.SessionTimeout, b.Header.Params.Slack = 10*time.Second, 5*time.Second
			b.Fact(0, history.FPhase, "", history.Phase{Name: history.PhaseLoad})
			b.Session(0.1*s, 0, 0xa, history.FConnected, "", nil)
			b.Op(1, "set", "k", 1*s, 1.1*s, history.OK, 1, 0)
			b.Op(1, "set", "k", 2*s, 2.1*s, history.OK, 2, 0)
			if tt.meets != nil {
				tt.meets(b)
			}
			for _, a := range tt.asks {
				b.Op(0, "kept", "k", a.at*s, a.at*s+1, history.OK, nil, a.got)
			}
			r := evidence.Read(t.Context(), b.History(), &testedModel, nil)
			f := testedSpec().decide(t.Context(), r.Keys[0])
			if (f.Result == frame.Violation) != (tt.says != "") || !strings.Contains(f.Reason, tt.says) {
				t.Errorf("%s: %s", f.Result, f.Reason)
			}
		})
	}
}
