package plan

import (
	"slices"
	"time"

	"github.com/zklab/zklab/link"
)

// Asked is a fault that a schedule asks for, and when it comes first.
type Asked struct {
	Fault string        `json:"fault"`           // as people write it, without times, such as kill:leader, or all
	Kind  string        `json:"kind,omitempty"`  // "" for all, which any kind satisfies
	Point string        `json:"point,omitempty"` // the message at which it comes
	First time.Duration `json:"first,omitempty"` // the earliest time of its turn
	// Enough is the length of a load that has a turn for everything in the schedule.
	Enough time.Duration `json:"enough,omitempty"`
}

// Asked returns each fault that was asked for, once. All faults of AllFaults together count as one.
func (s Schedule) Asked() (all []Asked) {
	add := func(a Asked) {
		a.Enough = s.Length()
		same := func(b Asked) bool { return b.Kind == a.Kind && b.Fault == a.Fault && b.Point == a.Point }
		if i := slices.IndexFunc(all, same); i < 0 {
			all = append(all, a)
		} else {
			all[i].First = min(all[i].First, a.First)
		}
	}
	for _, p := range s {
		at := p.first()
		for _, t := range p.Turns {
			if t.all || t.chosen {
				add(Asked{Fault: allName, First: at})
			} else {
				for _, f := range t.Faults {
					add(Asked{Fault: f.Spec(), Kind: f.Kind(), Point: pointText(p.Point), First: at})
				}
			}
			if p.Order == InOrder {
				at += p.takes(t)
			}
		}
		for _, step := range p.Steps {
			add(Asked{Fault: step.Fault.Spec(), Kind: step.Fault.Kind(), Point: pointText(step.Point), First: step.At})
		}
	}
	return all
}

func pointText(p link.Point) string {
	if p.Zero() {
		return ""
	}
	return p.String()
}

// Unmixed returns the parts whose turns have times or an order of their own.
func (s Schedule) Unmixed() Schedule {
	return slices.DeleteFunc(slices.Clone(s), func(p Part) bool { return p.Order == Mixed })
}
