package linear

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history/foreign"
)

// large describes a long history of many clients, which is right except for one planted
// defect, if there is one.
type large struct {
	model      string
	operations int
	clients    int
	unknown    float64 // share of operations with an unknown outcome
	defect     string  // the planted defect: one wrong event near the end
	keys       int     // 0 means one object without a key
	format     foreign.Format
}

// defect can be planted in a history of a model.
type defect struct {
	name string
	// certain means that operations of unknown outcome cannot explain the defect.
	certain bool
}

var defects = map[string][]defect{
	"register":       {{"stale read", true}, {"invented", true}},
	"cas-register":   {{"stale read", true}, {"wrong cas", true}},
	"kv":             {{"stale read", true}},
	"mutex":          {{"overlap", true}},
	"lock":           {{"overlap", true}, {"not held", true}},
	"semaphore:3":    {{"overlap", true}},
	"queue":          {{"swapped", true}, {"duplicate", true}, {"lost", false}, {"empty", false}},
	"bag":            {{"duplicate", true}, {"lost", false}, {"empty", false}},
	"priority-queue": {{"inversion", true}, {"duplicate", true}, {"lost", false}, {"empty", false}},
	"set":            {{"lost", true}, {"invented", true}},
	"linear-set":     {{"lost", true}, {"invented", true}},
	"counter":        {{"low", true}, {"high", true}, {"twice", true}},
}

// largeModels are the models that have a procedure of their own.
var largeModels = []string{"register", "cas-register", "kv", "mutex", "lock", "semaphore:3", "queue", "bag", "priority-queue", "set", "linear-set", "counter"}

// ofModel returns a plain history of a model.
func ofModel(model string) large {
	if model == "kv" {
		return large{model: model, keys: 20}
	}
	return large{model: model}
}

func (l large) String() string {
	name := fmt.Sprintf("%s/%d/clients=%d", l.model, l.operations, l.clients)
	if l.unknown > 0 {
		name += "/unknown"
	}
	if l.defect != "" {
		name += "/" + l.defect
	}
	return name
}

// actor is a client of a large history.
type actor struct {
	process int
	stage   int // 0: idle, 1: invoked, 2: took effect
	f       string
	value   string // the value of the invocation
	result  string
	key     int
	number  int // the number that it writes, enqueues or adds, or that it took out
	from    int // the number with which a cas compares
	holds   bool
	failed  bool
}

// world holds the present state of the objects of a large history, one for each key.
type world struct {
	next    int
	value   []int
	queue   [][]int
	taken   []int
	elems   []int
	old     int // a value of the first key that is certainly gone
	planted bool
}

// write writes the history as EDN, one map per line, or in another format if it is a
// history of a register.
func (l large) write(out io.Writer, seed uint64) error {
	w := bufio.NewWriterSize(out, 1<<20)
	r := rand.New(rand.NewPCG(seed, 1))
	keys := max(1, l.keys)
	s := &world{value: make([]int, keys), queue: make([][]int, keys), taken: make([]int, keys), planted: l.defect == ""}
	actors := make([]actor, l.clients)
	if l.format == foreign.CSV {
		fmt.Fprintln(w, "process,type,f,value")
	}
	process := 0
	for i := range actors {
		actors[i].process = process
		process++
	}
	line := func(a *actor, kind, value string) { l.line(w, a, kind, value) }
	done := 0
	late := func() bool { return done > l.operations*9/10 }
	for ticks := 0; done < l.operations && ticks < 40*l.operations*max(1, l.clients/5); ticks++ {
		if !s.planted && late() {
			if a := l.wrong(s, actors, process); a != nil {
				line(a, "invoke", a.value)
				line(a, "ok", a.result)
				process++
			}
		}
		a := &actors[r.IntN(len(actors))]
		switch {
		case a.stage == 0:
			a.key = r.IntN(keys)
			l.invoke(r, s, a)
			line(a, "invoke", a.value)
			a.stage = 1
		case r.Float64() < l.unknown/2 && !(a.f == "acquire" && a.stage == 2) && !a.failed:
			if a.f == "release" && a.stage == 1 { // otherwise no client could ever acquire again
				l.happen(r, s, a, false)
			}
			line(a, "info", a.value)
			*a = actor{process: process}
			process++
			done++
		case a.stage == 1:
			if l.happen(r, s, a, late()) {
				a.stage = 2
			}
		default:
			kind := "ok"
			if a.failed {
				kind = "fail"
			}
			line(a, kind, a.result)
			if a.f == "dequeue" && s.old == 0 || a.f == "increment" {
				s.old = a.number
			}
			a.stage, a.failed = 0, false
			done++
		}
	}
	l.end(r, s, actors, process, line)
	if !s.planted {
		return fmt.Errorf("%s: no defect could be planted", l)
	}
	return w.Flush()
}

