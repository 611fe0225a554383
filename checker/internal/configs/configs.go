// Package configs decides histories of a configuration that clients watch, and of caches, each znode of
// which is decided as such a configuration: each observation was true at some time, and no client saw
// an older state after a later one. The package may not know how a configuration is watched, or a
// subtree copied, nor what was done to the run.
package configs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Config is a configuration whose values are unique. At the beginning it has no value.
var Config = frame.Model{
	Object: models.Config,
	Properties: []*frame.Property{
		valid, order, first, converge,
		frame.LogAgrees(func(a *evidence.Record) bool { return nodesOf(a).Trusted() }, inLog),
	},
	References: []*frame.Reference{reference},
}

// config holds what happened to one configuration.
type config struct {
	*evidence.Key
	name         string    // the path of its znode, from the key on
	changes      []*change // that may have happened, in order of invocation
	setter       map[string]*change
	failed       map[string]*change // sets that certainly had no effect
	removed      []*change          // changes after which there was no value; the first stands for the beginning
	faults       []*change          // possible removes by faults, which may have hit another configuration
	goneBy       []time.Duration    // for each of removed: the latest end up to it
	doubled      *change            // a set of a value that another set had used
	observations []*observation     // in the order in which they returned
	watches      []*watch
	of           map[[2]time.Duration]*watch // by client, and the end of its life
	figures      map[string]float64

	final   *models.Final // nil: the harness did not look at the end
	finalAt *history.Event
}

// change is a set or a delete.
type change struct {
	op       *history.Operation // nil: the beginning, or a fault
	value    string
	absent   bool
	inv, ret time.Duration
	shown    *observation // the first answer that shows the change; nil if none does
}

// observation is one answer to a watcher.
type observation struct {
	op       *history.Operation
	value    string
	absent   bool
	current  bool // it asked for the present value, with every change before its call
	inv, ret time.Duration
}

// watch lists the answers to one watcher: a client, in one life of its process.
type watch struct {
	client       int
	until        time.Duration  // the end of that life
	observations []*observation // one after the other
	waits        []wait
}

// wait is a call of a watcher. told is the answer; nil if none came.
type wait struct {
	*history.Operation
	told *observation
}

// configsOf returns the configurations of a key: one, or one for each znode of a subtree.
var configsOf = evidence.OncePerKey(func(k *evidence.Key) []*config {
	if k.Object.Name == models.Cache.Name {
		return readCache(k)
	}
	return []*config{readConfig(k)}
})

func newConfig(k *evidence.Key, name string) *config {
	return &config{
		Key: k, name: name,
		setter: map[string]*change{}, failed: map[string]*change{}, figures: map[string]float64{},
		removed: []*change{{absent: true, inv: evidence.Always, ret: evidence.Always}},
		of:      map[[2]time.Duration]*watch{},
	}
}

func readConfig(k *evidence.Key) *config {
	c := newConfig(k, k.Name)
	for _, op := range k.Ops() {
		var v models.Setting
		switch op.F {
		case models.FSet:
			c.Decode(op.Invoke, &v)
			c.change(op, v.Value, false)
		case models.FDelete:
			c.change(op, "", true)
		case models.FObserve:
			if op.Outcome() == history.OK {
				c.Decode(op.Return, &v)
			}
			c.observe(op, v)
		}
	}
	for _, e := range k.Facts {
		if e.F == history.FFinal {
			c.final, c.finalAt = &models.Final{}, e
			c.Decode(e, c.final)
		}
	}
	return c.done()
}

// done completes the configuration when all of its events have been read.
func (c *config) done() *config {
	c.takeFaults()
	latest := evidence.Always
	for _, x := range c.removed {
		latest = max(latest, x.ret)
		c.goneBy = append(c.goneBy, latest)
	}
	slices.SortStableFunc(c.observations, func(x, y *observation) int { return cmp.Compare(x.ret, y.ret) })
	for _, s := range c.observations {
		if w := c.setter[s.value]; w != nil && !s.absent && w.shown == nil {
			w.shown = s
		}
	}
	c.count()
	return c
}

// takeFaults adds the removes that faults may have made while they were in force.
func (c *config) takeFaults() {
	for _, f := range c.Faults.All {
		if f.Traits.Deletes {
			c.faults = append(c.faults, &change{absent: true, inv: f.From, ret: f.Over})
		}
	}
	c.removed = append(c.removed, c.faults...)
	slices.SortStableFunc(c.removed, func(x, y *change) int { return cmp.Compare(x.inv, y.inv) })
}

func (c *config) change(op *history.Operation, value string, absent bool) {
	x := &change{op: op, value: value, absent: absent, inv: op.Began(), ret: evidence.EffectiveBy(op)}
	switch {
	case op.Outcome() == history.Fail && !x.absent:
		c.failed[x.value] = x
	case op.Outcome() == history.Fail:
	case x.absent:
		c.changes, c.removed = append(c.changes, x), append(c.removed, x)
	default:
		if c.setter[x.value] != nil {
			c.doubled = x
		}
		c.changes, c.setter[x.value] = append(c.changes, x), x
	}
}

