package linear

import (
	"encoding/binary"
	"slices"
)

// sequenced is a machine that carries out the operations of a process in their order even if their
// intervals overlap, as operations at the same time or of the same drain do. Its state consists of
// a state of the machine and of how far each process has come.
type sequenced struct {
	machine
	of    map[*op]link
	runs  int
	all   []advanced
	ids   map[string]int64
	bytes int64
}

// link is an operation's place in a run of overlapping operations of one process.
type link struct{ run, before int64 }

type advanced struct {
	state int64
	done  []int64 // for each run: how many of its operations are done
}

// newSequenced returns a machine that keeps the order of a process's overlapping operations. It
// returns m itself if the intervals of all operations already imply that order.
func newSequenced(m machine, ops []op) machine {
	s := &sequenced{machine: m, of: map[*op]link{}, ids: map[string]int64{}}
	last := map[int32]*op{} // by process: the last operation whose outcome is known
	for i := range ops {
		o := &ops[i]
		if p := last[o.process]; p != nil && p.ret > o.inv {
			if _, has := s.of[p]; !has {
				s.of[p] = link{int64(s.runs), 0}
				s.runs++
			}
			s.of[o] = link{s.of[p].run, s.of[p].before + 1}
		}
		if !o.unknown() {
			last[o.process] = o
		}
	}
	if s.runs == 0 {
		return m
	}
	return s
}

func (s *sequenced) initial() int64 { return s.number(s.machine.initial(), make([]int64, s.runs)) }
func (s *sequenced) size() int64    { return s.machine.size() + s.bytes }

func (s *sequenced) step(state int64, o *op) (int64, bool) {
	from := s.all[state]
	l, linked := s.of[o]
	if linked && from.done[l.run] < l.before {
		return state, false
	}
	next, ok := s.machine.step(from.state, o)
	if !ok {
		return state, false
	}
	done := from.done
	if linked && !o.unknown() {
		done = slices.Clone(done)
		done[l.run]++
	}
	return s.number(next, done), true
}

func (s *sequenced) number(state int64, done []int64) int64 {
	key := keyOf(append([]int64{state}, done...)...)
	id, ok := s.ids[key]
	if !ok {
		id = int64(len(s.all))
		s.ids[key] = id
		s.all = append(s.all, advanced{state, done})
		s.bytes += 16*int64(len(done)) + 100
	}
	return id
}

// keyOf turns numbers into a key for a map.
func keyOf(ns ...int64) string {
	key := make([]byte, 0, 8*len(ns))
	for _, n := range ns {
		key = binary.LittleEndian.AppendUint64(key, uint64(n))
	}
	return string(key)
}
