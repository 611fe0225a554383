package checker

import "time"

// reach is how far operations go of those that began before, taken in order of
// invocation: to find out whether the next one overlaps another client's.
type reach struct {
	end    time.Duration // the latest
	by     int           // whose it is
	second time.Duration // the latest of all others
}

func newReach() reach { return reach{always, -1, always} }

// beyond says whether an operation of another client goes on after t.
func (r *reach) beyond(client int, t time.Duration) bool {
	return r.end > t && r.by != client || r.second > t
}

// add takes in an operation.
func (r *reach) add(client int, end time.Duration) {
	switch {
	case r.by == client || r.end == always:
		r.end, r.by = max(r.end, end), client
	case end > r.end:
		r.second, r.end, r.by = r.end, end, client
	default:
		r.second = max(r.second, end)
	}
}
