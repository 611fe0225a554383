package mesh

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// box lists what one server got. A reset by a peer is recorded as the negative of its id; messages are
// positive.
type box struct {
	mu  sync.Mutex
	got []int
}

func (b *box) deliver(ms []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, ms...)
}

func (b *box) reset(peer int) { b.deliver([]int{-peer}) }

// take returns what came since its last call.
func (b *box) take() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

// start creates a mesh with servers 1 to n; boxes[0] is unused.
func start(t *testing.T, n int, opts ...Option) (*Mesh[int], []*box) {
	m := New[int](opts...)
	t.Cleanup(m.Close)
	boxes := make([]*box, n+1)
	for id := 1; id <= n; id++ {
		boxes[id] = &box{}
		m.Attach(id, boxes[id].deliver, boxes[id].reset)
	}
	return m, boxes
}

func expect(t *testing.T, b *box, want ...int) {
	t.Helper()
	if diff := cmp.Diff(want, b.take()); diff != "" {
		t.Error(diff)
	}
}

func state(t *testing.T, m *Mesh[int], from, to int) Link {
	t.Helper()
	for _, l := range m.Links() {
		if l.From == from && l.To == to {
			return l
		}
	}
	t.Fatalf("no link from %d to %d", from, to)
	return Link{}
}

func TestOpenLinkDeliversAtOnce(t *testing.T) {
	m, boxes := start(t, 3)
	m.Send(1, 2, 10)
	expect(t, boxes[2], 10)
	m.Send(3, 2, 11)
	m.Send(1, 2, 12)
	m.Send(2, 1, 13)
	expect(t, boxes[2], 11, 12)
	expect(t, boxes[1], 13)
	expect(t, boxes[3])
}

func TestCutIsOneWay(t *testing.T) {
	m, boxes := start(t, 3)
	m.Cut(1, 2)
	m.Send(1, 2, 10)
	m.Send(1, 2, 11)
	m.Send(2, 1, 12)
	m.Send(1, 3, 13)
	expect(t, boxes[2])
	expect(t, boxes[1], 12)
	expect(t, boxes[3], 13)
	if n := m.Held(); n != 2 {
		t.Errorf("%d messages are held", n)
	}
	m.Heal(2, 1)
	expect(t, boxes[2])
	m.Heal(1, 2)
	expect(t, boxes[2], 10, 11)
	m.Send(1, 2, 14)
	expect(t, boxes[2], 14)
}

func TestHealAll(t *testing.T) {
	m, boxes := start(t, 3)
	m.CutBoth(1, 2)
	m.Cut(3, 1)
	m.Send(1, 2, 10)
	m.Send(2, 1, 11)
	m.Send(3, 1, 12)
	m.HealAll()
	expect(t, boxes[2], 10)
	got := boxes[1].take()
	slices.Sort(got)
	if diff := cmp.Diff([]int{11, 12}, got); diff != "" {
		t.Error(diff)
	}
}

// TestCutsStayOverRestart: cuts belong to the links, even to those of servers that were never attached.
func TestCutsStayOverRestart(t *testing.T) {
	m, boxes := start(t, 2)
	m.Cut(1, 2)
	m.Cut(1, 7)
	m.Detach(2)
	m.Attach(2, boxes[2].deliver, boxes[2].reset)
	seven := &box{}
	m.Attach(7, seven.deliver, seven.reset)
	boxes[1].take() // the reset
	m.Send(1, 2, 10)
	m.Send(1, 7, 11)
	m.Send(7, 1, 12)
	expect(t, boxes[2])
	expect(t, seven)
	expect(t, boxes[1], 12)
}

