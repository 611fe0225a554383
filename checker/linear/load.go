package linear

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/history/models"
)

// History holds a file as [Load] reads it: operations in a few bytes each.
type History struct {
	Model  Model
	Format foreign.Format
	// Operations is the number of invocations. OK, Failed and Unknown count them by
	// outcome.
	Operations, OK, Failed, Unknown int

	keys       []string
	codes      []codes   // by key, of its operations
	ops        [][]op    // by key, in order of invocation; their ranks are places in ranks
	ranks      [][]int32 // by key: the events of its operations, as places in lines and times
	values     *values
	lists      [][]int32 // what reads of sets showed
	lines      []int32   // of each event
	indices    []int32   // of each event: its place in the file
	times      []int64   // of each event; nil if the file has none
	processes  []int64   // their numbers in the file
	initials   []int32   // by key: the value with which a register begins
	failed     []op      // failed operations that would have made a value; their ranks are events
	blank      int       // reads of nil that count as reads of an unknown value
	absent     int       // reads of nil that count as reads of a counter's beginning
	guessed    int       // keys whose initial value is what their first read shows
	loose      bool      // equal numbers are one value however they are written
	byEvent    bool      // events share lines
	plain      bool      // values of two items are not pairs of a key and a value
	ties       bool      // events at the same time are concurrent
	tied       bool      // events at the same time have another order than in the file
	clock      foreign.Clock
	sorted     bool // events are in the order of their times, which differs from the order in the file
	moved      int  // how many of the events come earlier than in the file; the place of the first is movedFirst
	movedFirst string
	since      time.Time // the earliest time, if times are dates
	offset     int64     // the earliest time, if it is below zero: times count from it
	unit       string    // of times that are numbers, if it is said
	damage     string    // why the file is not complete
	unread     string    // the fields that were not read
	names      []string  // of the processes, if they have names
	told       int       // completions whose value counts, since their invocations have another
	untold     []bool    // by key: an operation of unknown outcome may have had another value than its invocation says
	blanks     []string  // renamed operations that have no value, as notes
	idle       bool      // the file has only events of others: no client called anything
}

// has reports whether there are operations of a code.
func (h *History) has(c code) bool {
	return slices.ContainsFunc(h.codes, func(cs codes) bool { return cs.has(c) })
}

// Keys returns how many objects the history has.
func (h *History) Keys() int { return len(h.keys) }

// LoadOptions say how to read. The zero value works.
type LoadOptions struct {
	// Initial is the first value of registers. nil means nil, or whatever the format says.
	Initial *foreign.Value
	// InitialOf is the first value of registers, by key. For a key that the history does not
	// have, Load returns [ErrNoKey].
	InitialOf map[string]foreign.Value
	// FirstRead makes the value that the first read of a key shows its initial value, unless
	// InitialOf has the key. That hides errors of this read.
	FirstRead bool
	// LooseNumbers treats numbers as one value however they are written, even as text: 475, "475"
	// and 475.0.
	LooseNumbers bool
	// Rename maps what the history calls operations, in lower case, to operations of the model:
	// "final-read" to "read". Load returns [ErrNoOperation] if the model has no such operation.
	Rename map[string]string
	// Nil lists the words that the history writes for nil, such as NotFound.
	Nil []string
}

// begins reports whether the options say how registers begin.
func (o *LoadOptions) begins() bool {
	return o.Initial != nil || len(o.InitialOf) > 0 || o.FirstRead
}

// ErrOwn reports that the history is one of zklab's own, in which sessions also decide. Sessions
// end holds and memberships, and no [Model] knows sessions, so it would accuse correct recipes.
var ErrOwn = errors.New("is decided without --model, by its sessions too")

// ErrNoOperation reports that [LoadOptions] name an operation that the model does not
// have.
var ErrNoOperation = errors.New("has no such operation")

// ErrNoKey reports that [LoadOptions] name a key that is not in the history.
var ErrNoKey = errors.New("the history has no such key")

