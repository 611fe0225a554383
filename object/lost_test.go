package object_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// Inside reports whether the client is inside. A forgetful gate does not notice that its session ended.
func (g *gate) Inside(context.Context) (bool, error) {
	return g.depth > 0 && (g.forgetful || g.session == g.conn.SessionID()), nil
}

// A gate whose clients say long after their session ended that they are inside is convicted of
// lost. A gate that notices the end is not, even if its clients are seldom asked. It does not
// matter whether the session is the client's or the gate's own. Without that question there is no
// such property.
func TestLost(t *testing.T) {
	for name, tt := range map[string]struct {
		forgetful    bool
		weight, keys int
		own          bool // whether the gate has a session of its own
		want         checker.Result
	}{
		"notices":                       {false, 3, 0, false, checker.Valid},
		"notices, in its own session":   {false, 3, 0, true, checker.Valid},
		"forgetful":                     {true, 3, 0, false, checker.Violation},
		"forgetful, in its own session": {true, 3, 0, true, checker.Violation},
		"seldom asked":                  {false, 1, 10, false, checker.Valid},
		"asked by none":                 {false, 0, 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			results := map[checker.Result]int{}
			for seed := range int64(8) {
				enter, leave := object.Ask("enter", (*gate).Enter), object.Do("leave", (*gate).Leave)
				inside := object.Ask("inside", (*gate).Inside).ReadOnly().Weight(tt.weight)
				o := object.Object[*gate]{
					Name: "gate",
					New: func(c *subjects.Client, path string) (*gate, error) {
						conn, err := c.Conn, error(nil)
						if tt.own {
							conn, _, err = c.Connect()
						}
						return &gate{conn: conn, path: path, forgetful: tt.forgetful}, err
					},
					Operations: []object.Operation[*gate]{enter, leave, inside},
					Rules:      []object.Rule{object.Exclusive(enter, leave).Confirm(inside)},
				}
				x, err := zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload(), Seed: seed + 1, TimeLimit: 10 * time.Second, Faults: expiries, Keys: tt.keys})
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range x.Result.Verdicts {
					if v.Property == "lost" {
						results[v.Result]++
						t.Log(v.Result, v.Reason, v.Figures)
						if strings.Contains(v.Reason, "not reported") {
							t.Errorf("seed %d: a client was to tell what it was not asked: %s", seed+1, v.Reason)
						}
					} else if v.Result == checker.Violation && !v.Measured && !tt.forgetful {
						t.Errorf("seed %d: %+v", seed+1, v)
					}
				}
			}
			switch {
			case tt.want == "" && len(results) > 0, tt.want == checker.Valid && results[checker.Violation] > 0, tt.want != "" && results[tt.want] < 3:
				t.Errorf("%v, want %s", results, tt.want)
			}
		})
	}
}
