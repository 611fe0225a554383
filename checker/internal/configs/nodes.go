package configs

import (
	"context"
	"fmt"
	"sort"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// state is a configuration's state from one zxid up to another.
type state struct {
	value       string
	absent      bool
	from, until uint64
}

// znodeStates lists the states of a configuration.
type znodeStates struct {
	states []state          // one after the other from the beginning of the log
	places map[string][]int // within reports whether the state is existed at some time between two zxids.
}

func (p *znodeStates) add(st state) {
	if n := len(p.states); n > 0 {
		p.states[n-1].until = st.from
	}
	is := stated(st.value, st.absent)
	p.places[is] = append(p.places[is], len(p.states))
	p.states = append(p.states, st)
}

// within reports whether something was so at some time between two zxids.
func (p *znodeStates) within(is string, low, high uint64) bool {
	places := p.places[is]
	i := sort.Search(len(places), func(i int) bool { return p.states[places[i]].until > low })
	return i < len(places) && p.states[places[i]].from <= high
}

// over returns the zxid at which the latest period of the state is ended, among those that
// began by a given zxid; 0 if none did.
func (p *znodeStates) over(is string, high uint64) uint64 {
	places := p.places[is]
	i := sort.Search(len(places), func(i int) bool { return p.states[places[i]].from > high })
	if i == 0 {
		return 0
	}
	return p.states[places[i-1]].until
}

// configNodes holds the znodes of configurations in the transaction log. The znode of a configuration
// has the key as its name, or is below the key of a subtree. Its data is the value.
type configNodes struct {
	evidence.Layout
	of map[string]*znodeStates // by the path, from the key on
}

// nodesOf returns the znodes of a record's configurations; none without a log.
var nodesOf = evidence.Once(func(a *evidence.Record) *configNodes {
	n := &configNodes{of: map[string]*znodeStates{}}
	if a.Log == nil {
		return n
	}
	for _, k := range a.Keys {
		for _, c := range configsOf(k) {
			n.of[c.name] = &znodeStates{places: map[string][]int{}}
			n.of[c.name].add(state{absent: true, until: evidence.StillThere})
		}
	}
	for i := range a.Transactions {
		n.take(&a.Transactions[i])
	}
	for _, k := range a.Keys {
		for _, c := range configsOf(k) {
			n.recognise(c)
		}
	}
	return n
})

// take adds a transaction.
func (n *configNodes) take(t *history.Txn) {
	if t.Refused() {
		return
	}
	n.change(t, uint64(t.Zxid))
	for i := range t.Parts {
		n.change(&t.Parts[i], uint64(t.Zxid))
	}
}

func (n *configNodes) change(t *history.Txn, zxid uint64) {
	of := n.named(t.Path)
	if of == nil {
		return
	}
	next := state{from: zxid, until: evidence.StillThere}
	switch t.Type {
	case "create", "create2", "setData":
		next.value = string(t.Data)
	case "delete":
		next.absent = true
	default:
		return
	}
	of.add(next)
}

// named returns the states of the configuration at a path; nil if there is none.
func (n *configNodes) named(path string) *znodeStates {
	for i := range path {
		if path[i] != '/' {
			continue
		}
		if of := n.of[path[i+1:]]; of != nil {
			return of
		}
	}
	return nil
}

// recognise looks for the values that were set.
func (n *configNodes) recognise(c *config) {
	for _, x := range c.changes {
		if x.op.Outcome() != history.OK || x.absent {
			continue
		}
		low, high, ok := c.Window(x.op)
		switch {
		case n.within(c, x, low, high):
			n.Found++
		case ok:
			n.Missing++
		}
	}
}

// within reports whether the state that a change was to make existed at some time between
// two zxids.
func (n *configNodes) within(c *config, x *change, low, high uint64) bool {
	return n.of[c.name].within(stated(x.value, x.absent), low, high)
}

// znodeStates returns the states of a key; nil if the log does not tell.
func (n *configNodes) znodeStates(key string) *znodeStates {
	if !n.Trusted() {
		return nil
	}
	return n.of[key]
}

// inLog checks that the log shows each value where it was set, and no znode where the value
// was deleted.
func inLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	for _, c := range configsOf(k) {
		for _, x := range c.changes {
			if ctx.Err() != nil {
				return
			}
			if x.op.Outcome() == history.OK {
				changeInLog(f, c, x)
			}
		}
	}
}