// Load reads a history to its end. It returns a [foreign.LineError] for an event that cannot belong
// to the model, and [ErrOwn] for a history that needs its sessions. It returns soon after ctx ends,
// with the error of ctx.
func Load(ctx context.Context, r *foreign.Reader, m Model, opts LoadOptions) (*History, error) {
	l := newLoader(r, m, opts)
	for from, to := range opts.Rename {
		if l.named(from) == "" {
			return nil, fmt.Errorf("model %s %w: %q; it has %s", m.name, ErrNoOperation, to, strings.Join(l.known, ", "))
		}
	}
	err := l.events(ctx)
	if l.pairs.arePlain() {
		again, errAgain := r.Again()
		if errAgain != nil {
			return nil, fmt.Errorf("values look like [key value] in some operations only: %w", errAgain)
		}
		l = newLoader(again, m, opts)
		l.h.plain = true
		err = l.events(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := l.unsaid(); err != nil {
		return nil, err
	}
	if err := l.inTime(); err != nil {
		return nil, err
	}
	l.h.damage, l.h.clock, l.h.unit = l.reader.Damage(), l.reader.Clock(), l.reader.Unit()
	l.h.idle = l.h.Operations == 0 && l.reader.Others() > 0 && l.reader.Model() == ""
	if err := l.begin(); err != nil {
		return nil, err
	}
	l.h.unread, l.h.names = l.reader.Unread(), l.reader.Names()
	if opts.begins() {
		l.forget()
	}
	l.finish()
	return l.h, nil
}

func newLoader(r *foreign.Reader, m Model, opts LoadOptions) *loader {
	l := &loader{
		h:      &History{Model: m, Format: r.Format(), values: newValues(), loose: opts.LooseNumbers},
		reader: r, opts: opts, known: m.kind.ops,
		open: map[int64]*pending{}, silent: map[int32]error{}, repeats: map[int32]int{}, keys: map[string]int32{}, processes: map[int64]int32{}, since: foreign.NoTime, timing: newTiming(),
	}
	return l
}

// events reads the history to its end.
func (l *loader) events(ctx context.Context) error {
	var e foreign.Event
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		err := l.reader.Next(&e)
		if n == 0 && models.Named(l.reader.Model()).Sessions {
			return fmt.Errorf("a history of zklab's own %s %w", l.reader.Model(), ErrOwn)
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = l.event(&e)
		}
		if err != nil {
			return err
		}
	}
}

// loader makes operations of events.
type loader struct {
	h         *History
	reader    *foreign.Reader
	opts      LoadOptions
	now       *foreign.Event  // the one that is being read
	changed   bool            // some completion tells another value than its invocation
	silent    map[int32]error // by invocation: what it lacks
	answers   bool            // some increment's completion tells the new value of its counter
	repeats   map[int32]int   // by key: the line of the first one that repeats what it was called with
	ops       []op
	extra     []op // dequeues into which drains were turned
	open      map[int64]*pending
	free      []*pending
	keys      map[string]int32
	processes map[int64]int32
	known     []string
	f         string // the name of the last event's operation, as it is written
	as        string // the model's name of that operation
	pairs     pairs
	timed     bool  // some event has a time
	since     int64 // the first time; [foreign.NoTime] before there is one
	passes    bool  // there are different times, so that they have an order
	timing    timing
}

// pending is the open operation of a process.
type pending struct {
	at     int // its place in ops
	f      string
	line   int
	index  int
	shared bool // it shares its line with other events
	keyed  bool // its value is [key value]
	key    foreign.Value
	value  foreign.Value // without the key
	bare   bool          // it has no value
}

// where returns the place of the invocation in the file.
func (p *pending) where() string {
	if p.shared {
		return fmt.Sprintf("event %d", p.index+1)
	}
	return fmt.Sprintf("line %d", p.line)
}

func bad(e *foreign.Event, format string, args ...any) error {
	err := &foreign.LineError{Line: e.Line, Reason: fmt.Sprintf(format, args...)}
	if e.Shared {
		err.Event = e.Index + 1
	}
	return err
}

const mostEvents = math.MaxInt32 - 1

func (l *loader) event(e *foreign.Event) error {
	rank := int32(len(l.h.lines))
	if rank >= mostEvents {
		return bad(e, "more than %d events", mostEvents)
	}
	l.h.lines = append(l.h.lines, int32(min(e.Line, math.MaxInt32)))
	l.h.indices = append(l.h.indices, int32(min(e.Index, math.MaxInt32)))
	l.h.times = append(l.h.times, e.Time)
	l.h.byEvent = l.h.byEvent || e.Shared
	l.timed = l.timed || e.Time != foreign.NoTime && e.Time != 0
	if l.since == foreign.NoTime {
		l.since = e.Time
	}
	l.passes = l.passes || e.Time != foreign.NoTime && e.Time != l.since
	if l.opts.LooseNumbers {
		e.Key, e.Value = e.Key.Loose(), e.Value.Loose()
	}
	if len(l.opts.Nil) > 0 {
		e.Value = l.orNil(e.Value)
	}
	l.now = e
	p, name := l.open[e.Process], e.F
	if p != nil && e.Type == history.Info {
		e.F = p.f // this ends it, whatever the event calls the operation
	}
	if e.F != l.f && (p != nil || e.F != "") {
		as := l.named(e.F)
		if as == "" {
			return bad(e, "operation %q is none of model %s, which has %s%s", e.F, l.h.Model.name, strings.Join(l.known, ", "), l.h.Model.kind.wayOut(e.F))
		}
		l.f, l.as = e.F, as
	}
	if e.F != "" {
		e.F = l.as
	}
	if e.Type == history.Invoke {
		return l.invoke(e, rank, name)
	}
	if p == nil {
		return bad(e, "%s of process %d, which has no open operation: expected an invoke before", e.Type, e.Process)
	}
	if p.f != e.F {
		return bad(e, "process %d completes %s, but what it invoked in %s is %s", e.Process, e.F, p.where(), p.f)
	}
	delete(l.open, e.Process)
	l.free = append(l.free, p)
	return l.complete(e, p, rank)
}

// orNil returns nil for what the history writes for it, by itself or as the value of a pair.
func (l *loader) orNil(v foreign.Value) foreign.Value {
	switch {
	case v.Kind != foreign.Nil && slices.Contains(l.opts.Nil, KeyName(v)):
		return foreign.Value{}
	case v.Kind == foreign.List && len(v.Items) == 2:
		v.Items = []foreign.Value{v.Items[0], l.orNil(v.Items[1])}
	}
	return v
}

func (l *loader) invoke(e *foreign.Event, rank int32, name string) error {
	if p := l.open[e.Process]; p != nil {
		return bad(e, "process %d invokes %s while its %s of %s is still open", e.Process, e.F, p.f, p.where())
	}
	p := &pending{}
	if n := len(l.free); n > 0 {
		p, l.free = l.free[n-1], l.free[:n-1]
	}
	*p = pending{at: len(l.ops), f: e.F, line: e.Line, index: e.Index, shared: e.Shared}
	key, v := e.Key, e.Value
	if key.Kind == foreign.Nil && l.keyedValue(e) {
		p.keyed, key, v = true, v.Items[0], unkeyed(v)
	}
	p.key, p.value, p.bare = key, v, e.Bare
	o := op{inv: rank, ret: never, process: l.process(e.Process), key: l.key(key)}
	if err := l.follow(e, o.process, rank); err != nil {
		return err
	}
	if err := l.h.Model.kind.load(l, &o, e, v); err != nil {
		return bad(e, "%v", err)
	}
	if err := l.says(e, &o, name, v); err != nil {
		return bad(e, "%v", err)
	}
	l.ops = append(l.ops, o)
	l.open[e.Process] = p
	l.h.Operations++
	return nil
}

// keyedValue reports whether an invocation's value is a pair of key and value, as
// jepsen.independent writes it; for a cas also [key old new].
func (l *loader) keyedValue(e *foreign.Event) bool {
	v := e.Value
	if v.Kind == foreign.Nil {
		l.pairs.blank = true
	}
	keyed := v.Kind == foreign.List && len(v.Items) == 2
	if keyed && e.F == "cas" {
		keyed = v.Items[1].Kind == foreign.List || v.Items[1].Kind == foreign.Map
	} else if e.F == "cas" {
		keyed = v.Kind == foreign.List && len(v.Items) == 3
	}
	if l.h.plain || !keyed || e.Record { // a record has its key in a field
		return false
	}
	if v.Items[0].Kind == foreign.Nil { // no object is called nil: it stands for what the completion will tell
		l.pairs.broken = true
		return false
	}
	if v.Items[1].Kind == foreign.Nil {
		l.pairs.ask = true
	} else {
		l.pairs.tell = true
	}
	return true
}

// pairs counts the values that look like [key value].
type pairs struct {
	tell   bool // there are invocations with a value
	ask    bool // there are invocations without a value: [key nil]
	blank  bool // there are invocations of nil
	broken bool // a set was read as something other than [key elements]
}

// arePlain reports whether the pairs are not keys with values, but values themselves: either the
// arguments or the answers are not given by key.
func (p pairs) arePlain() bool { return p.broken || p.tell && p.blank && !p.ask }

// unkeyed returns a pair of key and value without the key.
func unkeyed(v foreign.Value) foreign.Value {
	if len(v.Items) > 2 {
		return foreign.Value{Kind: foreign.List, Items: v.Items[1:]}
	}
	return v.Items[1]
}

func (l *loader) complete(e *foreign.Event, p *pending, rank int32) error {
	o := &l.ops[p.at]
	if err := l.follow(e, o.process, rank); err != nil {
		return err
	}
	switch e.Type {
	case history.Fail:
		l.h.Failed++
		if o.code == cas && l.h.Format == foreign.JepsenLog && e.Value.Kind != foreign.Word && !e.Explained && l.silent[o.inv] == nil {
			o.code, o.ret = mismatch, rank
			return nil
		}
		if (o.code == add || o.code == enqueue) && l.h.Model.kind.tried {
			return nil
		}
		if _, makes := made(o); makes && !l.h.Model.kind.counts {
			failed := *o
			failed.ret = rank
			l.h.failed = append(l.h.failed, failed)
		}
		o.code = dropped
		return nil
	case history.Info:
		l.h.Unknown++
		return nil
	}
	o.ret = rank
	v := e.Value
	if e.Key.Kind != foreign.Nil && !p.keyed && !e.Key.Equal(p.key) {
		return bad(e, "the key is %s, but in the invocation in %s it is %s", e.Key, p.where(), p.key)
	}
	if p.keyed {
		pair := v.Kind == foreign.List && (len(v.Items) == 2 || e.F == "cas" && len(v.Items) == 3)
		switch {
		case pair && v.Items[0].Equal(p.key):
			v = unkeyed(v)
		case o.code == readAll:
			l.pairs.broken = true
			fallthrough
		case v.Kind != foreign.Nil || !takes(o): // nil repeats nothing
			return bad(e, "the value is %s: expected [%s value], as in the invocation in %s", v, p.key, p.where())
		}
	}
	return l.succeed(e, p, o, v)
}

func (l *loader) process(p int64) int32 {
	id, ok := l.processes[p]
	if !ok {
		id = int32(len(l.processes))
		l.processes[p] = id
		l.h.processes = append(l.h.processes, p)
	}
	return id
}

// KeyName returns the name of a key: a text without its quotation marks.
func KeyName(v foreign.Value) string {
	switch v.Kind {
	case foreign.Nil:
		return ""
	case foreign.Text:
		return v.Text
	}
	return v.Whole()
}

func (l *loader) key(v foreign.Value) int32 {
	name := KeyName(v)
	id, ok := l.keys[name]
	if !ok {
		id = int32(len(l.h.keys))
		l.keys[name] = id
		l.h.keys = append(l.h.keys, name)
	}
	return id
}

// finish sorts the operations by key, and leaves out those without consequences.
func (l *loader) finish() {
	l.h.Unknown += len(l.open)
	l.divideProcesses()
	l.countFromFirst()
	l.crashedDrains()
	l.ops = slices.DeleteFunc(l.ops, func(o op) bool {
		return o.code == dropped || o.ret == never && (o.code == read || o.code == readAll || o.code == generate)
	})
	if len(l.extra) > 0 {
		l.ops = append(l.ops, l.extra...)
		slices.SortStableFunc(l.ops, func(x, y op) int { return int(x.inv) - int(y.inv) })
	}
	if !l.timed {
		l.h.times = nil
	}
	if l.h.ties = (l.h.Format == foreign.JSONL || l.h.sorted) && l.passes; l.h.ties {
		l.ties() // possible only when all operations are there
	}
	l.divide()
	for _, ops := range l.h.ops {
		l.h.codes = append(l.h.codes, codesOf(ops))
	}
}

// divide distributes the operations to the keys. Each key has its own ranks.
func (l *loader) divide() {
	h := l.h
	const nobody = -1
	owner := make([]int32, len(h.lines)) // key of each event
	for i := range owner {
		owner[i] = nobody
	}
	counts := make([]int, len(h.keys))
	for i := range l.ops {
		o := &l.ops[i]
		counts[o.key]++
		owner[o.inv] = o.key
		if o.ret != never {
			owner[o.ret] = o.key
		}
	}
	h.ops, h.ranks = make([][]op, len(h.keys)), make([][]int32, len(h.keys))
	for k, n := range counts {
		h.ranks[k] = make([]int32, 0, 2*n)
	}
	local := owner
	for event, key := range owner {
		if key != nobody {
			local[event] = int32(len(h.ranks[key]))
			h.ranks[key] = append(h.ranks[key], int32(event))
		}
	}
	for i := range l.ops {
		o := &l.ops[i]
		o.inv = local[o.inv]
		if o.ret != never {
			o.ret = local[o.ret]
		}
	}
	if len(h.keys) == 1 {
		h.ops[0] = l.ops
		return
	}
	for k, n := range counts {
		h.ops[k] = make([]op, 0, n)
	}
	for _, o := range l.ops {
		h.ops[o.key] = append(h.ops[o.key], o)
	}
}

// ties ranks invocations before completions at the same time: events at the same time are
// concurrent, except those of one process, for which see [object.overtakes]. Other formats do not
// say how exact their times are. For these, as for Jepsen, the order of events in the file counts,
// unless that order contradicts the times.
func (l *loader) ties() {
	times := l.h.times
	invocation := make([]bool, len(times))
	for i := range l.ops {
		invocation[l.ops[i].inv] = true
	}
	var rank []int32
	for from := 0; from < len(times); {
		to := from + 1
		for to < len(times) && times[to] == times[from] && times[to] != foreign.NoTime {
			to++
		}
		if late := slices.Index(invocation[from:to], false); late >= 0 && slices.Contains(invocation[from+late:to], true) {
			if rank == nil {
				rank = make([]int32, len(times))
				for i := range rank {
					rank[i] = int32(i)
				}
			}
			next := int32(from)
			for _, first := range []bool{true, false} {
				for i := from; i < to; i++ {
					if invocation[i] == first {
						rank[i] = next
						next++
					}
				}
			}
		}
		from = to
	}
	if rank == nil {
		return
	}
	l.h.tied = true
	l.move(rank, l.ops, l.h.failed)
	lines, indices := make([]int32, len(rank)), make([]int32, len(rank))
	for i, at := range rank {
		lines[at], indices[at] = l.h.lines[i], l.h.indices[i]
	}
	l.h.lines, l.h.indices = lines, indices
}
