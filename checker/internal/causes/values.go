package causes

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// values looks for the writes that operations of the counterexample made or saw, and for those that
// replaced them.
func (s *search) values() {
	writes := s.writes()
	var matter []int
	for _, op := range s.ops {
		for _, i := range s.writesOf(op, writes) {
			matter = append(matter, i, min(i+1, len(writes)-1))
		}
	}
	matter = evidence.Indices(matter...)
	if len(matter) > most { // a violation that all of them show together is not explained by a few
		return
	}
	for _, i := range matter {
		s.change(made, writes[i])
	}
}

// writes returns the writes to the key's own znode during the counterexample, and the last one before.
func (s *search) writes() (of []evidence.Change) {
	for _, c := range changesAt(s.key)[s.Params.Root+"/"+s.key.Name] {
		switch part := c.Parts[0]; {
		case c.Zxid > s.high || part.Type != "setData" && !part.Creates():
		case len(of) == 1 && of[0].Zxid <= s.low && c.Zxid <= s.low:
			of[0] = c
		default:
			of = append(of, c)
		}
	}
	return of
}

// writesOf returns the places of the writes that an operation made, or of the write that it saw; none
// if that write is not known.
func (s *search) writesOf(op *history.Operation, writes []evidence.Change) []int {
	_, v, ok := s.of.Tell(op)
	if !ok || v.Data == nil {
		return nil
	}
	low, high := s.span(op)
	var within, any []int // within: all writes that can be meant; any: all writes of this data
	for i := range writes {
		w := &writes[i]
		switch {
		case *v.Data != string(w.Parts[0].Data) || !v.Seen && (w.Zxid <= low || w.Client != op.Client):
		case w.Zxid < high && !v.Seen:
			within = append(within, i)
		case w.Zxid < high || op.Outcome() == history.Info:
			any = append(any, i)
		}
	}
	if len(within) == 0 && len(any) == 1 {
		return any
	}
	return within
}
