package holds

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Stay is a time in which a member was inside a double barrier, in which a barrier was up, or in which
// a client had a stay at an object of a program's own, as its clients saw it.
type Stay struct {
	Begin *history.Operation // a raise or an enter, with its ok
	End   *history.Operation // a lift or a leave that may have taken effect; nil if there is none
	// The stay lasted from the return of Begin to the call of End, to the end of the member's
	// process, or to the end of the record.
	From, Until time.Duration
	Open        bool // no known end

	inner int // begins within this stay of an object of a program's own, less their ends
}

// Stays returns the stays in objects of the model, in order of their beginnings. Any client may
// lift a barrier.
func (r *Record) Stays(m *models.Model) []*Stay {
	var all []*Stay
	for _, ops := range r.ops {
		inside := map[int]*Stay{}
		for _, op := range ops {
			who := op.Client
			if m.State == models.Raised {
				who = 0
			}
			switch s := inside[who]; {
			case m.State == models.Value && s != nil && s.nests(m, op):
			case m.Operation(op.F).Begins && op.Outcome() == history.OK:
				inside[who] = r.stay(m, op)
				all = append(all, inside[who])
			case m.Operation(op.F).Ends && op.Outcome() != history.Fail && s != nil:
				s.End, s.Until, s.Open = op, max(s.From, min(s.Until, op.Began())), false
				delete(inside, who)
			}
		}
	}
	slices.SortFunc(all, func(x, y *Stay) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.Begin.Return.Index, y.Begin.Return.Index))
	})
	return all
}

// nests reports whether an operation begins or ends a stay within this one.
func (s *Stay) nests(m *models.Model, op *history.Operation) bool {
	switch o := m.Operation(op.F); {
	case o.Begins && op.Outcome() == history.OK && op.Return.Session == s.Begin.Return.Session:
		s.inner++
		return true
	case o.Ends && op.Outcome() != history.Fail && s.inner > 0:
		s.inner--
		return true
	}
	return false
}

// stay returns the stay that op begins. A member's znodes go with its process; a barrier stays up.
func (r *Record) stay(m *models.Model, op *history.Operation) *Stay {
	s := &Stay{Begin: op, From: op.Return.Time, Until: r.r.End, Open: true}
	if x := r.Exited(op.Client, op.Began()); m.State == models.Entered && x != None {
		s.Until, s.Open = max(s.From, x.At), false
	}
	return s
}
