package checker

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/witness"
)

// tell gives each violation with a witness its story, unless its check told one.
func tell(h *history.History, vs []Verdict) []Verdict {
	var untold []int
	var shown [][]int
	for i, v := range vs {
		if v.Result == Violation && len(v.Witness) > 0 && v.Story == nil {
			untold, shown = append(untold, i), append(shown, v.Witness)
		}
	}
	if len(untold) == 0 {
		return vs
	}
	r := witness.Read(h, shown...)
	for _, i := range untold {
		v := &vs[i]
		v.Story = r.Scene(v.Property, v.Key, v.Witness).Story()
	}
	return vs
}
