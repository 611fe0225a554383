package evidence

import (
	"time"
)

// Reach is how long earlier operations lasted, which are added in order of invocation. It shows whether
// the next one overlaps an operation of another client.
type Reach struct {
	end    time.Duration // the latest
	by     int           // the client whose operation that is
	second time.Duration // the latest of all others
}

// NewReach returns the Reach of no operation.
func NewReach() Reach { return Reach{Always, -1, Always} }

// Beyond reports whether an operation of another client goes on after t.
func (r *Reach) Beyond(client int, t time.Duration) bool {
	return r.end > t && r.by != client || r.second > t
}

// Add adds an operation.
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
