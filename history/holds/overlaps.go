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
// longest before it: where three believe at a time, each stretch counts once. Two who both
// read are none; one who reads is set against the one that believed longest that it wrote.
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

// overlap is the time in which two clients believed that they held, one of them to write;
// nil if there is none. The first hold was granted first.
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

// wrote is until when the client believed that it held to write.
func (h *Hold) wrote() time.Duration { return h.Writes(h.Believed) }
