package bubble

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// soon makes bubbles report stuck goroutines sooner than for users.
func soon(t *testing.T) {
	usual := Patience
	Patience = 100 * time.Millisecond
	t.Cleanup(func() { Patience = usual })
}

// A goroutine that cannot be held is reported with its position; the next bubble is held as usual.
func TestUnheld(t *testing.T) {
	soon(t)
	for _, test := range []struct {
		name  string
		f     func()
		ended bool
		want  []string // parts of the reason; none: the bubble is held
	}{
		{"a mutex over a pause", lockOverPause, false, []string{
			"code waits for a mutex whose holder waits for virtual time", "bubble.lockOverPause.func", "(bubble/hold_test.go:", "waits (sync.Mutex.Lock)",
		}},
		{"a mutex at the end", func() { go lockOverHour() }, true, []string{"code waits for a mutex", "bubble.lockOverHour"}},
		{"a method that locks, and pauses", func() { var s shared; go s.work(); s.work() }, false, []string{
			"bubble.(*shared).work (bubble/hold_test.go:", "waits (sync.Mutex.Lock); the holder is probably where bubble.(*shared).work (", "waits (sleep)",
		}},
		{"another method of the holder's type", func() { var s shared; go s.work(); time.Sleep(time.Millisecond); s.look() }, false, []string{
			"bubble.(*shared).look (bubble/hold_test.go:", "waits (sync.Mutex.Lock); the holder is probably where bubble.(*shared).work (",
		}},
		{"a connection outside", readOutside, false, []string{"code waits for something outside the simulation: bubble.readOutside"}},
		{"goroutines that outlive it", outlive, true, []string{
			"3 goroutines (made by bubble.outlive (bubble/hold_test.go:", "where bubble.outlive.func", "waits (chan receive); made by", "waits (sleep)) were still there 60 virtual seconds after the end of the run",
		}},
		{"goroutines of a killed process, and another one", killedWith(outlive), true, []string{"3 goroutines (made by bubble.outlive", "were still there"}},
		{"goroutines that end soon", func() { go time.Sleep(afterwards - time.Millisecond) }, true, nil},
		{"a long pause", func() { time.Sleep(time.Hour) }, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := Run(t, 1, func(func()) { test.f() })
			if test.want == nil {
				if u != nil {
					t.Error(u)
				}
				return
			}
			if u == nil {
				t.Fatal("it was held")
			}
			if u.Ended != test.ended || u.Spins {
				t.Errorf("ended: %v, spins: %v", u.Ended, u.Spins)
			}
			for _, want := range test.want {
				if !strings.Contains(u.Why, want) {
					t.Errorf("no %q in %q", want, u.Why)
				}
			}
		})
	}
}

func lockOverPause() {
	var mu sync.Mutex
	mu.Lock()
	go func() {
		mu.Lock()
		defer mu.Unlock()
	}()
	time.Sleep(time.Second)
	mu.Unlock()
}

// shared is a value whose methods lock one mutex.
type shared struct{ mu sync.Mutex }

func (s *shared) work() {
	s.mu.Lock()
	defer s.mu.Unlock()
	time.Sleep(time.Second)
}

func (s *shared) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

func lockOverHour() {
	var mu sync.Mutex
	mu.Lock()
	time.AfterFunc(time.Hour, mu.Unlock)
	mu.Lock()
}

// readOutside waits for a connection of the system, whose time is not the bubble's.
func readOutside() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	_, _ = io.ReadAll(c)
}

func outlive() {
	for range 2 {
		go func() { <-make(chan int) }()
	}
	go func() {
		for {
			time.Sleep(time.Second)
		}
	}()
}

// A busy loop is distinguished from a slow machine by processor time and by repeated observations. No
// other bubble begins beside it.
func TestSpins(t *testing.T) {
	soon(t)
	defer func() { spinning = nil }()
	var stop atomic.Bool
	ended := make(chan struct{})
	u := Run(t, 1, func(func()) {
		go func() {
			defer close(ended)
			spin(&stop)
		}()
		time.Sleep(time.Second)
	})
	if u == nil || !u.Spins || u.Ended || !strings.Contains(u.Why, "without a pause in bubble.spin (bubble/hold_test.go:") {
		t.Errorf("%+v", u)
	}
	if u := Run(t, 2, func(func()) { t.Error("another bubble began") }); u == nil || !u.Spins {
		t.Errorf("another bubble began: %v", u)
	}
	stop.Store(true)
}

func spin(stop *atomic.Bool) {
	for !stop.Load() {
	}
}

