package mesh

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// model is a mesh of three servers as plain lists of the messages in flight on each link. It has no
// delays: time passes only between calls, and always enough for all messages.
type model struct {
	cut   map[ids]bool
	queue map[ids][]int // by sender and receiver; a break is the negative of the sender
	up    map[int]bool
	got   map[int][]int
	limit int
}

func (m *model) send(from, to, msg int) {
	link := ids{from, to}
	if !m.up[from] || !m.up[to] || slices.Contains(m.queue[ids{to, from}], -to) {
		return
	}
	held := len(m.queue[link])
	if slices.Contains(m.queue[link], -from) {
		held--
	}
	if m.cut[link] && held == m.limit {
		m.giveUp(from, to)
		m.got[from] = append(m.got[from], -to)
		return
	}
	m.queue[link] = append(m.queue[link], msg)
	m.flush(link)
}

func (m *model) giveUp(from, to int) {
	delete(m.queue, ids{from, to})
	delete(m.queue, ids{to, from})
	if m.up[to] {
		m.queue[ids{from, to}] = []int{-from}
		m.flush(ids{from, to})
	}
}

func (m *model) flush(link ids) {
	if !m.cut[link] {
		m.got[link[1]] = append(m.got[link[1]], m.queue[link]...)
		delete(m.queue, link)
	}
}

// TestAgainstModel runs the same calls on a mesh and on the lists. Messages on slow links have arrived
// after a minute.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failed any // rapid needs panics on its own goroutine
		synctest.Test(t, func(*testing.T) {
			defer func() { failed = recover() }()
			checkModel(rt)
		})
		if failed != nil {
			panic(failed)
		}
	})
}

func checkModel(rt *rapid.T) {
	const limit = 5
	mesh := New[int](WithLimit(limit))
	defer mesh.Close()
	m := &model{cut: map[ids]bool{}, queue: map[ids][]int{}, up: map[int]bool{}, got: map[int][]int{}, limit: limit}
	boxes := map[int]*box{1: {}, 2: {}, 3: {}}
	server := rapid.IntRange(1, 3)
	next := 0
	link := func(t *rapid.T) (from, to int) {
		from = server.Draw(t, "from")
		to = server.Filter(func(id int) bool { return id != from }).Draw(t, "to")
		return from, to
	}
	rt.Repeat(map[string]func(*rapid.T){
		"attach": func(t *rapid.T) {
			id := server.Draw(t, "server")
			if m.up[id] {
				t.Skip("is up")
			}
			m.up[id] = true
			mesh.Attach(id, boxes[id].deliver, boxes[id].reset)
		},
		"detach": func(t *rapid.T) {
			id := server.Draw(t, "server")
			mesh.Detach(id)
			for other := range boxes {
				if m.up[id] && other != id {
					m.giveUp(id, other)
				}
			}
			m.up[id] = false
		},
		"send": func(t *rapid.T) {
			from, to := link(t)
			for range rapid.IntRange(1, 4).Draw(t, "messages") {
				next++
				mesh.Send(from, to, next)
				m.send(from, to, next)
				time.Sleep(time.Minute)
			}
		},
		"reset": func(t *rapid.T) {
			from, to := link(t)
			if !m.up[from] {
				t.Skip("is down")
			}
			mesh.Reset(from, to)
			m.giveUp(from, to)
		},
		"cut": func(t *rapid.T) {
			from, to := link(t)
			mesh.Cut(from, to)
			m.cut[ids{from, to}] = true
		},
		"heal": func(t *rapid.T) {
			from, to := link(t)
			mesh.Heal(from, to)
			delete(m.cut, ids{from, to})
			m.flush(ids{from, to})
		},
		"delay": func(t *rapid.T) {
			from, to := link(t)
			mesh.Delay(from, to, time.Second*time.Duration(rapid.IntRange(0, 1).Draw(t, "base")), time.Second)
		},
		"": func(t *rapid.T) {
			time.Sleep(time.Minute)
			for id, b := range boxes {
				if got := b.take(); !slices.Equal(got, m.got[id]) {
					t.Fatalf("server %d got %v, want %v", id, got, m.got[id])
				}
				m.got[id] = nil
			}
		},
	})
}

// TestConcurrent sends over links that are cut, slowed and healed meanwhile: on each link everything
// arrives in order. It also serves the race detector.
func TestConcurrent(t *testing.T) {
	const servers, each = 4, 5000
	m := New[[3]int]()
	defer m.Close()
	got := make(chan int, servers*servers*each)
	for id := range servers {
		last := make([]int, servers) // messages of one peer come one after the other
		m.Attach(id, func(ms [][3]int) {
			for _, msg := range ms {
				if msg[1] != id || msg[2] != last[msg[0]]+1 {
					t.Errorf("server %d got %v after %d", id, msg, last[msg[0]])
				}
				last[msg[0]] = msg[2]
				got <- 1
			}
		}, func(peer int) { t.Errorf("server %d lost its connection to %d", id, peer) })
	}
	var senders, faults sync.WaitGroup
	for from := range servers {
		senders.Go(func() {
			for i := range each {
				for to := range servers {
					if to != from {
						m.Send(from, to, [3]int{from, to, i + 1})
					}
				}
			}
		})
	}
	done := make(chan struct{})
	for i := range uint64(2) {
		faults.Go(func() { disturb(m, rand.New(rand.NewPCG(1, i)), servers, done) })
	}
	senders.Wait()
	close(done)
	faults.Wait()
	m.HealAll()
	for range servers * (servers - 1) * each {
		<-got
	}
}

func disturb[M any](m *Mesh[M], random *rand.Rand, servers int, done chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		from, to := random.IntN(servers), random.IntN(servers)
		switch random.IntN(4) {
		case 0:
			m.Cut(from, to)
		case 1:
			m.Heal(from, to)
		case 2:
			m.Delay(from, to, time.Duration(random.IntN(2))*time.Millisecond, time.Millisecond)
		case 3:
			m.HealAll()
		}
	}
}

// TestConcurrentRestarts: nothing reaches a detached server.
func TestConcurrentRestarts(t *testing.T) {
	m := New[int]()
	defer m.Close()
	m.Attach(1, func([]int) {}, func(int) {})
	m.Attach(2, func([]int) {}, func(int) {})
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, from := range []int{1, 2} {
		wg.Go(func() { disturb(m, rand.New(rand.NewPCG(2, uint64(from))), 4, done) })
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					m.Send(from, 3, i)
				}
			}
		})
	}
	for range 300 {
		here := true // needs no lock because of what Detach promises
		get := func() {
			if !here {
				t.Error("something came after Detach")
			}
		}
		var mu sync.Mutex
		m.Attach(3, func([]int) { mu.Lock(); defer mu.Unlock(); get() }, func(int) { mu.Lock(); defer mu.Unlock(); get() })
		m.Send(3, 1, 0)
		m.Detach(3)
		here = false
	}
	close(done)
	wg.Wait()
}