func TestDetachTellsTheOthers(t *testing.T) {
	m, boxes := start(t, 3)
	m.Detach(2)
	expect(t, boxes[1], -2)
	expect(t, boxes[3], -2)
	expect(t, boxes[2])
	m.Detach(2)
	m.Send(1, 2, 10)
	m.Send(2, 1, 11)
	m.Attach(2, boxes[2].deliver, boxes[2].reset)
	m.Send(1, 2, 12)
	m.Send(2, 1, 13)
	expect(t, boxes[1], 13)
	expect(t, boxes[2], 12)
}

// TestNewServer: a new server connects to all attached servers, and only to those.
func TestNewServer(t *testing.T) {
	m, boxes := start(t, 2)
	m.Detach(2)
	boxes[1].take()
	nine := &box{}
	m.Attach(9, nine.deliver, nine.reset)
	m.Send(9, 2, 10)
	m.Send(2, 9, 11)
	m.Send(9, 1, 12)
	m.Send(1, 9, 13)
	expect(t, boxes[2])
	expect(t, boxes[1], 12)
	expect(t, nine, 13)
}

// TestDetachLosesWhatIsUnderWay: messages in both directions are lost; the news of it waits behind a
// cut.
func TestDetachLosesWhatIsUnderWay(t *testing.T) {
	m, boxes := start(t, 3)
	m.CutBoth(1, 2)
	m.Cut(3, 2)
	m.Send(1, 2, 10)
	m.Send(2, 1, 11)
	m.Send(3, 2, 12)
	m.Send(2, 3, 13)
	m.Detach(2)
	expect(t, boxes[3], 13, -2)
	expect(t, boxes[1])
	if n := m.Held(); n != 0 {
		t.Errorf("%d messages are held", n)
	}
	m.Attach(2, boxes[2].deliver, boxes[2].reset)
	m.Send(1, 2, 14) // on the connection of whose end server 1 does not know
	m.Send(2, 1, 15)
	m.Send(3, 2, 16)
	m.HealAll()
	expect(t, boxes[1], -2, 15)
	expect(t, boxes[2], 16)
	m.Send(1, 2, 17)
	expect(t, boxes[2], 17)
}

// TestBothRestart: connections work again, whichever server was told of the restarts.
func TestBothRestart(t *testing.T) {
	m, boxes := start(t, 2)
	for _, order := range [][]int{{1, 2, 1, 2}, {1, 2, 2, 1}, {2, 1, 1, 2}, {2, 1, 2, 1}} {
		m.CutBoth(1, 2)
		m.Detach(order[0])
		m.Detach(order[1])
		m.Attach(order[2], boxes[order[2]].deliver, boxes[order[2]].reset)
		m.Attach(order[3], boxes[order[3]].deliver, boxes[order[3]].reset)
		m.Send(1, 2, 10)
		m.Send(2, 1, 11)
		m.HealAll()
		expect(t, boxes[2], 10)
		expect(t, boxes[1], 11)
	}
}

// TestAttachAgain: even without a Detach, attaching again replaces the old server.
func TestAttachAgain(t *testing.T) {
	m, boxes := start(t, 2)
	second := &box{}
	m.Attach(1, second.deliver, second.reset)
	m.Send(2, 1, 10)
	expect(t, boxes[1])
	expect(t, second, 10)
	expect(t, boxes[2], -1)
}

// TestOverflow: a link with too many waiting messages breaks. The sender knows at once, the other end
// when the link is healed; what was sent after the break arrives.
func TestOverflow(t *testing.T) {
	m, boxes := start(t, 2, WithLimit(3))
	m.Cut(1, 2)
	for i := range 4 {
		m.Send(1, 2, 10+i)
		m.Send(2, 1, 20+i)
	}
	expect(t, boxes[1], 20, 21, 22, -2) // 23 was sent on the broken connection
	if n := m.Held(); n != 0 {
		t.Errorf("%d messages are held", n)
	}
	for i := range 3 {
		m.Send(1, 2, 30+i)
	}
	m.Heal(1, 2)
	expect(t, boxes[2], -1, 30, 31, 32)
	m.Send(2, 1, 40)
	expect(t, boxes[1], 40)
}

