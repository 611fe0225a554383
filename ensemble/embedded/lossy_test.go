package embedded_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
)

var _ ensemble.Lossy = (*embedded.Ensemble)(nil)

// On links that lose packets, some writes are late by one or more retransmissions, and none is lost;
// afterwards all are quick.
func TestLossyLinks(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		follower := l.others(l.leader())[0]
		c := l.client(pinged(l.to(follower)))
		l.create(c, "/a", "", wire.Persistent)
		lose := func(share float64) {
			for _, a := range l.others() {
				for _, b := range l.others(a) {
					l.ok(l.Lose(l.ctx, a, b, share))
				}
			}
		}
		write := func() time.Duration {
			began := time.Now()
			l.set(c, "/a", "")
			return time.Since(began)
		}
		lose(0.05)
		quick, late := 0, 0
		for range 200 {
			switch took := write(); {
			case took == 0:
				quick++
			case took >= 200*time.Millisecond:
				late++
			}
		}
		// A write takes at least four messages, one after the other: 0.95^4 = 0.81 of the writes are
		// not late. A few wait for something else that is already late.
		if quick < 120 || late < 10 || quick+late < 190 {
			t.Errorf("%d writes took no time, %d were late, of 200", quick, late)
		}
		lose(0)
		l.until("no write is late", func() bool { return write() == 0 })
		for range 100 {
			if took := write(); took != 0 {
				t.Fatalf("a write took %v", took)
			}
		}
	})
}

// If nearly all packets are lost, no server serves for long, and afterwards everything works again.
func TestVeryLossyLinks(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		for _, a := range l.others() {
			for _, b := range l.others(a) {
				l.ok(l.Lose(l.ctx, a, b, 0.99))
			}
		}
		l.until("somebody stops serving", func() bool {
			for _, id := range l.others() {
				if _, err := l.status(id); errors.Is(err, ensemble.ErrNotServing) {
					return true
				}
			}
			return false
		})
		time.Sleep(time.Minute)
		for _, a := range l.others() {
			for _, b := range l.others(a) {
				l.ok(l.Lose(l.ctx, a, b, 0))
			}
		}
		if _, err := ensemble.WaitHealthy(l.ctx, l.Ensemble, 20*time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestLoseRefuses(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		for _, share := range []float64{-0.1, 1, 2, math.NaN(), math.Inf(1)} {
			if err := l.Lose(l.ctx, 1, 2, share); err == nil {
				t.Errorf("a share of %v was taken", share)
			}
		}
		if l.Lose(l.ctx, 1, 1, 0.5) == nil || l.Lose(l.ctx, 1, 4, 0.5) == nil {
			t.Error("a link that is none was taken")
		}
	})
}