func changeInLog(f *frame.Finding, c *config, x *change) {
	low, high, ok := c.Window(x.op)
	was := nodesOf(c.Record).within(c, x, low, high)
	if x.absent { // the znode may have been deleted before, where the log has a hole
		ok = ok && c.FromBeginning(high)
	}
	if was || ok {
		f.Count("compared", 1)
	}
	if ok && !was {
		f.Violated(evidence.EventsOf(x.op), "client %d got the answer at %s that its %s of %s succeeded, but the transaction log does not have it from %s to %s",
			x.op.Client, words.At(x.op.Return.Time), x.op.F, c.name, words.Zxid(low), words.Zxid(high))
	}
}

// first requires that the first value that a watcher was told had not been replaced before it first
// asked, as far as its sessions show. A watcher may have given up its first calls; then the next call
// returns the value.
var first = &frame.Property{
	Name:     "first",
	NoModel:  frame.Given,
	Meaning:  "the first value that a watcher reported was not outdated when it first asked, as far as its session shows",
	Logged:   true,
	Decider:  "zxids",
	Evidence: func(*evidence.Record) string { return "Z, L" },
	Applies:  func(a *evidence.Record) bool { return nodesOf(a).Trusted() },
	Decide: onConfig(func(f *frame.Finding, c *config) {
		p := nodesOf(c.Record).znodeStates(c.name)
		for _, w := range c.watches {
			if p != nil && len(w.observations) > 0 {
				decideFirst(f, c, w, p)
			}
		}
	}),
	Exercise: frame.Wants("first", 2, "watchers whose first value can be compared with what their sessions show"),
}

// untilTold returns the calls of a watcher up to the first one that was answered.
func (w *watch) untilTold() (calls []*history.Operation) {
	for _, wait := range w.waits {
		calls = append(calls, wait.Operation)
		if wait.told != nil {
			break
		}
	}
	return calls
}

// decideFirst judges the first value that a watcher was told, by its first call.
func decideFirst(f *frame.Finding, c *config, w *watch, p *znodeStates) {
	asked, s := w.waits[0].Operation, w.observations[0]
	oldest := c.OldestShown(w.untilTold())
	if oldest.Zxid == 0 {
		return
	}
	high, _, ok := c.Zxids.Ceil(s.ret)
	if !ok {
		high = c.Log.Last()
	}
	over := p.over(stated(s.value, s.absent), high)
	if over == 0 || s.absent && !c.Log.Covers(min(over, high), high) { // the state may have come back
		return
	}
	f.Count("first", 1)
	if over <= oldest.Zxid {
		f.ByLog = true
		f.Violated(append(evidence.EventsOf(asked), s.events()...), "%s, as its first value; but that was outdated from %s on, and %s",
			c.told(s), words.Zxid(over), known(oldest, asked))
	}
}

// known explains why a watcher's first value should not have been older than a state.
func known(oldest evidence.Oldest, asked *history.Operation) string {
	began := words.At(asked.Began())
	switch {
	case !oldest.Began:
		return fmt.Sprintf("its session had seen %s when it first asked, at %s", words.Zxid(oldest.Zxid), began)
	case oldest.In.First > asked.Invoke.Index:
		return fmt.Sprintf("%s had been committed when it first asked, at %s, and opened its session", words.Zxid(oldest.Zxid), began)
	}
	return fmt.Sprintf("its session had begun at %s when it first asked, at %s", words.Zxid(oldest.Zxid), began)
}