func (c *config) observe(op *history.Operation, v models.Setting) {
	until, _ := c.ExitAfter(op.Client, op.Began())
	id := [2]time.Duration{time.Duration(op.Client), until}
	w := c.of[id]
	if w == nil {
		w = &watch{client: op.Client, until: until}
		c.of[id] = w
		c.watches = append(c.watches, w)
	}
	if op.Outcome() != history.OK {
		w.waits = append(w.waits, wait{op, nil})
		return
	}
	s := &observation{op: op, value: v.Value, absent: v.Absent, inv: op.Began(), ret: op.Return.Time}
	w.waits = append(w.waits, wait{op, s})
	w.observations, c.observations = append(w.observations, s), append(c.observations, s)
}

// count counts what the exercise conditions require.
func (c *config) count() {
	sets, remade, gone := 0, 0, false
	for _, x := range c.changes {
		if x.op.Outcome() != history.OK {
			continue
		}
		switch {
		case x.absent:
			gone = sets > 0
		default:
			sets++
			if gone {
				remade++
			}
			gone = false
		}
	}
	c.figures["sets"], c.figures["remade"], c.figures["told"] = float64(sets), float64(remade), 0
	for _, s := range c.observations {
		if x := c.setter[s.value]; x != nil && !s.absent && x.op.Client != s.op.Client {
			frame.TallyCall(c.figures, c.Record, "told", s.op)
		}
	}
	c.figures["over_sessions"] = 0
	for _, w := range c.watches {
		if w.overSessions() {
			c.figures["over_sessions"]++
		}
	}
}

// overSessions reports whether a watcher was told something in at least two sessions.
func (w *watch) overSessions() bool {
	in := history.ID(0)
	for _, s := range w.observations {
		now := s.op.Return.Session
		if in != 0 && now != 0 && now != in {
			return true
		}
		in = cmp.Or(now, in)
	}
	return false
}

// enough describes which changes and observations are missing for the property to have been exercised,
// or returns "".
func enough(_ *evidence.Record, figures map[string]float64) string {
	return cmp.Or(
		frame.Few(figures["sets"], 20, "values that were set"),
		frame.Few(figures["remade"], 1, "values that were set after a delete"),
		frame.Few(figures["told"], 20, "values that a client other than the setter saw"),
	)
}

// by returns the time by which a change had certainly taken effect: it had returned, or an answer had shown it.
func (x *change) by() time.Duration {
	if x.shown != nil {
		return min(x.ret, x.shown.ret)
	}
	return x.ret
}

// events returns the events of a change, and of the answer that shows it if that came before the change
// returned.
func (x *change) events() []int {
	switch {
	case x == nil || x.op == nil:
		return nil
	case x.shown != nil && x.shown.ret < x.ret:
		return append(evidence.EventsOf(x.op), x.shown.events()...)
	}
	return evidence.EventsOf(x.op)
}

func (s *observation) events() []int { return evidence.EventsOf(s.op) }

func (s *observation) same(other *observation) bool {
	return s.absent == other.absent && s.value == other.value
}

// named describes a value for people.
func named(value string, absent bool) string {
	if absent {
		return "no value"
	}
	return strconv.Quote(value)
}

// told describes what a watcher saw, and when.
func (c *config) told(s *observation) string {
	return fmt.Sprintf("client %d saw %s at %s: %s", s.op.Client, c.name, words.At(s.ret), s.what())
}

func (s *observation) what() string { return named(s.value, s.absent) }

// began describes who made a change, and when the call began.
func (x *change) began() string {
	switch {
	case x.op == nil && x.inv == evidence.Always:
		return "which was the initial state"
	case x.op == nil:
		return "by a fault that was injected at " + words.At(x.inv)
	case x.absent:
		return fmt.Sprintf("by a delete that client %d called at %s", x.op.Client, words.At(x.inv))
	}
	return fmt.Sprintf("which client %d began to set at %s", x.op.Client, words.At(x.inv))
}

// onConfig decides a key as one configuration, or as several, if its values can be told apart.
func onConfig(decide func(*frame.Finding, *config)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		for _, c := range configsOf(k) {
			if ctx.Err() != nil {
				break
			}
			f.Add(c.figures)
			if c.doubled != nil {
				f.Unknown("the value %q was set more than once; values must be unique to be told apart", c.doubled.value)
				continue
			}
			decide(&f, c)
		}
		return f
	}
}

// valid requires each reported value to have been set by a client.
var valid = &frame.Property{
	Name:     "valid",
	Meaning:  "no client was told a value that no client had set",
	Decider:  "values",
	Evidence: frame.FromTimes,
	Decide: onConfig(func(f *frame.Finding, c *config) {
		for _, s := range c.observations {
			x, failed := c.setter[s.value], c.failed[s.value]
			switch {
			case s.absent || x != nil && x.inv <= s.ret:
			case x != nil:
				f.Violated(append(s.events(), x.events()...), "%s, %s", c.told(s), x.began())
			case failed != nil:
				f.Violated(append(s.events(), evidence.EventsOf(failed.op)...), "%s, but the call that set it had failed", c.told(s))
			default:
				f.Violated(s.events(), "%s, which no client ever set", c.told(s))
			}
		}
	}),
	Exercise: enough,
}
