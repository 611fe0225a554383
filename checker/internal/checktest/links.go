package checktest

import (
	"github.com/zklab/zklab/history"
)

// Linked has links carry the sessions of three clients, and the harness one of its
// own, in a run below /k.
func (r *Record) Linked() *Record {
	r.Header.Params.Root = "/k"
	for c := range 3 {
		r.Session(1, history.FConnected, c, history.ID(c+1))
	}
	return r.Fact(1, history.FHarness, history.Harness{Session: 9})
}