// TestOverflowAgain: several breaks are reported once.
func TestOverflowAgain(t *testing.T) {
	m, boxes := start(t, 2, WithLimit(2))
	m.Cut(1, 2)
	for i := range 100 {
		m.Send(1, 2, 10+i)
	}
	m.Heal(1, 2)
	expect(t, boxes[2], -1, 109)
	if resets := len(boxes[1].take()); resets != 33 {
		t.Errorf("the sender was told %d times", resets)
	}
}

func TestReset(t *testing.T) {
	m, boxes := start(t, 2)
	m.CutBoth(1, 2)
	m.Send(1, 2, 10)
	m.Send(2, 1, 11)
	m.Reset(1, 2)
	m.Send(1, 2, 12)
	m.HealAll()
	expect(t, boxes[1])
	expect(t, boxes[2], -1, 12)
	m.Reset(2, 1)
	expect(t, boxes[1], -2)
	expect(t, boxes[2])
}

// TestResetCrosses: a server that resets the connection while the news of the peer's reset is in flight
// has begun a new connection, and the peer is told of that.
func TestResetCrosses(t *testing.T) {
	m, boxes := start(t, 2)
	m.CutBoth(1, 2)
	m.Reset(1, 2)
	m.Send(1, 2, 10)
	m.Reset(2, 1)
	m.Send(1, 2, 11)
	m.Send(2, 1, 12)
	m.HealAll()
	expect(t, boxes[1], -2, 12)
	expect(t, boxes[2])
}

func TestNoLinkToItself(t *testing.T) {
	m, boxes := start(t, 2)
	m.Cut(1, 1)
	m.Send(1, 1, 10)
	expect(t, boxes[1])
	if n := len(m.Links()); n != 2 {
		t.Errorf("%d links between two servers", n)
	}
}

func TestLinks(t *testing.T) {
	m, _ := start(t, 2)
	m.Cut(2, 1)
	m.Send(2, 1, 1)
	m.Delay(1, 2, time.Second, time.Minute)
	m.Delay(2, 1, -1, -1)
	want := []Link{
		{From: 1, To: 2, Delay: time.Second, Jitter: time.Minute},
		{From: 2, To: 1, Cut: true, Held: 1},
	}
	if diff := cmp.Diff(want, m.Links()); diff != "" {
		t.Error(diff)
	}
}

func TestClosed(t *testing.T) {
	m, boxes := start(t, 2)
	m.Cut(1, 2)
	m.Send(1, 2, 10)
	m.Delay(2, 1, time.Hour, 0)
	m.Send(2, 1, 11)
	m.Close()
	if p := (*m.pairs.Load())[ids{1, 2}]; p.link(2).timer.Stop() {
		t.Error("a timer was still running")
	}
	m.Heal(1, 2)
	m.Send(1, 2, 12)
	m.Attach(3, boxes[1].deliver, boxes[1].reset)
	m.Send(3, 2, 13)
	m.Send(2, 3, 14)
	m.Detach(1)
	expect(t, boxes[1])
	expect(t, boxes[2])
	if n := m.Held(); n != 0 {
		t.Errorf("%d messages are held", n)
	}
}

// arrivals sends count messages, one each millisecond, and returns how long each took.
func arrivals(t *testing.T, m *Mesh[int], count int) []time.Duration {
	var took []time.Duration
	start := time.Now()
	m.Attach(2, func(ms []int) {
		if ms[0] != len(took) {
			t.Errorf("message %d came after %d others", ms[0], len(took))
		}
		sent := start.Add(time.Duration(ms[0]) * time.Millisecond)
		took = append(took, time.Since(sent))
	}, func(int) {})
	for i := range count {
		m.Send(1, 2, i)
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	return took
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := start(t, 1)
		m.Delay(1, 2, 30*time.Millisecond, 0)
		for i, took := range arrivals(t, m, 100) {
			if took != 30*time.Millisecond {
				t.Errorf("message %d took %v", i, took)
			}
		}
	})
}

