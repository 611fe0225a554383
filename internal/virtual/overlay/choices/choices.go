// Package choices does things in a bubble of testing/synctest whose outcome a stock runtime chooses,
// and reports what happened, for the tests of package overlay. It imports as little of the standard
// library as possible, since all of that is built again with the overlay.
package choices

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand"
	randv2 "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// all lists these things; the outcome of each depends on other choices of the runtime.
var all = map[string]func(*trace){
	"cancel":  cancelChildren,
	"compute": compute,
	"lock":    contend,
	"maps":    iterate,
	"rand":    draw,
	"select":  choose,
	"time":    wait,
	"wake":    wakeAll,
	"yield":   yield,
}

// trace lists what happened in a bubble.
type trace struct {
	mu    sync.Mutex
	lines []string
}

func (tr *trace) note(what ...any) {
	line := fmt.Sprint(what...)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lines = append(tr.lines, line)
}

// Trace returns what happens in one bubble in which all of it is done.
func Trace(t *testing.T) []string {
	var tr trace
	synctest.Test(t, func(*testing.T) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			tr.note("--- ", name)
			all[name](&tr)
		}
	})
	return tr.lines
}

// crowd runs f in fifty goroutines, and waits for them.
func crowd(f func(i int)) {
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// spin takes about n nanoseconds, whatever the bubble's clock says.
func spin(n int) {
	for i := range n {
		runtime.KeepAlive(i)
	}
}

// cancelChildren cancels the children of a context, which are in a map by their addresses.
func cancelChildren(tr *trace) {
	parent, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Second, cancel)
	crowd(func(i int) {
		child, cancel := context.WithTimeout(parent, time.Hour)
		defer cancel()
		<-child.Done()
		tr.note(i)
	})
}

// compute has goroutines that compute for so long that they would be preempted: for more than ten
// milliseconds, while others are ready.
func compute(tr *trace) {
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			spin(40e6)
			tr.note(i)
		})
	}
	wg.Wait()
}

// contend has goroutines wait for a mutex: one that has waited for a millisecond gets it before
// newcomers.
func contend(tr *trace) {
	var mu sync.Mutex
	crowd(func(i int) {
		for range 3 {
			mu.Lock()
			tr.note(i)
			spin(50e3)
			runtime.Gosched()
			mu.Unlock()
		}
	})
}

// first holds what a process has done only once.
var first struct {
	sync.Once
	numbers sync.Map
}

// escaped takes maps that must not be on a stack.
var escaped map[int]bool

// iterate iterates over maps. Where an iteration starts is drawn; where keys are depends on hashes, and on a
// number drawn for each map. Maps that are made once in a process have no influence on later ones, but maps
// on the stack influence each other within an instant.
func iterate(tr *trace) {
	first.Do(func() {
		first.numbers.Store(1, 1)
		onStack := map[int]bool{}
		onStack[1] = true
		clear(onStack)
	})
	tr.note(rand.Int63(), randv2.Uint64())
	var numbers sync.Map
	for i := range 100 {
		numbers.Store(i, i)
	}
	numbers.Range(func(key, _ any) bool { tr.note(key); return true })
	escaped = map[int]bool{}
	noteOrder(tr, escaped)
	escaped = make(map[int]bool, 100)
	noteOrder(tr, escaped)
	time.Sleep(time.Second)
	crowd(func(int) { noteOrder(tr, map[int]bool{-1: true, -2: true}) })
}

// noteOrder fills a map, and records the order in which it is iterated.
func noteOrder(tr *trace, m map[int]bool) {
	for i := range 30 {
		m[i] = true
	}
	tr.note(slices.Collect(maps.Keys(m)))
}

func draw(tr *trace) {
	crowd(func(i int) {
		tr.note(i, rand.Int63(), rand.Perm(5), randv2.Uint64(), randv2.IntN(9), maphash.String(maphash.MakeSeed(), "a"))
		time.Sleep(time.Second)
		tr.note(i, rand.Int63())
	})
}

// choose selects among several ready cases.
func choose(tr *trace) {
	shared := make(chan int, 10)
	crowd(func(i int) {
		a, b := make(chan int, 10), make(chan int, 10)
		for n := range 10 {
			a <- n
			b <- n
		}
		for range 10 {
			select {
			case n := <-a:
				tr.note(i, " a ", n)
			case n := <-b:
				tr.note(i, " b ", n)
			case shared <- i:
				tr.note(i, " gives")
			case j := <-shared:
				tr.note(i, " takes ", j)
			}
		}
	})
}

// wait has timers that fire at the same instant.
func wait(tr *trace) {
	crowd(func(i int) {
		for range 10 {
			time.Sleep(time.Second)
			tr.note(i)
		}
		time.AfterFunc(time.Second, func() { tr.note("f", i) })
	})
	time.Sleep(time.Minute)
}

// wakeAll makes more goroutines ready at once than the queue of a P has room for.
func wakeAll(tr *trace) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range 600 {
		wg.Go(func() {
			<-begin
			tr.note(i)
		})
	}
	time.Sleep(time.Second)
	close(begin)
	wg.Wait()
}

// yield has goroutines that yield: they go to the global queue, from which one is taken every 61 turns while
// others are ready.
func yield(tr *trace) {
	crowd(func(i int) {
		for range 40 {
			tr.note(i)
			if i%2 == 0 {
				runtime.Gosched()
				continue
			}
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {})
			}
			wg.Wait()
		}
	})
}

// Disturb keeps goroutines outside of bubbles busy until a test ends.
func Disturb(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-time.After(20 * time.Microsecond):
					wg.Go(func() { time.Sleep(time.Microsecond) })
				case <-stop:
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		close(stop)
		wg.Wait()
	})
}

// Difference describes where two traces first differ; "" if they are the same.
func Difference(a, b []string) string {
	part := ""
	for i := range min(len(a), len(b)) {
		if strings.HasPrefix(a[i], "---") {
			part = a[i]
		}
		if a[i] != b[i] {
			return fmt.Sprintf("%s, line %d of %d: %s, %s", part, i, len(a), a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d lines, %d lines", len(a), len(b))
	}
	return ""
}
