package delivery_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/virtual/delivery"
)

var usual = delivery.Latency{Mean: 200 * time.Microsecond}

// Everything that follows from one message is done before the next one comes, although many come at one
// instant: each message wakes a goroutine that wakes another.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(1, usual)
		defer s.Close()
		const all = 200
		var mu sync.Mutex
		var log []string
		note := func(what string, i int) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprint(what, " ", i))
		}
		var wg sync.WaitGroup
		due := time.Now().Add(time.Second)
		for i := range all {
			woken, next := make(chan struct{}), make(chan struct{})
			wg.Go(func() {
				<-woken
				close(next)
			})
			wg.Go(func() {
				<-next
				note("done", i)
			})
			s.At(due, uint64(i), func() {
				note("came", i)
				close(woken)
			})
		}
		wg.Wait()
		for i := range all {
			if got, want := log[2*i:2*i+2], []string{fmt.Sprint("came ", i), fmt.Sprint("done ", i)}; !slices.Equal(got, want) {
				t.Fatalf("message %d: %v, want %v", i, got, want)
			}
		}
	})
}

// Outside a bubble, time passes during a delivery, and the timer may fire again: messages due by then come
// when the delivery is over.
func TestNothingOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(1, usual)
		defer s.Close()
		busy, over := false, make(chan struct{})
		s.At(time.Now(), 1, func() {
			busy = true
			time.Sleep(2 * time.Millisecond)
			busy = false
		})
		time.Sleep(time.Millisecond)
		s.At(time.Now(), 2, func() {
			if busy {
				t.Error("one comes while another one is under way")
			}
			close(over)
		})
		<-over
	})
}

// A stream keeps its order, and its messages take the same times whatever other streams send.
func TestStreams(t *testing.T) {
	for _, spread := range delivery.Spreads {
		t.Run(string(spread), func(t *testing.T) {
			alone, crowded := arrivals(t, spread, 0), arrivals(t, spread, 20)
			if !slices.Equal(alone, crowded) {
				t.Error("the times depend on what others send")
			}
			if !slices.IsSorted(alone) {
				t.Error("a message overtook another one of its stream")
			}
		})
	}
}

// arrivals returns the times in microseconds at which the messages of stream 7 come.
func arrivals(t *testing.T, spread delivery.Spread, others int) (times []int64) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(42, delivery.Latency{Mean: usual.Mean, Spread: spread})
		began := time.Now()
		watched := s.Stream(7)
		for i := range 300 {
			for o := range others {
				s.Stream(uint64(100 + o)).Send(func() {})
			}
			watched.Send(func() { times = append(times, time.Since(began).Microseconds()) })
			if i%10 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(time.Minute)
		s.Close()
		if len(times) != 300 {
			t.Fatalf("%d messages came, of 300", len(times))
		}
	})
	return times
}

// Uneven latencies are uneven: the longest of 1,000 is many times as long as the usual one.
func TestSpreads(t *testing.T) {
	for spread, least := range map[delivery.Spread]time.Duration{
		delivery.Even: usual.Mean, delivery.Tails: 20 * usual.Mean, delivery.Spells: 50 * usual.Mean,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := delivery.New(1, delivery.Latency{Mean: usual.Mean, Spread: spread})
			defer s.Close()
			stream := s.Stream(1)
			var longest, sum time.Duration
			for range 1000 {
				d := stream.Draw()
				if d < usual.Mean/2 {
					t.Errorf("%s: a latency of %v", spread, d)
				}
				longest, sum = max(longest, d), sum+d
			}
			if longest < least || longest > 200*least {
				t.Errorf("%s: the longest is %v", spread, longest)
			}
			if spread == delivery.Even && longest > usual.Mean*3/2 {
				t.Errorf("even: %v", longest)
			}
		})
	}
}

// After Close no message is delivered, and nothing waits.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.New(1, usual)
		s.Stream(1).Send(func() { t.Error("it came") })
		s.Close()
		s.Close()
		s.Stream(1).Send(func() { t.Error("it came, too") })
		time.Sleep(time.Minute)
	})
}

func TestParseSpread(t *testing.T) {
	for _, s := range delivery.Spreads {
		if got, err := delivery.ParseSpread(string(s)); got != s || err != nil {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	if _, err := delivery.ParseSpread("wild"); err == nil || err.Error() != `there is no "wild": choose even, tails, spells` {
		t.Error(err)
	}
}
