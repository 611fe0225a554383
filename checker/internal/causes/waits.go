package causes

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file explains waits that did not end: which znodes were ahead of the waiter until its call
// ended. If there were none, it says that the waiter's own znode was first, and what the waiter asked
// for last. The log has no reads.

// wait is a call that waited until it gave up. If the key has parts, it is the wait for one of them.
type wait struct {
	op    *history.Operation
	last  bool              // the last of the waits of its call
	alone bool              // no wait of its call has a znode
	own   *evidence.Znode   // its znode; nil if it has none, or it is not known
	ahead []*evidence.Znode // the znodes that were ahead of it until the call ended
	gone  *evidence.Znode   // the last of the znodes ahead of it to be deleted; nil if there was none
	twins []*evidence.Znode // all znodes that the call made, if it made several places and kept them
	// end is a zxid above all that the client had been shown when the call ended, or the zxid at which
	// own was deleted.
	end uint64
}

// waitsFor returns the waits of the counterexample, if the violation is about waiting.
func (s *search) waitsFor(nodes []*evidence.Znode) (all []wait) {
	if !s.waiting || !s.of.Held() {
		return nil
	}
	for _, op := range s.ops {
		if !s.of.Operation(op.F).Begins || op.Outcome() == history.OK || evidence.Ended(op)-op.Began() < frame.RealWait {
			continue
		}
		end := s.ceil(min(evidence.Ended(op), s.End))
		if !s.whole(rootOf(s.Record), end) || rootOf(s.Record) == 0 {
			continue
		}
		_, next := s.begun(op)
		alone, first := true, len(all)
		for _, part := range s.parts(op) {
			of := inPart(nodes, part)
			w := wait{op: op, own: s.madeBy(op, next, of), end: end}
			if w.own == nil {
				w.twins = s.twins(op, of)
			}
			if w.own != nil {
				alone, w.end = false, min(end, w.own.Deleted)
			}
			s.lookAhead(&w, of)
			all = append(all, w)
		}
		for i := range all[first:] {
			all[first+i].alone = alone
		}
		all[len(all)-1].last = true
	}
	return all
}

// twins returns the places that a call made in a line, if it made several that existed at once: the
// client knows only one of them, and waits behind the others.
func (s *search) twins(op *history.Operation, nodes []*evidence.Znode) (of []*evidence.Znode) {
	made := evidence.MadeDuring(s.key)[op]
	for _, n := range nodes {
		if inLine(n) && slices.ContainsFunc(made, func(c evidence.Change) bool { return c.Zxid == n.Created }) {
			of = append(of, n)
		}
	}
	if len(of) < 2 || of[0].Deleted <= of[1].Created {
		return nil
	}
	return of
}

// lookAhead finds what was ahead of a waiter: ephemeral znodes, and places in a line.
func (s *search) lookAhead(w *wait, nodes []*evidence.Znode) {
	since := s.tie.Floor(w.op.Began())
	if w.own != nil {
		since = w.own.Created
	}
	for _, n := range nodes {
		inLine := n.Sequential() && w.own != nil && w.own.Sequential() && n.Parent() == w.own.Parent()
		switch {
		case n == w.own || n.Owner == 0 && !n.Sequential():
		case inLine && n.Number >= w.own.Number || n.Created > since || n.Deleted <= since:
		case n.Deleted >= w.end:
			w.ahead = append(w.ahead, n)
		case w.gone == nil || n.Deleted > w.gone.Deleted:
			w.gone = n
		}
	}
}

// ahead returns the znodes that were ahead of the waits: a limited number, the oldest
// first.
func ahead(all []wait) (of []*evidence.Znode) {
	for _, w := range all {
		of = append(append(of, w.ahead...), w.twins...)
	}
	slices.SortFunc(of, byCreation)
	of = slices.Compact(of)
	return of[:min(len(of), mostFinals)]
}

// waited explains a wait: whether the client's own place was first, and what its call wrote last, if
// anything.
func (s *search) waited(w *wait) {
	if w.own != nil && len(w.ahead) == 0 {
		by, named := s.callers(w.own, w.own.Maker, w.own.Created, makes)
		since := evidence.Always
		if len(by) > 0 {
			since = by[0].Began()
		}
		text := s.who(w.own.Maker, w.own.Created) + " created " + s.name(w.own.Path) + named + s.citeSince(w.own.Created, since) + "; " + stayed(w.own)
		s.add(left, w.own.Created, w.own.Maker, s.typeAt(w.own.Created, w.own.Path, "create"), w.own.Path, sentence(text)+" "+s.first(w), w.op)
	}
	s.behindOwn(w)
	t := s.lastWrite(w)
	switch {
	case !w.last || t != nil && slices.ContainsFunc(w.twins, func(n *evidence.Znode) bool { return n.Created == uint64(t.Zxid) }):
		return
	case t == nil && w.alone:
		s.wroteNothing(w)
	}
	if t == nil || w.own != nil && uint64(t.Zxid) <= w.own.Created {
		return
	}
	before := ""
	if w.own != nil && w.own.Deleted == w.end {
		before = " before " + s.name(w.own.Path) + " was deleted"
	}
	text := s.who(t.Session, uint64(t.Zxid)) + " made the last write of " + s.call(w.op) + before + ": " + s.writeText(t)
	s.add(made, uint64(t.Zxid), t.Session, t.Type, t.Path, sentence(text+s.cite(uint64(t.Zxid))), w.op)
}

