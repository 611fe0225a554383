package causes

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file explains violations of objects of a program's own. The declaration says which operations begin and
// end holds, and which put and take items: these are looked at as those of zklab's own objects are. Of all others
// it is known what their calls committed.

// asBuiltIn returns an object of a program's own with the state that some of its operations are about, and the
// items of those that put and take. It returns objects of zklab as they are.
func asBuiltIn(m *models.Model, ops []*history.Operation) *models.Model {
	if models.Known(m.Name) {
		return m
	}
	own := *m
	about := func(does func(*models.Operation) bool) bool {
		return slices.ContainsFunc(ops, func(op *history.Operation) bool { return does(m.Operation(op.F)) })
	}
	switch {
	case about(func(o *models.Operation) bool { return o.Puts || o.Takes }):
		own.State = models.Filled
	case about(func(o *models.Operation) bool { return o.Begins || o.Ends || o.Affirms }):
		own.State = models.Exclusive
	}
	own.Operations = slices.Clone(m.Operations)
	for i := range own.Operations {
		o := &own.Operations[i]
		if tell := o.Tell; o.Puts || o.Takes {
			o.Tell = func(op *history.Operation, w *models.Words) (v models.Values) {
				if tell != nil {
					v = tell(op, w)
				}
				v.Item = itemOf(op, o.Puts)
				return v
			}
		}
	}
	return &own
}

// itemOf returns the item that an operation put in, its argument, or took out, its answer. A text is without quotes.
func itemOf(op *history.Operation, put bool) string {
	raw := op.Invoke.Value
	if !put {
		if op.Outcome() != history.OK {
			return ""
		}
		raw = op.Return.Value
	}
	var item string
	var text bytes.Buffer
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case json.Unmarshal(raw, &item) == nil:
		return item
	case json.Compact(&text, raw) != nil:
		return ""
	}
	return text.String()
}

// mostChanges is how many changes of one call are told, and mostParts how many parts of one change.
const (
	mostChanges = 3
	mostParts   = 2
)

// changes tells what the calls of the counterexample changed among the znodes of the key; if they changed nothing,
// what was changed last before they ended.
func (s *search) changes() {
	made := evidence.MadeDuring(s.key)
	for _, op := range s.ops {
		all := made[op]
		w := changed
		if len(all) > 1 {
			w = left
		}
		for i, c := range all[:min(len(all), mostChanges)] {
			what := "during " + s.call(op)
			if len(all) > 1 {
				what = "change " + words.Number(i+1) + " of " + words.Number(len(all)) + " during " + s.call(op)
			}
			s.change(w, c, what, op)
		}
	}
	if len(s.lines) == 0 && len(s.ops) > 0 {
		s.lastChanges()
	}
}

// lastChanges tells what was changed last before the last call of the counterexample ended.
func (s *search) lastChanges() {
	last := s.ops[len(s.ops)-1]
	high := s.high - 1
	if last.Return != nil && last.Return.Seen > 0 {
		high = min(high, uint64(last.Return.Seen))
	}
	all := evidence.ChangesOf(s.key)
	n := 0
	for n < len(all) && all[n].Zxid <= high {
		n++
	}
	for _, c := range all[max(0, n-mostChanges):n] {
		op := s.callOf(c.Zxid)
		what := ""
		if op != nil {
			what = "during " + s.call(op)
		}
		s.change(changed, c, what, op)
	}
}

// callOf returns the call during which a change was made to the key; nil if there is none.
func (s *search) callOf(zxid uint64) *history.Operation {
	for op, all := range evidence.MadeDuring(s.key) {
		if slices.ContainsFunc(all, func(c evidence.Change) bool { return c.Zxid == zxid }) {
			return op
		}
	}
	return nil
}

// change tells a change: what says during which call, if that is known.
func (s *search) change(w weight, c evidence.Change, what string, op *history.Operation) {
	data := dataBefore(s.key)
	since := evidence.Always
	var calls []*history.Operation
	if what != "" {
		what = ", " + what
	}
	if op != nil {
		since, calls = op.Began(), []*history.Operation{op}
	}
	for j := range c.Parts[:min(len(c.Parts), mostParts)] {
		part := &c.Parts[j]
		text := s.who(c.Session, c.Zxid) + " " + s.didTo(part, data[changeID{c.Zxid, part.Path}]) + what
		s.add(w, c.Zxid, c.Session, part.Type, part.Path, sentence(text+s.citeSince(c.Zxid, since)), calls...)
	}
}

// didTo says what a change did to a znode, over which data.
func (s *search) didTo(part *history.Txn, before []byte) string {
	name := s.name(part.Path)
	switch {
	case part.Type == "setData":
		text := "wrote " + holding(part.Data) + " to " + name + " as version " + words.Number(int(part.Version))
		if before != nil {
			text += ", over " + holding(before)
		}
		return text
	case part.Type == "delete":
		if len(before) > 0 {
			return "deleted " + name + ", which held " + holding(before)
		}
		return "deleted " + name
	}
	return "created " + name + with(part.Data)
}

func with(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return " with " + holding(data)
}

// changeID names what a transaction did to a path.
type changeID struct {
	zxid uint64
	path string
}

// dataBefore returns the data that a znode of the key had before each transaction that changed it, as far as the log
// has them.
var dataBefore = evidence.OncePerKey(func(k *evidence.Key) map[changeID][]byte {
	before, now := map[changeID][]byte{}, map[string][]byte{}
	for i := range k.Transactions {
		zxid := uint64(k.Transactions[i].Zxid)
		for _, part := range evidence.CarriedOut(k.Transactions, i) {
			if key, below := k.KeyAt(part.Path); !below || key != k.Name {
				continue
			}
			if old := now[part.Path]; old != nil {
				before[changeID{zxid, part.Path}] = old
			}
			switch {
			case part.Type == "delete":
				delete(now, part.Path)
			case setsData[part.Type]:
				now[part.Path] = append([]byte{}, part.Data...) // not nil
			}
		}
	}
	return before
})
