package link

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file shows that a link loses, duplicates and reorders only what it is told to: a server numbers
// what it sends, clients record what they get, every fault is injected at random, and afterwards both
// records are compared, connection by connection.

// numbering is a server that answers each request and sends events in between: about znodes below
// /held, which rules may hold back, and below /free.
type numbering struct {
	network memnet.Network

	mu    sync.Mutex
	rng   *rand.Rand
	n     int // of events
	conns map[int64]*seen
}

// seen holds what one end of a connection saw: the xids of requests, and frames to the client in short
// form.
type seen struct {
	got  []int32
	sent []string
}

var numberingServers = []string{"a:2181", "b:2181"}

func newNumbering(t *testing.T, seed uint64) *numbering {
	s := &numbering{rng: rand.New(rand.NewPCG(seed, 1)), conns: map[int64]*seen{}}
	for _, addr := range numberingServers {
		ln := must.Get(s.network.Listen(addr))(t)
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go s.serve(c)
			}
		}()
	}
	return s
}

// serve gives each connection a new session: which session a client resumes does not matter here.
func (s *numbering) serve(c net.Conn) {
	defer c.Close()
	if _, err := wire.ReadFrame(c, nil, 0); err != nil {
		return
	}
	s.mu.Lock()
	id := int64(len(s.conns) + 1)
	me := &seen{}
	s.conns[id] = me
	s.mu.Unlock()
	wire.WriteFrame(c, wire.ConnectResponse{Timeout: 4 * time.Second, Session: id, Password: make([]byte, 16)}.Append(nil))
	for {
		body, err := wire.ReadFrame(c, nil, 0)
		if err != nil {
			return
		}
		h, _, _ := wire.DecodeRequestHeader(body)
		for _, frame := range s.answer(me, h.Xid) {
			if _, err := c.Write(frame); err != nil {
				return
			}
		}
	}
}

// answer returns the frames to send, in order.
func (s *numbering) answer(me *seen, xid int32) (frames [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	me.got = append(me.got, xid)
	send := func(what string) {
		me.sent = append(me.sent, what)
		frames = append(frames, frameOf(what))
	}
	for range s.rng.IntN(3) {
		s.n++
		send(fmt.Sprintf("event /%s/%d", []string{"free", "held"}[s.rng.IntN(2)], s.n))
	}
	send(fmt.Sprintf("reply %d", xid))
	return frames
}

// noted records what a client saw of one connection.
type noted struct {
	session int64
	wrote   []int32 // xids
	got     []string
	whole   bool // the connection ended because the client had everything and closed it
}

// chaotic is a client that connects again and again, sends without waiting for answers, and gives up a
// connection on which it hears nothing for a while.
type chaotic struct {
	l     *Link
	rng   *rand.Rand
	conns []*noted
}

func (c *chaotic) run(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := c.l.Dial("tcp", "a:2181", time.Second)
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		c.use(ctx, conn)
		conn.Close()
	}
}

func (c *chaotic) use(ctx context.Context, conn net.Conn) {
	cl := &client{Conn: conn}
	n := &noted{session: cl.tryConnect(0)}
	if n.session == 0 {
		return
	}
	c.conns = append(c.conns, n)
	quota := int32(1 + c.rng.IntN(300))
	sent := make(chan struct{})
	pause := rand.New(rand.NewPCG(c.rng.Uint64(), 2))
	go func() {
		defer close(sent)
		for xid := int32(1); xid <= quota; xid++ {
			if _, err := conn.Write(cl.frame(wire.Create, "/x")); err != nil {
				return
			}
			n.wrote = append(n.wrote, xid)
			time.Sleep(time.Duration(pause.IntN(20)) * time.Millisecond)
		}
	}()
	last := fmt.Sprintf("reply %d", quota)
	for {
		conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		frame := cl.next()
		if !strings.HasPrefix(frame, "reply ") && !strings.HasPrefix(frame, "event ") {
			break // an error
		}
		n.got = append(n.got, frame)
		if frame == last {
			n.whole = true
			break
		}
	}
	conn.Close()
	<-sent
}

