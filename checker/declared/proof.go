package declared

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file explains in sentences why a call has no place in an order: it shows the last steps of
// the longest order, with the state after each, and what the call should have answered there.

const (
	mostSteps = 5  // steps of an order that a proof shows
	mostStep  = 40 // length of a call in a step, in characters
)

// proof describes how the longest order ends, and why no call can follow it.
func (p *problem) proof(e ending) []string {
	did := 0
	for _, o := range e.order {
		if o.call != nil {
			did++
		}
	}
	text := fmt.Sprintf("The longest order that explains the answers has %s and ", prose.Count(did, "call"))
	if steps := stepsOf(e.order); steps != "" {
		text += "ends with " + steps + "."
	} else {
		text += fmt.Sprintf("leads to the state %s.", e.state)
	}
	return []string{text, fmt.Sprintf("The %s of client %d comes next: %v.", e.last.call.Operation, e.last.call.Client, e.why)}
}

// stepsOf shows the last steps of an order that changed the state, with the state after each.
func stepsOf(order []placed) string {
	var steps []string
	for _, o := range slices.Backward(order) {
		if !o.changed() {
			continue
		}
		if len(steps) == mostSteps {
			steps = append(steps, "…")
			break
		}
		steps = append(steps, o.who()+" → "+o.brief())
	}
	slices.Reverse(steps)
	return strings.Join(steps, ", ")
}

// who names the item and its client.
func (it *item) who() string {
	if it.ends != nil {
		return it.String()
	}
	return printable.Text(it.String(), mostStep) + " by client " + words.Number(it.call.Client)
}

// when names the item, its client and when it began.
func (it *item) when() string {
	if it.ends != nil {
		return it.String()
	}
	return it.who() + " at " + at(it.call.Began)
}

// unasked returns a line saying that a client sent no request to a server during a call that was
// answered. It returns nil if the client sent one, or if the link did not see the call.
func unasked(c *Call) []string {
	if e := c.op.Return; e == nil || e.Traffic == nil || e.Traffic.Requests > 0 {
		return nil
	}
	return []string{fmt.Sprintf("During that call, client %d sent no request to a server.", c.Client)}
}

// stale explains that the answer of a read was right earlier in the order, until a call that had
// returned before the read began, and how far the session of the read had seen by then.
func (p *problem) stale(e ending) []string {
	writers, last := p.writers(), e.last.call
	refused := last.Outcome == Refused && len(writers) > 0 && len(evidence.MadeDuring(p.key.key)[last.op]) == 0
	if !refused && !p.reads(last) && (len(writers) == 0 || writers[last.Operation]) {
		return nil
	}
	var until *item
	for _, o := range slices.Backward(e.order) {
		if !o.changed() {
			continue
		}
		until = o.item
		if p.allows(o.before, e.last) {
			break
		}
		until = nil
	}
	if until == nil || until.by >= e.last.call.Began {
		return nil
	}
	if until.call != nil && len(writers) > 0 && len(evidence.MadeDuring(p.key.key)[until.call.op]) == 0 {
		return nil // it may have changed nothing
	}
	text := fmt.Sprintf("That answer was right until %s, which was over at %s, before %s began at %s",
		until.when(), at(until.by), e.last.call.Operation, at(e.last.call.Began))
	if lasting := p.outlived(until.ends); lasting != nil {
		return []string{fmt.Sprintf("%s. That end deleted nothing of %s: the znode %s, created in that session at zxid %s, is not ephemeral.",
			text, p.key.key.Name, printable.Text(lasting.Path[len(p.key.key.Params.Root)+1:], mostStep*2), words.Zxid(lasting.Created))}
	}
	text += ": it was old"
	if until.call != nil {
		shown, known := p.shown(e.last, until)
		if known && shown == "" { // its session had been shown the change
			return nil
		}
		text += shown
	}
	return []string{text + "."}
}

// outlived returns the last znode of the key that a session created and that outlived it, if the end of the
// session deleted none of the key. The key's own znode, and one with others below it, does not count.
func (p *problem) outlived(of *evidence.Session) (last *evidence.Znode) {
	k := p.key.key
	if of == nil || k.Log == nil || k.Log.Sessions[of.ID] == nil {
		return nil
	}
	closed := k.Log.Sessions[of.ID].Closed
	for _, folder := range k.Log.Folders {
		for _, n := range folder {
			key, below := k.KeyAt(n.Path)
			switch {
			case !below || key != k.Name || n.Maker != of.ID || closed == 0:
			case n.Owner != 0 && n.Deleted == closed:
				return nil
			case n.Owner == 0 && n.Deleted > closed && len(k.Log.Folders[n.Path]) == 0 && n.Path != k.Params.Root+"/"+k.Name && (last == nil || n.Created > last.Created):
				last = n
			}
		}
	}
	return last
}

// shown names the zxid up to which the session of a read had seen changes when the read returned, and
// the zxid at which another call made its change. The text is "" if the session had seen that change.
// known is false if the record lacks one of the zxids.
func (p *problem) shown(read, change *item) (text string, known bool) {
	k := p.key.key
	in, _, seen, ok := k.Shown(read.call.op)
	made := evidence.MadeDuring(k)[change.call.op]
	if !ok || len(made) == 0 || seen == 0 {
		return "", false
	}
	if seen >= made[0].Zxid {
		return "", true
	}
	return fmt.Sprintf("; its session %s had been shown nothing after zxid %s, and the change was committed at zxid %s",
		in.ID, words.Zxid(seen), words.Zxid(made[0].Zxid)), true
}

// allows reports whether an item can follow a state. It returns false if the model panics.
func (p *problem) allows(w *world, it *item) bool {
	next, _ := p.try(w, it)
	return next != nil
}

// try is like step, for an order that is only an explanation: a panic of the model is ignored.
func (p *problem) try(w *world, it *item) (next *world, why error) {
	defer func() {
		if recover() != nil {
			next, why = nil, nil
		}
	}()
	return p.step(w, it)
}