func (l large) line(w *bufio.Writer, a *actor, kind, value string) {
	switch l.format {
	case foreign.JepsenLog:
		fmt.Fprintf(w, "INFO  jepsen.util - %d\t:%s\t:%s\t%s\n", a.process, kind, a.f, value)
		return
	case foreign.JepsenText:
		fmt.Fprintf(w, "%d\t:%s\t:%s\t%s\n", a.process, kind, a.f, value)
		return
	case foreign.CSV:
		fmt.Fprintf(w, "%d,%s,%s,%s\n", a.process, kind, a.f, strings.TrimPrefix(value, "nil"))
		return
	case foreign.JSONL:
		if value == "nil" {
			value = "null"
		}
		fmt.Fprintf(w, "{\"process\":%d,\"type\":%q,\"f\":%q,\"value\":%s}\n", a.process, kind, a.f, value)
		return
	case foreign.Porcupine:
		f := map[string]string{"read": "get", "write": "put"}[a.f]
		if value = strconv.Quote(value); value == `"nil"` {
			value = `""`
		}
		fmt.Fprintf(w, "{:process %d, :type :%s, :f :%s, :key \"x\", :value %s}\n", a.process, kind, f, value)
		return
	}
	b := w.AvailableBuffer()
	b = append(b, "{:process "...)
	b = strconv.AppendInt(b, int64(a.process), 10)
	b = append(append(append(append(b, ", :type :"...), kind...), ", :f :"...), a.f...)
	b = append(b, ", :value "...)
	if l.keys > 0 {
		b = append(strconv.AppendInt(append(b, '['), int64(a.key), 10), ' ')
	}
	b = append(b, value...)
	if l.keys > 0 {
		b = append(b, ']')
	}
	w.Write(append(b, "}\n"...))
}

// end acts for one client when all others have finished: it reads the set, or drains
// the queue that has lost something, or from which something was taken too late.
func (l large) end(r *rand.Rand, s *world, actors []actor, process int, line func(*actor, string, string)) {
	for i := range actors {
		a := &actors[i]
		if a.stage == 1 && (a.f == "acquire" || !l.happen(r, s, a, false)) || a.stage == 0 || a.failed {
			continue // its outcome is unknown
		}
		line(a, "ok", a.result)
	}
	switch {
	case l.model == "set" || l.model == "linear-set":
		elems := s.elems
		if !s.planted {
			s.planted = true
			elems = slices.Clone(elems)
			if l.defect == "lost" {
				elems = slices.Delete(elems, len(elems)/2, len(elems)/2+1)
			} else {
				elems = append(elems, s.next+1)
			}
		}
		a := &actor{process: process, f: "read"}
		line(a, "invoke", "nil")
		line(a, "ok", elements(elems))
	case l.defect == "lost" || l.defect == "inversion":
		slices.Sort(s.queue[0]) // as a priority queue returns them; for the others they rise anyway
		a := &actor{process: process, f: "dequeue"}
		for _, v := range s.queue[0] {
			line(a, "invoke", "nil")
			line(a, "ok", strconv.Itoa(v))
		}
		line(a, "invoke", "nil")
		line(a, "ok", "nil")
	}
}

func elements(elems []int) string {
	b := []byte("#{")
	for _, v := range elems {
		b = append(strconv.AppendInt(b, int64(v), 10), ' ')
	}
	return string(append(b, '}'))
}

// wrong returns an operation that is certainly wrong now, if there can be one.
func (l large) wrong(s *world, actors []actor, process int) *actor {
	a := &actor{process: process, value: "nil", result: "nil"}
	switch l.defect {
	case "overlap":
		held := 0
		for i := range actors {
			if a := &actors[i]; a.holds && a.stage == 0 {
				held++
			}
		}
		if held < permitsOf(l.model) {
			return nil
		}
		a.f = "acquire"
	case "not held":
		a.f = "release"
	case "duplicate":
		if s.old == 0 {
			return nil
		}
		a.f, a.result = "dequeue", strconv.Itoa(s.old)
	case "twice":
		a.f, a.result = "increment", strconv.Itoa(s.old)
	case "empty":
		if len(s.queue[0]) < 3*l.clients {
			return nil
		}
		a.f = "dequeue"
	case "wrong cas":
		if s.old == 0 {
			return nil
		}
		s.next++
		a.f, a.value = "cas", fmt.Sprintf("[%d %d]", s.old, s.next)
		a.result = a.value
	default:
		return nil
	}
	s.planted = true
	return a
}