// tamper injects faults into a link, each for a while, and undoes all of them in the end.
func tamper(ctx context.Context, l *Link, rng *rand.Rand, tally map[string]int) {
	var wg sync.WaitGroup
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
		f := features[rng.IntN(len(features))]
		tally[f.name]++
		undo := f.do(l, rng, numberingServers)
		after := time.Duration(rng.IntN(400)) * time.Millisecond
		wg.Go(func() {
			time.Sleep(after)
			undo()
		})
	}
	wg.Wait()
}

type feature struct {
	name string
	do   func(l *Link, rng *rand.Rand, servers []string) (undo func())
}

// features lists everything that a link can do to its clients, except Move, which affects only one.
var features = []feature{
	{"stall", func(l *Link, _ *rand.Rand, _ []string) func() { return l.Stall(Both) }},
	{"stall to-server", func(l *Link, _ *rand.Rand, _ []string) func() { return l.Stall(ToServer) }},
	{"stall to-client", func(l *Link, _ *rand.Rand, _ []string) func() { return l.Stall(ToClient) }},
	{"delay", func(l *Link, rng *rand.Rand, _ []string) func() {
		return l.Slow(Shape{Direction: Direction(rng.IntN(3)), Delay: 20 * time.Millisecond, Jitter: 30 * time.Millisecond, Seed: rng.Uint64()})
	}},
	{"throttle", func(l *Link, rng *rand.Rand, _ []string) func() {
		return l.Slow(Shape{Direction: Direction(rng.IntN(3)), BytesPerSecond: 500 + rng.IntN(10_000)})
	}},
	{"hold", func(l *Link, _ *rand.Rand, _ []string) func() { return l.Hold() }},
	{"refuse", func(l *Link, _ *rand.Rand, _ []string) func() { return l.Refuse() }},
	{"bar", func(l *Link, rng *rand.Rand, servers []string) func() { return l.Bar(servers[rng.IntN(len(servers))]) }},
	{"route", func(l *Link, rng *rand.Rand, servers []string) func() {
		return l.Route(servers[rng.IntN(len(servers))])
	}},
	{"cut", func(l *Link, _ *rand.Rand, _ []string) func() { l.Cut(); return func() {} }},
	{"reset", func(l *Link, _ *rand.Rand, _ []string) func() { l.Reset(); return func() {} }},
	{"lose", func(l *Link, rng *rand.Rand, _ []string) func() {
		x, _ := l.Lose(Rule{What: What(rng.IntN(2)), Nth: 1 + rng.IntN(20), Times: rng.IntN(3)})
		return x.Cancel
	}},
	{"hold events", func(l *Link, rng *rand.Rand, _ []string) func() {
		h, _ := l.HoldEvents(EventRule{Path: "/held", Behind: rng.IntN(4)})
		return h.Release
	}},
	{"expire", func(l *Link, _ *rand.Rand, _ []string) func() {
		if s, ok := l.Session(); ok {
			l.ExpireSession(context.Background(), s.ID, s.Server)
		}
		return func() {}
	}},
}

func TestNothingIsLostDoubledOrReordered(t *testing.T) {
	tally, whole, held := map[string]int{}, 0, 0
	seeds := 30
	if testing.Short() {
		seeds = 5
	}
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			s := newNumbering(t, seed)
			r := &record{}
			l := New(Config{Dial: s.network.DialTimeout, Record: r.add, Wire: seed%2 == 0})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var wg sync.WaitGroup
			clients := make([]*chaotic, 3)
			for i := range clients {
				clients[i] = &chaotic{l: l, rng: rand.New(rand.NewPCG(seed, 10+uint64(i)))}
				wg.Go(func() { clients[i].run(ctx) })
			}
			tamper(ctx, l, rand.New(rand.NewPCG(seed, 99)), tally)
			mustBeClean(t, l)
			wg.Wait()
			l.Close()
			synctest.Wait()
			recorded := r.wire(t)
			for _, c := range clients {
				for _, n := range c.conns {
					compare(t, n, s.conns[n.session])
					if l.cfg.Wire {
						compareWire(t, n, s.conns[n.session], recorded[n.session])
					}
					whole += count1(n.whole)
					held += late(n.got)
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		})
	}
	t.Logf("%v; %d connections to their end, %d events overtaken", tally, whole, held)
	if least := 3 * seeds; whole < least || held < least {
		t.Errorf("too little happened: %d connections to their end, %d events overtaken", whole, held)
	}
}

