package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// SlowLink delays what passes between clients and servers, in each direction, while it
// lasts. If no figure is given, the delay is 100 ms.
type SlowLink struct {
	By, Jitter time.Duration // the delay, and the most that is added at random
	Rate       int           // bytes a second; 0 is no limit
	Who        Who
}

var _ = declare(kinds.SlowLink, Kind{
	About: "delays traffic between clients and servers",
	guide: []row{{"", "messages are delayed, and limited to a number of bytes per second", "a delayed reply", "no delay"}},
	words: whoWords,
	Options: []Option{
		{Key: "by", About: "delay in each direction", Example: "50ms", Check: checkBy},
		{Key: "jitter", About: "maximum random delay on top of it", Example: "20ms", Check: checkBy},
		{Key: "rate", About: "maximum bytes per second", Example: "2000", Check: checkCount},
	},
	build: func(a arguments) Fault {
		f := SlowLink{Who: Who(a.word), By: a.by(), Rate: a.count("rate")}
		f.Jitter, _ = time.ParseDuration(a.options["jitter"])
		return f
	},
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		s := f.(SlowLink)
		if s.Who == AnyWho {
			s.Who = drawnWho(n)
		}
		if s.By == 0 && s.Jitter == 0 && s.Rate == 0 {
			s.By = []time.Duration{20 * time.Millisecond, slowness, 300 * time.Millisecond}[rng.IntN(3)]
			s.Jitter = s.By
		}
		return s
	},
})

// Kind returns "slow-link".
func (SlowLink) Kind() string { return kinds.SlowLink.Name }

// Spec returns slow-link, with the clients and the figures where they were given.
func (f SlowLink) Spec() string {
	s := withTime(spec(kinds.SlowLink, string(f.Who)), "by", f.By)
	return withCount(withTime(s, "jitter", f.Jitter), "rate", f.Rate)
}

// Available returns nil: every client has a link.
func (SlowLink) Available(Setting) error { return nil }

// Inject slows the links down.
func (f SlowLink) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	shape := link.Shape{Delay: f.By, Jitter: f.Jitter, BytesPerSecond: f.Rate, Seed: rng.Uint64()}
	if f.By == 0 && f.Jitter == 0 && f.Rate == 0 {
		shape.Delay = slowness
	}
	do := func(c Client) (func(), error) { return c.Link.Slow(shape), nil }
	seen := func(ctx context.Context, s *victim) error { return isSlow(ctx, t, s, shape) }
	e, err := hitLinks(ctx, t, rng, f.Spec(), choice{who: f.Who}, do, seen)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// leastAnswer is the least size of a server's answer to "srvr", in bytes.
const leastAnswer = 100

// isSlow asks a server through the link. The answer must not arrive before question and answer have had their delays.
func isSlow(ctx context.Context, t *Target, s *victim, shape link.Shape) error {
	least := 2 * shape.Delay
	if shape.BytesPerSecond > 0 {
		least += time.Second * leastAnswer / time.Duration(shape.BytesPerSecond)
	}
	took, err := answeredThrough(ctx, t, s, 4*(least+2*shape.Jitter)+Patience/3)
	switch {
	case err != nil:
		return err
	case took < least:
		return fmt.Errorf("the server answered it after %s, which is less than %s", took, least)
	}
	return nil
}
