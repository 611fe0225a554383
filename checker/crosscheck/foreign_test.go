package crosscheck

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/linear"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

// plain is a history of a plain object, as another tool may have written it.
type plain struct {
	ops    []op
	format foreign.Format
	ends   bool   // processes end with an unknown outcome, as Jepsen's do
	order  uint64 // for the order of events at equal times
	untold bool   // the file has no times
	begins string // the first value of a register; "" leaves it to the format
}

// object belongs to a model of zklab check.
type object struct {
	model  string
	start  string
	values []string // values that operations use
	begins []string // values with which it may begin
	most   int      // most operations in a history
	// legal turns an operation into one that the object can do in a state, and returns
	// the state after it; ok is false if there is none.
	legal func(r *rand.Rand, o *object, state string, op *op) (string, bool)
	// any turns an operation into any operation.
	any  func(r *rand.Rand, o *object, op *op)
	step func(state string, o op) []string
	// decide decides objects for which orders do not matter.
	decide  func(o *object, h plain) string
	calls   func(h plain) []call
	next    int // counts the operations of a history, so that values differ
	formats []foreign.Format
}

func (o *object) generate(r *rand.Rand) plain {
	o.next = 0
	h := plain{ops: intervals(r, o.most), format: foreign.JSONL, ends: chance(r, 2), order: r.Uint64(), untold: chance(r, 8)}
	if o.formats != nil {
		h.format = pick(r, o.formats...)
	}
	if h.format != foreign.JSONL {
		h.untold = true
	}
	if o.begins != nil && chance(r, 4) {
		h.begins = pick(r, o.begins...)
	}
	keys := []string{""}
	if h.format == foreign.JSONL && (o.model == "kv" || chance(r, 4)) {
		keys = []string{"a", "b"}
	}
	for i := range h.ops {
		h.ops[i].key = pick(r, keys...)
		o.any(r, o, &h.ops[i])
	}
	if !chance(r, 3) {
		o.simulate(r, h.ops, cmp.Or(h.begins, o.start))
		if chance(r, 2) {
			o.mutate(r, h.ops)
		}
	}
	shift(r, h.ops)
	if h.untold || allAtOnce(h.ops) {
		h.number()
	}
	return h
}

// ownTie reports whether a process was answered and called something at the same time.
func ownTie(ops []op) bool {
	for i, a := range ops {
		for _, b := range ops[i+1:] {
			if a.out == ok && a.client == b.client && a.ret == b.inv {
				return true
			}
		}
	}
	return false
}

// allAtOnce reports whether all times are equal, so that they show nothing.
func allAtOnce(ops []op) bool {
	return !slices.ContainsFunc(ops, func(o op) bool {
		return o.inv != ops[0].inv || o.out != open && o.ret != ops[0].inv
	})
}

// simulate lets an object answer the operations at moments of their intervals.
func (o *object) simulate(r *rand.Rand, ops []op, start string) {
	states := map[string]string{}
	for _, m := range moments(r, ops) {
		op := &ops[m.op]
		state, begun := states[op.key]
		if !begun {
			state = start
		}
		next, can := o.legal(r, o, state, op)
		if !can {
			op.out = fail
			continue
		}
		states[op.key] = next
	}
}

// mutate makes one change.
func (o *object) mutate(r *rand.Rand, ops []op) {
	i := r.IntN(len(ops))
	switch r.IntN(4) {
	case 0:
		ops[i].out = pick(r, ok, fail, info)
	case 1:
		was := ops[i]
		o.any(r, o, &ops[i])
		if ops[i].f != was.f && chance(r, 2) {
			ops[i] = was
		}
	case 2:
		j := r.IntN(len(ops))
		if ops[i].f == ops[j].f {
			ops[i].res, ops[j].res = ops[j].res, ops[i].res
		}
	case 3:
		ops[i].out = ok
		o.any(r, o, &ops[i])
	}
}

// number gives each event its place as its time: that is the meaning of a file without
// times.
func (h *plain) number() {
	for n, e := range h.events() {
		if e.invoke {
			h.ops[e.op].inv = int64(n)
		} else {
			h.ops[e.op].ret = int64(n)
		}
	}
}

type event struct {
	op      int
	invoke  bool
	time    int64
	process int
}

// events returns the events in order of time. At equal times the order is random, but keeps
// an operation together and a client's operations in order. After an operation without
// completion, and perhaps after one of unknown outcome, a client goes on as another process.
func (h *plain) events() []event {
	r := rand.New(rand.NewPCG(h.order, 0))
	waiting := map[int][]event{}
	process := map[int]int{}
	most := 0
	for i, o := range h.ops {
		p := o.client + 10*process[o.client]
		waiting[o.client] = append(waiting[o.client], event{i, true, o.inv, p})
		if o.out != open {
			waiting[o.client] = append(waiting[o.client], event{i, false, o.ret, p})
		}
		if o.out == open || o.out == info && h.ends {
			process[o.client]++
		}
		most = max(most, o.client)
	}
	var all []event
	for {
		var first []int
		for c := range most + 1 {
			if len(waiting[c]) == 0 {
				continue
			}
			if len(first) > 0 && waiting[c][0].time < waiting[first[0]][0].time {
				first = nil
			}
			if len(first) == 0 || waiting[c][0].time == waiting[first[0]][0].time {
				first = append(first, c)
			}
		}
		if len(first) == 0 {
			return all
		}
		c := pick(r, first...)
		all = append(all, waiting[c][0])
		waiting[c] = waiting[c][1:]
	}
}

