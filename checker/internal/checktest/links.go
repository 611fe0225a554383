package checktest

import (
	"github.com/zklab/zklab/history"
)

// Linked adds the links of three clients' sessions, and a session of the harness, in a run below /k.
func (r *Record) Linked() *Record {
	r.Header.Params.Root = "/k"
	for c := range 3 {
		r.Session(1, history.FConnected, c, history.ID(c+1))
	}
	return r.Fact(1, history.FHarness, history.Harness{Session: 9})
}
