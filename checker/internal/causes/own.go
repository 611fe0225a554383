package causes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file explains violations of a program's own objects. The declaration names the operations that
// begin and end holds, and those that put and take items. These are treated as in zklab's own objects.
// For all other operations, only what their calls committed is known.

// asBuiltIn returns a program's own object with the state that its operations with traits imply,
// and with the items of the operations that put and take. It returns zklab's objects as they are.
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

// itemOf returns the item that an operation put in (its argument) or took out (its answer). A text has no quotes.
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

// mostChanges is the maximum number of changes of one call that are reported, and mostParts the
// maximum number of parts of one change.
const (
	mostChanges = 3
	mostParts   = 3
)

// changes describes what the calls of the counterexample changed among the znodes of the key. If they
// changed nothing, it describes the last changes before they ended. For a znode that they deleted, it
// names the client that created it. It fills the gaps between these changes.
func (s *search) changes() {
	made := evidence.MadeDuring(s.key)
	for _, op := range s.ops {
		all := made[op]
		w := changed
		if len(all) > 1 {
			w = left
		}
		for _, c := range all[:min(len(all), mostChanges)] {
			s.change(w, c)
			s.creations(c)
		}
	}
	s.doubled()
	if len(s.lines) == 0 && len(s.ops) > 0 {
		s.lastChanges()
	}
	s.fill()
}

// doubled describes the first call that created several znodes with the data of a znode that calls of
// the counterexample deleted.
func (s *search) doubled() {
	made, data := evidence.MadeDuring(s.key), map[string]bool{}
	for _, op := range s.ops {
		for _, c := range made[op] {
			for _, part := range c.Parts {
				if old := dataBefore(s.key)[changeID{c.Zxid, part.Path}]; part.Type == "delete" && len(old) > 0 {
					data[string(old)] = true
				}
			}
		}
	}
	if len(data) == 0 {
		return
	}
	for _, op := range s.key.Ops() {
		var same []evidence.Change
		count := map[string]int{}
		twice := false
		for _, c := range made[op] {
			if p := c.Parts[0]; setsData[p.Type] && p.Type != "setData" && data[string(p.Data)] && c.Zxid < s.high {
				same = append(same, c)
				count[string(p.Data)]++
				twice = twice || count[string(p.Data)] > 1
			}
		}
		if twice {
			for _, c := range same[:min(len(same), mostParts)] {
				s.change(left, c)
			}
			return
		}
	}
}

// creations describes how the znodes that a change deleted were created.
func (s *search) creations(c evidence.Change) {
	for _, part := range c.Parts[:min(len(c.Parts), mostParts)] {
		if part.Type != "delete" {
			continue
		}
		for _, n := range nodesOf(s.Record)[s.key.Name] {
			if n.Deleted == c.Zxid && n.Path == part.Path && s.whole(n.Created, n.Deleted) {
				s.created(n)
			}
		}
	}
}

// created names the client and the call that created a znode, and the data.
func (s *search) created(n *evidence.Znode) {
	since, calls := evidence.Always, []*history.Operation(nil)
	op, which := s.callOf(n.Created)
	if op != nil {
		since, calls = op.Began(), []*history.Operation{op}
	}
	text := s.who(n.Maker, n.Created) + " created " + s.name(n.Path) + with(n.Data) + s.also(n.Created, n.Path) + which
	s.add(made, n.Created, n.Maker, s.typeAt(n.Created, n.Path, "create"), n.Path, sentence(text+s.citeSince(n.Created, since)), calls...)
}

// lastChanges describes the last changes before the last call of the counterexample ended.
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
		s.change(changed, c)
	}
}

// callOf returns the call during which a change was made to the key, and names it. If the call made
// several changes, the name says which of them this is. It returns nil if there is none.
func (s *search) callOf(zxid uint64) (op *history.Operation, which string) {
	for op, all := range evidence.MadeDuring(s.key) {
		if i := slices.IndexFunc(all, func(c evidence.Change) bool { return c.Zxid == zxid }); i >= 0 {
			if len(all) > 1 {
				which = ", change " + words.Number(i+1) + " of " + words.Number(len(all))
			} else {
				which = ","
			}
			return op, which + " during " + s.call(op)
		}
	}
	return nil, ""
}

// change describes a change, and names the call during which it was made, if that is known.
func (s *search) change(w weight, c evidence.Change) {
	since, calls := evidence.Always, []*history.Operation(nil)
	op, which := s.callOf(c.Zxid)
	if op != nil {
		since, calls = op.Began(), []*history.Operation{op}
	}
	part := &c.Parts[0]
	text := s.who(c.Session, c.Zxid) + " " + s.didTo(part, dataBefore(s.key)[changeID{c.Zxid, part.Path}]) + s.also(c.Zxid, part.Path) + which
	text = sentence(text+s.citeSince(c.Zxid, since)) + s.another(op, part, c.Zxid)
	s.add(w, c.Zxid, c.Session, part.Type, part.Path, text, calls...)
}

// also describes what else a transaction changed among the znodes of the key, besides a path.
func (s *search) also(zxid uint64, path string) string {
	all := evidence.AllChanges(s.key)
	i, found := slices.BinarySearchFunc(all, zxid, func(c evidence.Change, zxid uint64) int { return cmp.Compare(c.Zxid, zxid) })
	if !found || len(all[i].Parts) < 2 || models.Known(s.of.Name) {
		return ""
	}
	var did []string
	for j := range all[i].Parts {
		if part := &all[i].Parts[j]; part.Path != path {
			did = append(did, s.didTo(part, dataBefore(s.key)[changeID{zxid, part.Path}]))
		}
	}
	if more := len(did) - mostParts; more > 0 {
		did = append(did[:mostParts], words.Number(more)+" more")
	}
	return ", and in the same transaction " + prose.List(did, "and")
}

// another says that the znode that a call wrote or deleted is not the one that was at its path before,
// if a client created it anew after the call had begun: a version that the call knew can be that of
// the former znode.
func (s *search) another(op *history.Operation, part *history.Txn, zxid uint64) string {
	if op == nil || part.Type != "setData" && part.Type != "delete" || models.Known(s.of.Name) {
		return ""
	}
	var former, now *evidence.Znode
	for _, n := range nodesOf(s.Record)[s.key.Name] {
		if n.Path == part.Path && n.Created < zxid {
			former, now = now, n
		}
	}
	known := max(s.tie.FloorAt(op.Began()), uint64(max(op.Invoke.Seen, 0)))
	if former == nil || now.Created <= known || s.client(now.Maker) == op.Client || !s.whole(former.Created-1, zxid) {
		return ""
	}
	return " It is not the znode that was there until zxid " + words.Zxid(former.Deleted) + ": this one was created at zxid " +
		words.Zxid(now.Created) + ", and its versions began at 0 again."
}

// didTo describes how a transaction changed a znode, and the data that it replaced.
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
		return "deleted " + name + held(before)
	}
	return "created " + name + with(part.Data)
}

func held(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return ", which held " + holding(data)
}

func with(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	return " with " + holding(data)
}

// changeID identifies what a transaction did to a path.
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