// processes returns the process of each operation.
func (h *plain) processes() []int {
	all := make([]int, len(h.ops))
	for _, e := range h.events() {
		all[e.op] = e.process
	}
	return all
}

// text returns the history as a file.
func (h *plain) text() string {
	var b strings.Builder
	for _, e := range h.events() {
		o := h.ops[e.op]
		typ, value := string(history.Invoke), o.arg
		if !e.invoke {
			typ = string(o.out)
			if o.out == ok && o.res != "" {
				value = o.res
			}
		}
		if value == "" {
			value = "null"
		}
		switch h.format {
		case foreign.JepsenLog:
			fmt.Fprintf(&b, "INFO  jepsen.util - %d :%s :%s %s\n", e.process, typ, o.f, edn(value))
		case foreign.EDN:
			fmt.Fprintf(&b, "{:process %d, :type :%s, :f :%s, :value %s}\n", e.process, typ, o.f, edn(value))
		default:
			fmt.Fprintf(&b, `{"process":%d,"type":"%s","f":"%s"`, e.process, typ, o.f)
			if o.key != "" {
				fmt.Fprintf(&b, `,"key":"%s"`, o.key)
			}
			fmt.Fprintf(&b, `,"value":%s`, value)
			if !h.untold {
				fmt.Fprintf(&b, `,"time":%d`, e.time)
			}
			b.WriteString("}\n")
		}
	}
	return b.String()
}

func edn(json string) string {
	return strings.ReplaceAll(strings.ReplaceAll(json, "null", "nil"), ",", " ")
}

// ours decides key by key.
func (o *object) ours(h plain) answers {
	answer := valid
	if !slices.ContainsFunc(h.ops, func(op op) bool { return op.out == ok || observation(h, op) }) {
		answer = unknown // too little happened
	}
	for _, key := range h.keys() {
		one := o.oneKey(h.of(key))
		if one == violation || answer == valid || one == undecided && answer == unknown {
			answer = one
		}
	}
	all := answers{}
	for name := range ways(h) {
		all[name] = answer
	}
	return all
}

func (o *object) oneKey(h plain) string {
	if o.decide != nil {
		return o.decide(o, h)
	}
	calls := callsOf(h.ops)
	if o.calls != nil {
		calls = o.calls(h)
	}
	for i := range calls {
		calls[i].process = calls[i].op.client + 1
	}
	if explainable(calls, cmp.Or(h.begins, o.start), o.step) {
		return valid
	}
	return violation
}

func (h *plain) keys() []string {
	var all []string
	for _, o := range h.ops {
		if !slices.Contains(all, o.key) {
			all = append(all, o.key)
		}
	}
	return all
}

// of returns the history of one key, in which each process is a client.
func (h *plain) of(key string) plain {
	one := *h
	one.ops = nil
	for i, p := range h.processes() {
		if h.ops[i].key == key {
			o := h.ops[i]
			o.client = p
			one.ops = append(one.ops, o)
		}
	}
	return one
}

// load loads the file as zklab check does.
func (o *object) load(h plain) (*linear.History, error) {
	m, err := linear.ParseModel(o.model)
	if err != nil {
		return nil, err
	}
	r, err := foreign.NewReader(strings.NewReader(h.text()), h.format)
	if err != nil {
		return nil, err
	}
	opts := linear.LoadOptions{}
	if h.begins != "" {
		v, err := foreign.ParseValue(edn(h.begins))
		if err != nil {
			return nil, err
		}
		opts.Initial = &v
	}
	return linear.Load(ctx, r, m, opts)
}

// zklab decides the file, and decides some files once more with less: with one of its
// procedures, or with hardly any time or memory.
func (o *object) zklab(h plain) answers {
	if name := os.Getenv("ZKLAB_CROSSCHECK_TRACE"); name != "" {
		os.WriteFile(name, []byte(h.text()), 0o600) // the file that caused a panic is kept
	}
	all := answers{}
	l, err := o.load(h)
	for name, opts := range ways(h) {
		if err != nil {
			all[name] = err.Error()
			continue
		}
		c := ctx
		if name == "interrupted" {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			c = ended
		}
		all[name] = string(linear.Check(c, l, opts).Verdict)
	}
	return all
}

func ways(h plain) map[string]linear.Options {
	all := map[string]linear.Options{full: {}}
	if h.order%4 == 0 {
		all["porcupine"] = linear.Options{PorcupineOnly: true}
		all["no time"] = linear.Options{Budget: 1}
		all["little time"] = linear.Options{Budget: time.Duration(h.order / 4 % 20000)}
		all["interrupted"] = linear.Options{}
		all["no memory"] = linear.Options{Memory: 1}
	}
	return all
}

// full is the name of the answer that must be complete; the others may be unknown.
const full = "linearizable"

func (h plain) smaller() []plain {
	var all []plain
	for _, ops := range without(h.ops) {
		less := h
		less.ops = ops
		if less.untold || allAtOnce(ops) {
			less.ops = slices.Clone(ops)
			less.number()
		}
		all = append(all, less)
	}
	return all
}

// compare lets both sides judge histories of the object.
func (o *object) compare(t *testing.T) {
	s := subject[plain]{
		name: o.model, generate: o.generate, ours: o.ours, zklab: o.zklab,
		agree: func(name, a, b string) bool {
			return a == b || b == unknown && name != full
		},
		smaller: plain.smaller,
		print:   func(h plain) string { return fmt.Sprintf("begins with %q\n%s", h.begins, h.text()) },
	}
	t.Run(o.model, func(t *testing.T) {
		s.compare(t)
	})
}
