package causes

import (
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// write is a write that changed the data of a key's znode.
type write struct {
	zxid    uint64
	session history.ID
	kind    string
	data    []byte
	version int32
	over    *write // the write that it replaced; nil if there is none
}

// values looks for the writes that operations of the counterexample made or saw, and for those that
// replaced them.
func (s *search) values() {
	path := s.Params.Root + "/" + s.key.Name
	writes := s.writes(path)
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
		s.written(&writes[i], path)
	}
}

// writes returns the writes during the counterexample, and the last one before.
func (s *search) writes(path string) (of []write) {
	for i := range s.Transactions {
		t := &s.Transactions[i]
		if uint64(t.Zxid) > s.high {
			break
		}
		if t.Error != 0 || evidence.Refused(t) {
			continue
		}
		parts := t.Parts
		if t.Type != "multi" {
			parts = s.Transactions[i : i+1]
		}
		for j := range parts {
			p := &parts[j]
			if p.Path != path || !setsData[p.Type] {
				continue
			}
			if len(of) == 1 && of[0].zxid <= s.low && uint64(t.Zxid) <= s.low {
				of = of[:0]
			}
			of = append(of, write{zxid: uint64(t.Zxid), session: t.Session, kind: p.Type, data: p.Data, version: p.Version})
		}
	}
	for i := 1; i < len(of); i++ {
		of[i].over = &of[i-1]
	}
	return of
}

// setsData has the types of transactions that give a znode other data.
var setsData = map[string]bool{"create": true, "create2": true, "createContainer": true, "createTTL": true, "setData": true}

// writesOf returns the places of the writes that an operation made, or of the write that it saw; none
// if that write is not known.
func (s *search) writesOf(op *history.Operation, writes []write) []int {
	_, v, ok := s.of.Tell(op)
	if !ok || v.Data == nil {
		return nil
	}
	low, high := s.span(op)
	var within, any []int // within: all writes that can be meant; any: all writes of this data
	for i := range writes {
		w := &writes[i]
		switch {
		case *v.Data != string(w.data) || !v.Seen && (w.zxid <= low || s.client(w.session) != op.Client):
		case w.zxid < high && !v.Seen:
			within = append(within, i)
		case w.zxid < high || op.Outcome() == history.Info:
			any = append(any, i)
		}
	}
	if len(within) == 0 && len(any) == 1 {
		return any
	}
	return within
}

// written reports a write, and what it replaced.
func (s *search) written(w *write, path string) {
	text := s.who(w.session, w.zxid) + " wrote " + holding(w.data) + " to " + s.name(path)
	if w.kind != "setData" {
		text = s.who(w.session, w.zxid) + " created " + s.name(path) + " with " + holding(w.data)
	} else {
		text += " as version " + words.Number(int(w.version))
	}
	if o := w.over; o != nil && o.version+1 == w.version { // otherwise the log lacks a write
		text += ", over " + holding(o.data)
		if c := s.client(o.session); c >= 0 {
			text += " of client " + words.Number(c)
		}
	}
	s.add(made, w.zxid, w.session, w.kind, path, sentence(text+s.cite(w.zxid)))
}
