package crosscheck

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
)

// evidence holds what the links saw at an operation's two events.
type evidence struct {
	session     int64 // the client's session at the call
	owner       int64 // the client's session at the completion
	alive, seen [2]int64
	zxid        int64
}

// fact is an event that does not belong to an operation.
type fact struct {
	at      int64
	of      history.Process
	client  int
	session int64
	f, key  string
	value   any
	seen    int64 // what the link had seen in the session
}

// record is a history of zklab's own.
type record struct {
	model   string
	parties int
	tries   int
	leases  int
	ops     []op // the operations of a client come one after the other
	facts   []fact
	order   uint64 // for the order of events at equal times
	log     []history.Txn
}

// own is an object for which zklab has recipes.
type own struct {
	name     string
	generate func(r *rand.Rand) record
	zklab    func(h record) answers
	ours     func(h record) answers // violation, valid, or unknown if no answer is required
	agree    func(name, ours, zklab string) bool
}

func (h record) history() *history.History {
	var file bytes.Buffer
	clients := 1
	for _, o := range h.ops {
		clients = max(clients, o.client+1)
	}
	header := history.Header{
		Version: history.Version, Model: h.model,
		Params: history.Params{Clients: clients, Servers: 3, SessionTimeout: 4 * time.Second, Tick: time.Second, Parties: h.parties, Tries: h.tries, Leases: h.leases},
	}
	all := &history.History{Header: header, Complete: true}
	add := func(e history.Event) {
		e.Index = len(all.Events)
		all.Events = append(all.Events, e)
	}
	add(history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FBegin})
	var last time.Duration
	for _, e := range h.events(clients) {
		add(e)
		last = e.Time
	}
	add(history.Event{Time: last, Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FEnd})
	if err := history.Write(&file, all); err != nil {
		panic(err)
	}
	read, err := history.Read(&file)
	if err != nil {
		panic(err)
	}
	return read
}

// events returns the events in order of time. At equal times the order is random, but
// keeps an operation together and a client's operations in order.
func (h record) events(clients int) []history.Event {
	r := rand.New(rand.NewPCG(h.order, 0))
	waiting := map[int][]history.Event{}
	process := map[int]int{}
	for _, o := range h.ops {
		e := history.Event{
			Time: time.Duration(o.inv), Process: history.Process(o.client + clients*process[o.client]), Client: o.client,
			Type: history.Invoke, F: o.f, Key: o.key, Value: json.RawMessage(o.arg),
			Session: history.ID(o.with.session), Alive: time.Duration(o.with.alive[0]), Seen: history.ID(o.with.seen[0]),
		}
		waiting[o.client] = append(waiting[o.client], e)
		if o.out != open {
			e.Time, e.Type, e.Value = time.Duration(o.ret), history.Type(o.out), nil
			if o.out == ok {
				e.Value, e.Zxid = json.RawMessage(o.res), history.ID(o.with.zxid)
			} else {
				e.Error = &history.Error{Code: "timeout"}
			}
			e.Session, e.Alive, e.Seen = history.ID(o.with.owner), time.Duration(o.with.alive[1]), history.ID(o.with.seen[1])
			waiting[o.client] = append(waiting[o.client], e)
		}
		if o.out == open || o.out == info {
			process[o.client]++
		}
	}
	for i, f := range h.facts {
		waiting[1000+i] = []history.Event{{
			Time: time.Duration(f.at), Process: f.of, Client: f.client, Type: history.Info, F: f.f, Key: f.key,
			Session: history.ID(f.session), Seen: history.ID(f.seen), Value: history.Value(f.value),
		}}
	}
	var who []int
	for w := range waiting {
		who = append(who, w)
	}
	slices.Sort(who)
	var all []history.Event
	for {
		var first []int
		for _, w := range who {
			if len(waiting[w]) == 0 {
				continue
			}
			if len(first) > 0 && waiting[w][0].Time < waiting[first[0]][0].Time {
				first = nil
			}
			if len(first) == 0 || waiting[w][0].Time == waiting[first[0]][0].Time {
				first = append(first, w)
			}
		}
		if len(first) == 0 {
			return all
		}
		w := pick(r, first...)
		all = append(all, waiting[w][0])
		waiting[w] = waiting[w][1:]
	}
}