// behindOwn explains that another znode of the same client was ahead of the waiter's znode: one
// that an earlier call left, or that the same call had created before.
func (s *search) behindOwn(w *wait) {
	own, ahead := w.own, w.ahead
	if len(w.twins) > 0 {
		own, ahead = w.twins[len(w.twins)-1], w.twins[:len(w.twins)-1]
	}
	for _, n := range ahead {
		if own == nil || !inLine(n) || n.Parent() != own.Parent() || s.client(n.Maker) != w.op.Client {
			continue
		}
		text := s.who(own.Maker, own.Created) + " created " + s.name(own.Path) + ", by " + s.call(w.op) + s.citeSince(own.Created, w.op.Began())
		by := "an earlier call"
		if len(w.twins) > 0 {
			by = "the same call"
		}
		more := s.name(n.Path) + ", which " + by + " of this client had created, was ahead of it until that call ended"
		s.add(left, own.Created, own.Maker, s.typeAt(own.Created, own.Path, "create"), own.Path, sentence(text)+" "+more+".", w.op)
		return
	}
}

// wroteNothing explains a call that wrote nothing, by the transaction that opened its session. The call
// has no transaction of its own.
func (s *search) wroteNothing(w *wait) {
	for _, of := range slices.Backward(s.InUse(w.op)) {
		if l := s.Log.Sessions[of.ID]; l != nil && l.Created != 0 {
			text := "client " + words.Number(of.Client) + " opened session " + of.ID.String() + s.cite(l.Created) + "; it made no write to " + s.key.Name + " during " + s.call(w.op)
			s.add(made, l.Created, of.ID, "createSession", "", sentence(text), w.op)
			return
		}
	}
}

// first describes the time in which the waiter's znode was the first one.
func (s *search) first(w *wait) string {
	until := "that call ended"
	if w.own.Deleted == w.end {
		until = "it was deleted"
	}
	if w.gone == nil {
		return "From then on until " + until + ", it was the first."
	}
	return "It was the first until " + until + ", since " + s.name(w.gone.Path) + s.maker(w.gone) + " was deleted" + s.cite(w.gone.Deleted) + "."
}

// lastWrite returns the last write, carried out or refused, that the waiter's sessions made to the key
// during its call, before it gave up its place; nil if there is none. It leaves out the harness's own
// requests, which ask whether the run's root exists.
func (s *search) lastWrite(w *wait) (last *history.Txn) {
	sessions := s.InUse(w.op)
	low := s.tie.Floor(w.op.Began())
	for i := range s.Transactions {
		t := &s.Transactions[i]
		if uint64(t.Zxid) >= w.end {
			break
		}
		if uint64(t.Zxid) <= low || t.Type == "createSession" || t.Type == "closeSession" || onlyChecks(t) || s.elsewhere(t) {
			continue
		}
		if slices.ContainsFunc(sessions, func(one *evidence.Session) bool { return one.ID == t.Session }) {
			last = t
		}
	}
	return last
}

// elsewhere reports whether a transaction is about other keys alone.
func (s *search) elsewhere(t *history.Txn) bool {
	known := false
	for _, path := range append([]string{t.Path}, pathsOf(t.Parts)...) {
		key, ok := s.KeyAt(path)
		if known = known || ok; ok && key == s.key.Name {
			return false
		}
	}
	return known
}

func pathsOf(all []history.Txn) (paths []string) {
	for i := range all {
		paths = append(paths, all[i].Path)
	}
	return paths
}

// onlyChecks reports whether a transaction changes nothing, and was not refused.
func onlyChecks(t *history.Txn) bool {
	return t.Type == "multi" && !slices.ContainsFunc(t.Parts, func(p history.Txn) bool { return p.Type != "check" || p.Error != 0 })
}

// writeText names a write, and says how it ended.
func (s *search) writeText(t *history.Txn) string {
	text := "a " + t.Type
	if t.Path != "" {
		text += " of " + s.name(t.Path)
	}
	if len(t.Parts) > 0 {
		var parts []string
		for _, p := range t.Parts {
			one := p.Type
			if p.Path != "" {
				one += " of " + s.name(p.Path)
			}
			parts = append(parts, one)
		}
		text += " of " + prose.List(parts, "and")
	}
	if t.Type == "error" {
		text = "a request"
	}
	if why := refusal(t); why != "" {
		text += ", which was refused (" + why + ")"
	}
	return text
}

// refusal returns why a transaction was refused; "" if it was not.
func refusal(t *history.Txn) string {
	code := t.Error
	for _, p := range t.Parts {
		code = cmp.Or(code, p.Error)
	}
	if code == 0 {
		return ""
	}
	return `"` + strings.TrimSpace(wire.Code(code).String()) + `"`
}
