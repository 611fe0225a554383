package holds

import (
	"cmp"
	"slices"
	"time"
)

// Overlap is a time in which two clients believed that they held one key.
type Overlap struct {
	From, Until   time.Duration
	First, Second *Hold // in order of their grants
}

// Length returns how long the overlap lasted.
func (o *Overlap) Length() time.Duration { return o.Until - o.From }

// Overlaps returns the overlaps among holds, which must be in order of their grants. The result is
// in order of key and time. Each hold is compared with the earlier hold of its key that was
// believed in longest, so that a time in which three clients believe counts once. Two holds for
// reading do not overlap. A hold for reading is compared with the one that was believed to be for
// writing for longest.
func Overlaps(holds []*Hold) []Overlap {
	var all []Overlap
	longest, longestWrite := map[string]*Hold{}, map[string]*Hold{}
	for _, h := range holds {
		before, wrote := longest[h.Key], longestWrite[h.Key]
		found := overlap(before, h)
		if found == nil {
			found = overlap(wrote, h)
		}
		if found != nil {
			all = append(all, *found)
		}
		if before == nil || h.Believed > before.Believed {
			longest[h.Key] = h
		}
		if wrote == nil || h.wrote() > wrote.wrote() {
			longestWrite[h.Key] = h
		}
	}
	slices.SortStableFunc(all, func(x, y Overlap) int { return cmp.Compare(x.First.Key, y.First.Key) })
	return all
}

// overlap returns the time in which two clients believed that they held, at least one of them to
// write, or nil. The first hold was granted first.
func overlap(first, second *Hold) *Overlap {
	if first == nil || first.Client == second.Client {
		return nil
	}
	until := max(min(first.wrote(), second.Believed), min(first.Believed, second.wrote()))
	if until <= second.Granted {
		return nil
	}
	return &Overlap{From: second.Granted, Until: until, First: first, Second: second}
}

// wrote returns the time until which the client believed that it held to write.
func (h *Hold) wrote() time.Duration { return h.Writes(h.Believed) }
