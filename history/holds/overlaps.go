package holds

import (
	"cmp"
	"slices"
	"time"
)

// Overlap is a time in which two clients believed that they held one key.
type Overlap struct {
	From, Until   time.Duration
	First, Second *Hold // by their grants
}

// Length is how long it lasted.
func (o *Overlap) Length() time.Duration { return o.Until - o.From }

// Overlaps finds them among holds that are in order of their grants. They come in order
// of key and time. Each hold is set against the one of its key that was believed in
// longest before it: where three believe at a time, each stretch counts once.
func Overlaps(holds []*Hold) []Overlap {
	var all []Overlap
	longest := map[string]*Hold{}
	for _, h := range holds {
		before := longest[h.Key]
		if before != nil && before.Client != h.Client {
			if until := min(h.Believed, before.Believed); until > h.Granted {
				all = append(all, Overlap{From: h.Granted, Until: until, First: before, Second: h})
			}
		}
		if before == nil || h.Believed > before.Believed {
			longest[h.Key] = h
		}
	}
	slices.SortStableFunc(all, func(x, y Overlap) int { return cmp.Compare(x.First.Key, y.First.Key) })
	return all
}
