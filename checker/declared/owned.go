package declared

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// Owning names the operation whose answer is a client's own for a time, such as a worker number. The
// client has it until its session or its process ends.
type Owning struct {
	Claim string
	// Release is the operation that gives the answer back; "" if there is none. With an argument,
	// it gives back the answer that equals the argument, and otherwise all.
	Release string
}

// owner is a client that has an answer of a claim.
type owner struct {
	*Call
	text     string
	from, to time.Duration // the client certainly had it in all this time
	lived    history.ID    // the session that was alive at to
}

// Owned returns the rule that no two clients have the same answer of a claim on a key at the same
// time.
func Owned(o Owning) []Rule {
	return rules(&frame.Property{
		Name:     o.Claim + "-owned",
		Meaning:  fmt.Sprintf("no two clients had the same answer of %s at one time", o.Claim),
		Decider:  "comparison of the times for which clients certainly had it",
		Evidence: func(a *evidence.Record) string { return "R, " + frame.FromSessions(a) },
		Decide: func(_ context.Context, k *evidence.Key) (f frame.Finding) {
			o.decide(&f, keyOf(k))
			return f
		},
	})
}

func (o Owning) decide(f *frame.Finding, k *Key) {
	last := map[string]owner{} // by answer: the owner that kept it until the latest time
	for _, now := range o.owners(k) {
		was, known := last[now.text]
		if known && was.Client != now.Client && max(was.from, now.from) < min(was.to, now.to) {
			f.Violated(append(was.Events(), now.Events()...), "client %d was given %s of %s at %s, which client %d had: it was given it at %s, and still had it at %s%s",
				now.Client, printable.Text(now.text, 40), k.Name, at(now.Ended), was.Client, at(was.Ended), at(now.from), was.in())
			return
		}
		if !known || now.to > was.to {
			last[now.text] = now
		}
	}
}

// in names the session that shows that the client still had it.
func (o owner) in() string {
	if o.lived == 0 {
		return ""
	}
	return fmt.Sprintf(", since its session %s lived until %s at least", o.lived, at(o.to))
}

// owners returns the owners of what was given out, sorted by the time from which each has it.
func (o Owning) owners(k *Key) (all []owner) {
	for i, c := range k.Calls {
		if c.Operation != o.Claim || c.Outcome != Answered || len(c.Answer) == 0 || string(c.Answer) == "null" {
			continue
		}
		w := owner{Call: c, text: string(c.Answer), from: c.Ended}
		w.to, w.lived = k.livedUntil(c)
		if exited := k.ProcessEnd(c); exited <= w.to {
			w.to, w.lived = exited, 0
		}
		for _, other := range k.Calls[i+1:] {
			if other.Client == c.Client && other.Outcome != Refused && o.ends(other, w.text) {
				if other.Began <= w.to {
					w.to, w.lived = other.Began, 0
				}
				break
			}
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b owner) int { return cmp.Compare(a.from, b.from) })
	return all
}

// ends reports whether a call of the client may end its ownership of an earlier answer: the call
// gives it back, or asks for another one.
func (o Owning) ends(c *Call, text string) bool {
	if c.Operation == o.Release && o.Release != "" {
		return len(c.Argument) == 0 || string(c.Argument) == "null" || string(c.Argument) == text
	}
	return c.Operation == o.Claim
}

// livedUntil returns until when the session in which a call went on was certainly alive, and that
// session: 0 if the history knows no sessions, so that none of them ends anything.
func (k *Key) livedUntil(c *Call) (time.Duration, history.ID) {
	until, by := time.Duration(evidence.Never), history.ID(0)
	if len(c.sessions) == 0 && k.key.AnySession() {
		return evidence.Always, 0
	}
	for _, id := range c.sessions {
		if s := k.key.Session(history.ID(id)); s == nil || s.Contradictory() {
			return evidence.Always, 0
		} else if s.DiedFrom < until {
			until, by = s.DiedFrom, s.ID
		}
	}
	return until, by
}

// SessionEnd returns when the session in which a call went on ended, and with it its ephemeral znodes: From is the last
// time at which it was certainly alive, and To the first at which it had certainly ended. They are history.Always and
// history.Never where nothing is known. If the call may have gone on in one of several sessions, this is true of
// each.
func (k *Key) SessionEnd(c *Call) Span {
	end := Span{From: evidence.Always, To: evidence.Never}
	for i, id := range c.sessions {
		s := k.key.Session(history.ID(id))
		if s == nil || s.Contradictory() {
			return Span{From: evidence.Always, To: evidence.Never}
		}
		if i == 0 {
			end = Span{From: s.DiedFrom, To: s.DiedBy}
			continue
		}
		end = Span{From: min(end.From, s.DiedFrom), To: max(end.To, s.DiedBy)}
	}
	return end
}

// ProcessEnd returns when the process of the client that made a call ended: history.Never if it did
// not.
func (k *Key) ProcessEnd(c *Call) time.Duration {
	exited, _ := k.key.EndOf(k.key.LifeOf(c.op))
	return exited
}
