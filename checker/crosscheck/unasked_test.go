package crosscheck

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// unasked reports whether a record is of a kind that no run makes: items come out of a
// queue after the fenced look that ended its drain.
func unasked(h record) bool {
	for _, f := range h.facts {
		for _, o := range h.ops {
			if f.f == history.FDrained && o.f == models.FDequeue && o.key == f.key && o.out == ok && o.inv > f.at {
				return true
			}
		}
	}
	return false
}
