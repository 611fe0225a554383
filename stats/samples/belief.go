package samples

import (
	"time"
)

// Belief says for how long two clients believed at the same time that they held the same key, of
// objects that one client holds at a time. It covers the whole record. No recipe can prevent that if
// a holder stands still; a resource that checks fencing tokens refuses the writes that it leads to.
type Belief struct {
	Windows int           `json:"windows"`
	Total   time.Duration `json:"total"`
	Longest time.Duration `json:"longest"`
	Writes  int           `json:"writes"` // to the guarded resource, that ended
	// Refused counts the Writes that a resource which checks tokens would refuse: a client wrote
	// after another client with a later grant. If the subject gives no tokens, the order of the
	// grants, as the clients saw them, stands for them.
	Refused int `json:"refused"`
}

// Merge adds the figures of other runs. others may be nil, and is not changed.
func (b *Belief) Merge(others *Belief) {
	if others == nil {
		return
	}
	b.Windows += others.Windows
	b.Total += others.Total
	b.Longest = max(b.Longest, others.Longest)
	b.Writes += others.Writes
	b.Refused += others.Refused
}