func permitsOf(model string) int {
	if model == "semaphore:3" {
		return 3
	}
	return 1
}

// invoke chooses what a client does next.
func (l large) invoke(r *rand.Rand, s *world, a *actor) {
	s.next++
	a.value, a.number = "nil", s.next
	coin := r.IntN(2) == 0
	switch l.model {
	case "register", "cas-register", "kv":
		switch {
		case coin:
			a.f = "read"
		case l.model != "register" && r.IntN(2) == 0:
			a.f, a.from, a.value = "cas", s.value[a.key], fmt.Sprintf("[%d %d]", s.value[a.key], s.next)
		default:
			a.f, a.value = "write", strconv.Itoa(s.next)
		}
	case "queue", "bag", "priority-queue":
		full := len(s.queue[a.key]) > 5*l.clients
		if a.f = "dequeue"; r.IntN(100) < 60 != full {
			if l.model == "priority-queue" {
				a.number += r.IntN(1000) * 10_000_000
			}
			a.f, a.value = "enqueue", strconv.Itoa(a.number)
		}
	case "mutex", "lock", "semaphore:3":
		if a.f = "acquire"; a.holds {
			a.f = "release"
		}
	case "set", "linear-set":
		if a.f, a.value = "add", strconv.Itoa(s.next); l.model == "linear-set" && r.IntN(l.operations/8) == 0 {
			a.f, a.value = "read", "nil"
		}
	case "counter":
		switch r.IntN(3) {
		case 0:
			a.f = "read"
		case 1:
			a.f, a.value = "add", "1"
		default:
			a.f = "increment"
		}
	}
}

// happen lets an operation take effect; it returns false if the operation must wait.
// late means that it is time to plant the defect.
func (l large) happen(r *rand.Rand, s *world, a *actor, late bool) bool {
	plant := late && !s.planted
	k := a.key
	a.result = a.value
	switch a.f {
	case "read":
		if l.model == "linear-set" {
			a.result = elements(s.elems)
			return true
		}
		a.result = l.read(s, k, plant)
	case "write":
		if k == 0 && s.old == 0 && s.next > 20*max(1, l.keys) {
			s.old = s.value[0]
		}
		s.value[k] = a.number
	case "cas":
		if a.from != s.value[k] || a.from == 0 {
			a.failed = true
			return true
		}
		s.value[k] = a.number
	case "add":
		if l.model != "counter" {
			s.elems = append(s.elems, a.number)
			return true
		}
		s.value[k]++
	case "increment":
		s.value[k]++
		a.number = s.value[k]
		a.result = strconv.Itoa(a.number)
	case "enqueue":
		if plant && l.defect == "lost" {
			s.planted = true
			return true
		}
		s.queue[k] = append(s.queue[k], a.number)
	case "dequeue":
		l.dequeue(r, s, a, plant)
	case "acquire":
		if s.taken[k] >= permitsOf(l.model) {
			return false
		}
		s.taken[k]++
		a.holds = true
	case "release":
		s.taken[k]--
		a.holds = false
	}
	return true
}

// read returns what a register or counter shows.
func (l large) read(s *world, k int, plant bool) string {
	n := s.value[k]
	switch {
	case !plant:
	case l.defect == "low" && n > 0:
		s.planted = true
		n -= n / 2
	case l.defect == "high":
		s.planted = true
		n += l.operations
	case l.defect == "invented":
		s.planted = true
		s.next++
		n = s.next
	case l.defect == "stale read" && s.old > 0 && k == 0:
		s.planted = true
		n = s.old // long ago
	}
	if n == 0 && l.model != "counter" {
		return "nil"
	}
	return strconv.Itoa(n)
}

// dequeue takes something out, if there is something.
func (l large) dequeue(r *rand.Rand, s *world, a *actor, plant bool) {
	q := s.queue[a.key]
	a.number = 0
	if len(q) == 0 {
		a.result = "nil"
		return
	}
	at := 0
	switch {
	case plant && len(q) > 3*l.clients && l.defect == "swapped":
		s.planted = true
		at = len(q) - 1
	case plant && len(q) > 3*l.clients && l.defect == "inversion":
		s.planted = true
		sorted := slices.Clone(q) // so many better items cannot all be in other clients' takes
		slices.Sort(sorted)
		at = slices.Index(q, sorted[2*l.clients])
	case l.model == "priority-queue":
		at = slices.Index(q, slices.Min(q))
	case l.model == "bag":
		at = r.IntN(len(q))
	}
	a.number = q[at]
	a.result = strconv.Itoa(a.number)
	s.queue[a.key] = slices.Delete(q, at, at+1)
}
