package linearize

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
)

// idlers finds the idle operation that comes next in an order. An idle operation that leaves the state as it is
// can come at once: whatever can follow without it can also follow after it.
type idlers struct {
	step  stepFunc
	equal func(a, b any) bool
	idle  []*step // in order of their calls
	ends  []*step // all operations, in order of their returns
}

// idlers finds the idle operations of a part.
func (p *Problem) idlers(part []porcupine.Operation) {
	if p.Idle == nil {
		return
	}
	l := &idlers{step: stepOf(p.Model), equal: equalOf(p.Model)}
	for _, op := range part {
		o := op.Input.(*step)
		o.part, l.ends = l, append(l.ends, o)
		if o.idle {
			l.idle = append(l.idle, o)
		}
	}
	slices.SortStableFunc(l.idle, func(a, b *step) int { return cmp.Compare(a.Call, b.Call) })
	slices.SortStableFunc(l.ends, func(a, b *step) int { return cmp.Compare(a.Return, b.Return) })
}

// next holds the idle operation that has to come next. Its o is nil if any operation may.
type next struct{ o *step }

func (n *next) allows(o *step) bool { return n.o == nil || n.o == o }

// next returns the idle operation that comes next.
func (l *idlers) next(c ctx, state any, done placed) *next {
	if l == nil {
		return &next{}
	}
	first := int64(Never)
	for _, o := range l.ends {
		if !done.has(o.place) {
			first = o.Return
			break
		}
	}
	for _, o := range l.idle {
		if o.Call > first {
			break
		}
		if done.has(o.place) || !done.allows(o) {
			continue
		}
		if ok, after := l.step(c, state, o.Input, o.Output); ok && l.equal(state, after) {
			return &next{o}
		}
	}
	return &next{}
}