// Goroutines are judged stuck only on complete evidence.
func TestStuck(t *testing.T) {
	busy := goroutine{id: 7, state: "runnable", frames: []frame{{"a.F", "/a/f.go", 3}}}
	idle := goroutine{id: 8, state: "select (durable)"}
	locked := goroutine{id: 9, state: "sync.Mutex.Lock"}
	read := goroutine{id: 10, state: "IO wait"}
	many := func(gs ...goroutine) (seen [][]goroutine) {
		for range looks {
			seen = append(seen, gs)
		}
		return seen
	}
	for _, test := range []struct {
		name       string
		seen       [][]goroutine
		main       uint64
		idle, used time.Duration
		want       string
	}{
		{"spins", many(busy, idle, locked), 1, Patience, Patience, "code spins"},
		{"a slow machine", many(busy, idle), 1, muchLonger * Patience, Patience - 1, ""},
		{"the main goroutine at work", many(busy, idle), 7, muchLonger * Patience, Patience, ""},
		{"the main goroutine spins", many(busy, idle), 7, muchLonger * Patience, muchLonger * Patience, "code spins"},
		{"busy now and then", append(many(idle), []goroutine{busy}), 1, muchLonger * Patience, muchLonger * Patience, ""},
		{"nothing but time", many(idle), 1, muchLonger * Patience, muchLonger * Patience, ""},
		{"a mutex", many(idle, locked), 1, Patience, 0, "code waits for a mutex"},
		{"a mutex for a moment", append(many(idle, locked), []goroutine{idle}), 1, Patience, 0, ""},
		{"a mutex whose holder may wait outside", many(locked, read), 1, muchLonger*Patience - 1, 0, ""},
		{"outside", many(idle, read), 1, muchLonger * Patience, 0, "code waits for something outside"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l life
			l.main.Store(test.main)
			u := l.stuck(test.seen, test.idle, test.used)
			if (u == nil) != (test.want == "") || u != nil && !strings.HasPrefix(u.Why, test.want) {
				t.Errorf("%v, want %q", u, test.want)
			}
		})
	}
}

// killedWith returns a function that calls f beside the remains of a killed process: a goroutine that it
// started, and one started by a goroutine of it that has ended.
func killedWith(f func()) func() {
	return func() {
		m := NewMortal()
		forever := func() {
			for {
				time.Sleep(time.Second)
			}
		}
		m.Go(forever)
		m.Go(func() { go func() { go forever() }() })
		time.Sleep(time.Second)
		m.Kill()
		f()
	}
}

// If only goroutines of killed processes are left, they are recognized. Those of a living process are treated
// like others.
func TestKilled(t *testing.T) {
	soon(t)
	if u := Run(t, 1, func(func()) { killedWith(func() {})() }); u == nil || !u.Killed || !strings.Contains(u.Why, "2 goroutines (made by bubble.(*Mortal).Go") {
		t.Errorf("%+v", u)
	}
	if u := Run(t, 1, func(func()) { killedWith(outlive)() }); u == nil || u.Killed {
		t.Errorf("%+v", u)
	}
	if u := Run(t, 1, func(func()) { NewMortal().Go(outlive) }); u == nil || u.Killed {
		t.Errorf("%+v", u)
	}
	if got, is := os.LookupEnv("GODEBUG"); strings.Contains(got, "tracebacklabels") {
		t.Error("GODEBUG stays ", got, is)
	}
}

func TestParseGoroutine(t *testing.T) {
	mutex := filepath.Join(standardLibrary(), "internal/sync/mutex.go") // if paths were trimmed, without a folder before them
	got := parseGoroutine(`goroutine 36 [sync.Mutex.Lock, 2 minutes, synctest bubble 3]:
internal/sync.(*Mutex).lockSlow(0xc0000a4010)
	` + mutex + `:149 +0x15d
...additional frames elided...
example.com/locks/mine.(*Lock).Lock(0x1, {0x7f, 0xc000})
	/home/x/locks/mine/lock.go:41 +0x28
created by example.com/locks/mine.New in goroutine 35
	/home/x/locks/mine/lock.go:12 +0xa5
`)
	want := goroutine{
		id: 36, bubble: 3, state: "sync.Mutex.Lock",
		frames: []frame{
			{"internal/sync.(*Mutex).lockSlow", mutex, 149},
			{"example.com/locks/mine.(*Lock).Lock", "/home/x/locks/mine/lock.go", 41},
		},
		maker:  frame{"example.com/locks/mine.New", "/home/x/locks/mine/lock.go", 12},
		parent: 35,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(goroutine{}, frame{})); diff != "" {
		t.Error(diff)
	}
	if got := parseGoroutine(`goroutine 7 [sleep, synctest bubble 12 labels:{"a": "b", "zklab process": "31"}]:`); got.bubble != 12 || got.mortal != "31" || got.state != "sleep" {
		t.Errorf("%+v", got)
	}
	if got, want := got.waits(), "mine.(*Lock).Lock (mine/lock.go:41) waits (sync.Mutex.Lock)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
