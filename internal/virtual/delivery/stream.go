package delivery

import (
	"math/rand/v2"
	"time"
)

// Stream is one direction of a connection: messages arrive in order. Only one goroutine at a time may
// use it.
type Stream struct {
	scheduler *Scheduler
	number    uint64
	latencies latencies
	last      time.Time // when the last message arrives
}

// Stream makes a stream. Its latencies follow from the seed and its number, so that messages on other
// streams do not change them. Therefore, the number must not depend on which stream was made first.
func (s *Scheduler) Stream(number uint64) *Stream {
	return &Stream{
		scheduler: s, number: number,
		latencies: latencies{Latency: s.latency, random: rand.New(rand.NewPCG(s.seed, number))},
	}
}

// Send calls arrive when a message that is sent now arrives.
func (s *Stream) Send(arrive func()) {
	due := time.Now().Add(s.latencies.draw())
	if !due.After(s.last) {
		due = s.last.Add(1)
	}
	s.last = due
	s.scheduler.At(due, s.number, arrive)
}

// Draw draws how long a message takes, for callers that keep their own order and call [Stream.At].
func (s *Stream) Draw() time.Duration { return s.latencies.draw() }

// At is [Scheduler.At] for this stream.
func (s *Stream) At(due time.Time, do func()) { s.scheduler.At(due, s.number, do) }
