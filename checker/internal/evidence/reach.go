package evidence

import (
	"time"
)

// Reach is how far operations go of those that began before, taken in order of
// invocation: to find out whether the next one overlaps another client's.
type Reach struct {
	end    time.Duration // the latest
	by     int           // whose it is
	second time.Duration // the latest of all others
}

// NewReach is one of no operation.
func NewReach() Reach { return Reach{Always, -1, Always} }

// Beyond says whether an operation of another client goes on after t.
func (r *Reach) Beyond(client int, t time.Duration) bool {
	return r.end > t && r.by != client || r.second > t
}

// Add takes in an operation.
func (r *Reach) Add(client int, end time.Duration) {
	switch {
	case r.by == client || r.end == Always:
		r.end, r.by = max(r.end, end), client
	case end > r.end:
		r.second, r.end, r.by = r.end, end, client
	default:
		r.second = max(r.second, end)
	}
}
