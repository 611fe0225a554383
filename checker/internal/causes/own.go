package causes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

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
// changed nothing, it describes the last changes that they can rest on. For a znode that they deleted, it
// names the client that created it. It says who wrote what they were answered, and fills the gaps between these
// changes.
func (s *search) changes() {
	made := evidence.MadeDuring(s.key)
	for _, op := range s.ops {
		all := slices.Clone(made[op])
		slices.SortStableFunc(all, func(x, y evidence.Change) int { return cmp.Compare(s.lasting(x), s.lasting(y)) })
		w := changed
		if len(all) > 1 && s.lasting(all[1]) == 0 {
			w = left
		}
		for _, c := range all[:min(len(all), mostChanges)] {
			s.change(max(w, s.lasting(c)), c)
			s.creations(c)
		}
	}
	s.fill()
}

// lasting returns aside for a change of a znode that one call created and deleted again, otherwise 0.
func (s *search) lasting(c evidence.Change) weight {
	if all, at := s.placeOf(c); at >= 0 && s.passing(all, at) {
		return aside
	}
	return 0
}

// placeOf returns all changes of a change's znode, and its place among them, or -1.
func (s *search) placeOf(c evidence.Change) (all []evidence.Change, at int) {
	all = changesAt(s.key)[c.Parts[0].Path]
	return all, slices.IndexFunc(all, func(one evidence.Change) bool { return one.Zxid == c.Zxid })
}

// answers describes the writes of the values that calls of the counterexample were answered, whichever call made them.
func (s *search) answers() {
	var last *history.Operation
	for _, op := range s.ops {
		if op.Outcome() == history.OK && (last == nil || op.Return.Index > last.Return.Index) {
			last = op
		}
	}
	for _, op := range s.ops {
		c := s.writeOf(op)
		switch {
		case c == nil:
		case op == last:
			s.change(shown, *c)
		default:
			s.change(made, *c)
		}
	}
}

// writeOf returns the last change that wrote what a call was answered; nil if there is none.
func (s *search) writeOf(op *history.Operation) *evidence.Change {
	answer := itemOf(op, false)
	if answer == "" || s.asked[op] {
		return nil
	}
	_, high := s.span(op)
	if op.Return.Seen != 0 {
		high = min(high, uint64(op.Return.Seen)+1)
	}
	var last *evidence.Change
	for _, c := range evidence.AllChanges(s.key) {
		for i, part := range c.Parts {
			if c.Zxid < high && part.Type != "delete" && strings.TrimSpace(string(part.Data)) == answer {
				one := c
				one.Parts = c.Parts[i:]
				last = &one
			}
		}
	}
	return last
}

// creations describes how the znodes that a change deleted were created.
func (s *search) creations(c evidence.Change) {
	for _, part := range c.Parts[:min(len(c.Parts), mostParts)] {
		if part.Type != "delete" {
			continue
		}
		var by *evidence.Change
		for i, before := range changesAt(s.key)[part.Path] {
			if before.Zxid < c.Zxid && before.Parts[0].Creates() {
				by = &changesAt(s.key)[part.Path][i]
			}
		}
		if by != nil && s.whole(by.Zxid, c.Zxid) {
			s.change(made, *by)
		}
	}
}

// during is the call during which a key was changed. The change is number which, from 1, of the call's changes.
type during struct {
	op        *history.Operation
	which, of int
}

var duringOf = evidence.OncePerKey(func(k *evidence.Key) map[uint64]during {
	of := map[uint64]during{}
	for op, all := range evidence.MadeDuring(k) {
		for i, c := range all {
			of[c.Zxid] = during{op, i + 1, len(all)}
		}
	}
	return of
})

// callOf returns the call during which a change was made to the key, and names it. If the call made
// several changes, the name says which of them this is. It returns nil if there is none.
func (s *search) callOf(zxid uint64) (op *history.Operation, which string) {
	switch d := duringOf(s.key)[zxid]; {
	case d.op == nil:
		return nil, ""
	case d.of > 1:
		return d.op, ", change " + words.Number(d.which) + " of " + words.Number(d.of) + " during " + s.call(d.op)
	default:
		return d.op, ", during " + s.call(d.op)
	}
}

// change describes a change, and names the call during which it was made, if that is known.
func (s *search) change(w weight, c evidence.Change) {
	since, calls := evidence.Always, []*history.Operation(nil)
	op, which := s.callOf(c.Zxid)
	if op != nil {
		since, calls = op.Began(), []*history.Operation{op}
	}
	part := &c.Parts[0]
	text := s.who(c.Session, c.Zxid) + " " + s.didTo(&c, part) + s.also(c.Zxid, part.Path) + which
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
			did = append(did, s.didTo(&all[i], part))
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

// didTo describes how a change changed a znode, and what it replaced.
func (s *search) didTo(c *evidence.Change, part *history.Txn) string {
	name, was := s.name(part.Path), before(s.key)[changeID{c.Zxid, part.Path}]
	switch {
	case part.Type == "setData":
		text := "wrote " + holding(part.Data) + " to " + name + " as version " + words.Number(int(part.Version))
		if was != nil && was.version+1 == part.Version { // otherwise the log lacks a write
			text += ", over " + holding(was.data)
			if was.client >= 0 && was.client != c.Client && models.Known(s.of.Name) { // a trail tells of that write
				text += " of client " + words.Number(was.client)
			}
		}
		return text
	case part.Type == "delete" && was != nil:
		return "deleted " + name + held(was.data)
	case part.Type == "delete":
		return "deleted " + name
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

// content is the data of a znode, with its version and its writer: a client, or -1.
type content struct {
	data    []byte
	version int32
	client  int
}

// before returns what a znode of the key held before each transaction that changed it, as far as the log has it.
var before = evidence.OncePerKey(func(k *evidence.Key) map[changeID]*content {
	before, now := map[changeID]*content{}, map[string]*content{}
	for _, c := range evidence.AllChanges(k) {
		for _, part := range c.Parts {
			if old := now[part.Path]; old != nil {
				before[changeID{c.Zxid, part.Path}] = old
			}
			if now[part.Path] = nil; part.Type != "delete" {
				now[part.Path] = &content{part.Data, part.Version, c.Client}
			}
		}
	}
	return before
})