func count1(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compare checks what a client saw of a connection against what its server did.
func compare(t *testing.T, n *noted, s *seen) {
	t.Helper()
	if len(s.got) > len(n.wrote) || !slices.Equal(s.got, n.wrote[:len(s.got)]) {
		t.Errorf("session %d: the client wrote %v, the server got %v", n.session, n.wrote, s.got)
	}
	free := func(frames []string) []string {
		return slices.DeleteFunc(slices.Clone(frames), isHeld)
	}
	got, sent := free(n.got), free(s.sent)
	if n.whole && len(got) != len(sent) || len(got) > len(sent) {
		t.Errorf("session %d: the client got %d frames of %d", n.session, len(got), len(sent))
		return
	}
	if !slices.Equal(got, sent[:len(got)]) {
		t.Errorf("session %d: %s", n.session, cmp.Diff(sent[:len(got)], got))
	}
	compareHeld(t, n, s)
}

// compareWire checks the record of a connection against what its server got and
// sent: every request that it got, in order, and as many frames as came, in the
// order in which they were sent, whatever the client then got of them.
func compareWire(t *testing.T, n *noted, s, recorded *seen) {
	t.Helper()
	if recorded == nil {
		recorded = &seen{}
	}
	if len(s.got) > len(recorded.got) || !slices.Equal(s.got, recorded.got[:len(s.got)]) {
		t.Errorf("session %d: the record has the requests %v, the server got %v", n.session, recorded.got, s.got)
	}
	if len(recorded.sent) > len(s.sent) || !slices.Equal(recorded.sent, s.sent[:len(recorded.sent)]) {
		t.Errorf("session %d: %s", n.session, cmp.Diff(s.sent, recorded.sent))
	}
	for _, f := range n.got {
		if !slices.Contains(recorded.sent, f) {
			t.Errorf("session %d: %s is not in the record", n.session, f)
		}
	}
}

// compareHeld checks that events which may be held back come at most once, and not before their time.
func compareHeld(t *testing.T, n *noted, s *seen) {
	t.Helper()
	at := places(s.sent)
	for event, place := range places(n.got) {
		if earliest, ok := at[event]; !ok || place < earliest {
			t.Errorf("session %d: %s came after %d frames, sent after %d (%v)", n.session, event, place, earliest, ok)
		}
	}
	if once := slices.Compact(slices.Sorted(slices.Values(n.got))); len(once) != len(n.got) {
		t.Errorf("session %d: %d frames doubled", n.session, len(n.got)-len(once))
	}
}

// places returns, for each frame that may be held back, the number of other frames before it.
func places(frames []string) map[string]int {
	at, before := map[string]int{}, 0
	for _, f := range frames {
		if isHeld(f) {
			at[f] = before
			continue
		}
		before++
	}
	return at
}

func isHeld(frame string) bool { return strings.HasPrefix(frame, "event /held/") }

// late counts the events that were overtaken by events sent later.
func late(got []string) (n int) {
	highest := 0
	for _, f := range got {
		var path string
		var k int
		if m, _ := fmt.Sscanf(strings.ReplaceAll(f, "/", " "), "event %s %d", &path, &k); m < 2 {
			continue
		}
		if k < highest {
			n++
		}
		highest = max(highest, k)
	}
	return n
}