// TestJitter: each message has its own delay, none overtakes another, and the same seed gives the same
// delays.
func TestJitter(t *testing.T) {
	run := func(seed uint64) (took []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			m, _ := start(t, 1, WithSeed(seed))
			m.Delay(1, 2, 30*time.Millisecond, 20*time.Millisecond)
			took = arrivals(t, m, 200)
		})
		return took
	}
	first := run(1)
	if len(first) != 200 {
		t.Fatalf("%d of 200 arrived", len(first))
	}
	low, high := slices.Min(first), slices.Max(first)
	if low < 30*time.Millisecond || high > 50*time.Millisecond || high-low < 5*time.Millisecond {
		t.Errorf("took from %v to %v", low, high)
	}
	if !slices.Equal(first, run(1)) {
		t.Error("the same seed gave other delays")
	}
	if slices.Equal(first, run(2)) {
		t.Error("another seed gave the same delays")
	}
}

func TestJitterAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := start(t, 1)
		m.Delay(1, 2, 0, 50*time.Millisecond)
		took := arrivals(t, m, 100)
		if n := len(took); n != 100 || slices.Max(took) < 10*time.Millisecond || slices.Max(took) > 50*time.Millisecond {
			t.Errorf("%d of 100 arrived, after %v", n, took)
		}
	})
}

// TestDelayChanges: messages in flight keep their delay and are not overtaken.
func TestDelayChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Delay(1, 2, time.Second, 0)
		m.Send(1, 2, 10)
		m.Delay(1, 2, 0, 0)
		m.Send(1, 2, 11)
		if l := state(t, m, 1, 2); l.Held != 2 {
			t.Errorf("%d messages are held", l.Held)
		}
		time.Sleep(time.Second - time.Nanosecond)
		expect(t, boxes[2])
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		expect(t, boxes[2], 10, 11)
		m.Send(1, 2, 12)
		expect(t, boxes[2], 12)
	})
}

// TestCutOfSlowLink: the delay of messages that a cut holds back continues to run.
func TestCutOfSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Delay(1, 2, time.Second, 0)
		m.Send(1, 2, 10)
		m.Cut(1, 2)
		time.Sleep(900 * time.Millisecond)
		m.Send(1, 2, 11)
		time.Sleep(200 * time.Millisecond)
		expect(t, boxes[2])
		m.Heal(1, 2)
		expect(t, boxes[2], 10)
		time.Sleep(799 * time.Millisecond)
		expect(t, boxes[2])
		time.Sleep(2 * time.Millisecond)
		expect(t, boxes[2], 11)
	})
}

// TestNewsIsSlow: a reset takes as long as a message.
func TestNewsIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, boxes := start(t, 2)
		m.Delay(1, 2, time.Second, 0)
		m.Send(1, 2, 10)
		m.Detach(1)
		time.Sleep(999 * time.Millisecond)
		expect(t, boxes[2])
		time.Sleep(2 * time.Millisecond)
		expect(t, boxes[2], -1)
	})
}

// TestLate: late is called for messages that a link held back, and for no others.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late box
		m, boxes := start(t, 2, WithLate(func(id int) { late.deliver([]int{id}) }))
		m.Send(1, 2, 10)
		expect(t, &late)
		m.Cut(1, 2)
		m.Send(1, 2, 11)
		m.Send(2, 1, 12)
		expect(t, &late)
		m.Heal(1, 2)
		expect(t, &late, 2)
		m.Delay(2, 1, time.Second, 0)
		m.Send(2, 1, 13)
		expect(t, &late)
		time.Sleep(2 * time.Second)
		expect(t, &late, 1)
		expect(t, boxes[2], 10, 11)
		expect(t, boxes[1], 12, 13)
		m.Close()
	})
}
