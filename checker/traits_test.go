package checker

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
)

// TestReentrantLock checks a right and a wrong reentrant lock, with other names,
// through the public checks.
func TestReentrantLock(t *testing.T) {
	for name, tt := range map[string]struct {
		entered int // when the other client enters, in ms
		want    Result
	}{
		"right": {41, Valid},
		"wrong": {25, Violation}, // released at the inner end
	} {
		t.Run(name, func(t *testing.T) {
			r := checktest.Foreign("reentrant")
			op := func(client int, f string, from, to int) {
				r.Op(checktest.Args{Client: client, F: f, Key: "k", Inv: from, Ret: to, Outcome: history.OK})
			}
			op(0, "enter", 1, 2)
			op(0, "enter", 3, 4)
			op(0, "leave", 20, 21)
			op(1, "enter", 22, tt.entered)
			op(0, "leave", 40, 45)
			for _, c := range Exclusive(Hold{Begin: "enter", End: "leave", Nested: true}) {
				if c.Name() != "exclusion" {
					continue
				}
				if vs := c.Check(t.Context(), r.Build()); len(vs) != 1 || vs[0].Result != tt.want {
					t.Errorf("%+v", vs)
				}
			}
		})
	}
}

func TestSessions(t *testing.T) {
	r := checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1, Alive: 15}).Session(40, dead, 0, 1).Proof(1, 2, 50)
	var all []Session
	for s := range Sessions(r.Build()) {
		all = append(all, s)
	}
	if len(all) != 2 || all[0].Client != 0 || all[0].EndedBy > 40*time.Millisecond || all[0].EndedFrom > all[0].EndedBy || all[1].Client != 1 || all[1].EndedBy != history.Never {
		t.Errorf("%+v", all)
	}
}