// zklab returns the verdicts of checker.Run on each property and key, and the reference model's.
func (h record) zklab() answers {
	read := h.history()
	all := answers{}
	for _, opts := range []checker.Options{{Transactions: h.log}, {NoReference: true, Transactions: h.log}} {
		for _, v := range checker.Run(ctx, read, opts).Verdicts {
			at := v.Property
			if strings.Contains(v.Reason+strings.Join(v.Notes, ""), "defect") { // the reference model contradicts
				all[at] = "defect: " + v.Reason
			}
			if all[at] == "" || v.Result == checker.Violation && !strings.HasPrefix(all[at], "defect") {
				all[at] = string(v.Result)
			}
		}
	}
	for _, explained := range checker.Reference(ctx, read, checker.Options{Budget: 5 * time.Second, Transactions: h.log}) {
		if !explained {
			all["reference"] = violation
		}
	}
	return all
}

// whole returns zklab's answers with one more, for something that several properties say
// together: it equals the answer for the first property, or is a violation if any of the
// others is violated.
func whole(h record, name, first string, others ...string) answers {
	all := h.zklab()
	all[name] = all[first]
	for _, property := range others {
		if all[property] == violation {
			all[name] = violation
		}
	}
	return all
}

// tidy makes a record possible, and puts it at some place in time.
func (h *record) tidy(r *rand.Rand) {
	h.inOrder()
	unit := pick[int64](r, 1, 1, 1000, 1e6)
	h.place(unit, pick[int64](r, 0, 0, 0, 1, 1e9, 1<<53-2*unit, 1<<60))
}

// inOrder puts a client's calls one after the other, where only the last may never return, and makes
// each sign of life no later than the event that reports it.
func (h *record) inOrder() {
	free, last := map[int]int64{}, map[int]int{}
	for i, o := range h.ops {
		last[o.client] = i
	}
	for i := range h.ops {
		o := &h.ops[i]
		if o.out == open && last[o.client] != i {
			o.out = info
		}
		o.inv = max(o.inv, free[o.client])
		o.ret = max(o.ret, o.inv)
		free[o.client] = o.ret
		o.with.alive[0] = min(o.with.alive[0], o.inv)
		o.with.alive[1] = min(o.with.alive[1], o.ret)
	}
}

// place moves a record in time, and stretches it.
func (h *record) place(unit, base int64) {
	move := func(at *int64) { *at = base + *at*unit }
	for i := range h.ops {
		o := &h.ops[i]
		move(&o.inv)
		move(&o.ret)
		for i := range o.with.alive {
			if o.with.alive[i] > 0 {
				move(&o.with.alive[i])
			}
		}
	}
	for i := range h.facts {
		if h.facts[i].f != history.FOffers {
			move(&h.facts[i].at)
		}
	}
}

func (h record) print() string {
	var b bytes.Buffer
	if err := history.Write(&b, h.history()); err != nil {
		return err.Error()
	}
	for _, t := range h.log {
		b.WriteString(asJSON(t) + "\n")
	}
	for _, v := range checker.Run(ctx, h.history(), checker.Options{Transactions: h.log}).Verdicts {
		if v.Result == checker.Violation || number("ZKLAB_REASONS", 0) > 0 {
			b.WriteString("zklab: " + v.Property + ": " + v.Reason + "\n")
		}
	}
	return b.String()
}

func (h record) smaller() []record {
	var all []record
	for _, ops := range without(h.ops) {
		less := h
		less.ops = ops
		all = append(all, less)
	}
	for i := range h.facts {
		less := h
		less.facts = slices.Delete(slices.Clone(h.facts), i, i+1)
		all = append(all, less)
	}
	return all
}

// violated compares a violation on our side with one on zklab's. A valid verdict needs
// more operations than these histories have, so all other answers of zklab are treated
// alike.
func violated(_, ours, zklab string) bool {
	return ours == unknown || !strings.HasPrefix(zklab, "defect") && (ours == violation) == (zklab == violation)
}

func (o own) compare(t *testing.T) {
	s := subject[record]{
		name: o.name, generate: o.generate, ours: o.ours, zklab: o.zklab, agree: o.agree,
		smaller: record.smaller, print: record.print, skips: unasked,
	}
	if s.zklab == nil {
		s.zklab = record.zklab
	}
	if s.agree == nil {
		s.agree = violated
	}
	t.Run(o.name, s.compare)
}
