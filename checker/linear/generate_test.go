package linear

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// large describes a long history of many clients, right but for one planted
// defect if there is one.
type large struct {
	model      string
	operations int
	clients    int
	unknown    float64 // share of operations whose outcome nobody knows
	planted    bool    // one wrong event, near the end
	keys       int     // 0: one object without a key
}

func (l large) String() string {
	name := fmt.Sprintf("%s/%d/clients=%d", l.model, l.operations, l.clients)
	if l.unknown > 0 {
		name += "/unknown"
	}
	if l.planted {
		name += "/planted"
	}
	return name
}

// actor is a client of a large history.
type actor struct {
	process int
	stage   int // 0 idle, 1 invoked, 2 happened
	f       string
	value   string // of the invocation
	result  string
	key     int
	holds   bool
	failed  bool
}

// world is the objects of a large history as they are, one a key.
type world struct {
	next    int
	value   []int
	queue   [][]int
	taken   []int
	elems   []int
	old     int
	planted bool
}

// write writes the history as EDN, one map a line.
func (l large) write(out io.Writer, seed uint64) error {
	w := bufio.NewWriterSize(out, 1<<20)
	r := rand.New(rand.NewPCG(seed, 1))
	keys := max(1, l.keys)
	s := &world{value: make([]int, keys), queue: make([][]int, keys), taken: make([]int, keys), planted: !l.planted}
	actors := make([]actor, l.clients)
	process := 0
	for i := range actors {
		actors[i].process = process
		process++
	}
	line := func(a *actor, kind, value string) {
		if l.keys > 0 {
			value = fmt.Sprintf("[%d %s]", a.key, value)
		}
		fmt.Fprintf(w, "{:process %d, :type :%s, :f :%s, :value %s}\n", a.process, kind, a.f, value)
	}
	done := 0
	for ticks := 0; done < l.operations && ticks < 40*l.operations*max(1, l.clients/5); ticks++ {
		if !s.planted && done > l.operations*9/10 {
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
			if a.f == "release" && a.stage == 1 { // or nobody would ever acquire again
				l.happen(r, s, a, false)
			}
			line(a, "info", a.value)
			*a = actor{process: process}
			process++
			done++
		case a.stage == 1:
			if l.happen(r, s, a, done > l.operations*9/10) {
				a.stage = 2
			}
		default:
			kind := "ok"
			if a.failed {
				kind = "fail"
			}
			line(a, kind, a.result)
			a.stage, a.failed = 0, false
			done++
		}
	}
	if l.model == "set" {
		a := &actor{process: process, f: "read"}
		line(a, "invoke", "nil")
		fmt.Fprintf(w, "{:process %d, :type :ok, :f :read, :value #{", process)
		for i, v := range s.elems {
			if l.planted && i == len(s.elems)/2 {
				continue
			}
			fmt.Fprintf(w, "%d ", v)
		}
		fmt.Fprintln(w, "}}")
	}
	if !s.planted && l.model != "set" {
		return fmt.Errorf("%s: no defect could be planted", l)
	}
	return w.Flush()
}

// wrong is an operation that certainly is wrong now, if there can be one.
func (l large) wrong(s *world, actors []actor, process int) *actor {
	switch l.model {
	case "mutex", "lock", "semaphore:3":
		held := 0
		for i := range actors {
			if a := &actors[i]; a.holds && a.stage == 0 && a.key == 0 {
				held++
			}
		}
		if held < map[string]int{"semaphore:3": 3}[l.model] || held == 0 {
			return nil
		}
		s.planted = true
		return &actor{process: process, f: "acquire", value: "nil", result: "nil"}
	case "bag":
		s.planted = s.old > 0
		if !s.planted {
			return nil
		}
		return &actor{process: process, f: "dequeue", value: "nil", result: fmt.Sprint(s.old)}
	}
	return nil
}

// invoke chooses what a client does next.
func (l large) invoke(r *rand.Rand, s *world, a *actor) {
	s.next++
	a.value = "nil"
	coin := r.IntN(2) == 0
	switch l.model {
	case "register", "cas-register":
		switch {
		case coin:
			a.f = "read"
		case l.model == "cas-register" && r.IntN(2) == 0:
			a.f, a.value = "cas", fmt.Sprintf("[%d %d]", s.value[a.key], s.next)
		default:
			a.f, a.value = "write", fmt.Sprint(s.next)
		}
	case "queue", "bag", "priority-queue":
		coin = r.IntN(100) < 52
		if a.f = "dequeue"; coin || len(s.queue[a.key]) == 0 && r.IntN(4) > 0 {
			a.f, a.value = "enqueue", fmt.Sprint(s.next)
		}
	case "mutex", "lock", "semaphore:3":
		if a.f = "acquire"; a.holds {
			a.f = "release"
		}
	case "set":
		a.f, a.value = "add", fmt.Sprint(s.next)
	case "counter":
		if a.f = "read"; coin {
			a.f, a.value = "add", "1"
		}
	}
}

// happen lets an operation take effect; false if it must wait. late says that
// it is time to plant the defect.
func (l large) happen(r *rand.Rand, s *world, a *actor, late bool) bool {
	plant := late && !s.planted
	k := a.key
	a.result = a.value
	switch a.f {
	case "read":
		n := s.value[k]
		if plant && l.model == "counter" && n > 0 {
			s.planted = true
			n -= n / 2
		}
		if plant && l.model != "counter" && s.old > 0 {
			s.planted = true
			n = s.old // long ago
		}
		if a.result = fmt.Sprint(n); n == 0 && l.model != "counter" {
			a.result = "nil"
		}
	case "write":
		if s.old == 0 && s.next > 20 {
			s.old = s.value[k]
		}
		fmt.Sscan(a.value, &s.value[k])
	case "cas":
		var from, to int
		fmt.Sscanf(a.value, "[%d %d]", &from, &to)
		if from != s.value[k] || from == 0 {
			a.failed = true
			return true
		}
		s.value[k] = to
	case "add":
		if l.model == "set" {
			var n int
			fmt.Sscan(a.value, &n)
			s.elems = append(s.elems, n)
			return true
		}
		s.value[k]++
	case "enqueue":
		var n int
		fmt.Sscan(a.value, &n)
		s.queue[k] = append(s.queue[k], n)
	case "dequeue":
		q := s.queue[k]
		if len(q) == 0 {
			a.result = "nil"
			return true
		}
		at := 0
		switch {
		case l.model == "priority-queue" && !plant:
			at = slices.Index(q, slices.Min(q))
		case l.model == "bag":
			at = r.IntN(len(q))
		}
		if plant && len(q) > 3*l.clients && l.model != "bag" {
			s.planted = true
			at = len(q) - 1
		}
		a.result = fmt.Sprint(q[at])
		if l.model == "bag" && s.old == 0 && r.IntN(100) == 0 {
			s.old = q[at]
		}
		s.queue[k] = slices.Delete(q, at, at+1)
	case "acquire":
		permits := 1
		if l.model == "semaphore:3" {
			permits = 3
		}
		if s.taken[k] >= permits {
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
