package sample

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// LockRun returns the history of a minute of the lock with faults.
func LockRun(broken bool) *history.History {
	return Lock{Length: time.Minute, Clients: 5, Keys: 5, Faults: true, Broken: broken, Seed: 42}.History()
}

// ShortRun returns a history with two faults and some violations.
func ShortRun() *history.History {
	return Lock{Length: 20 * time.Second, Clients: 3, Keys: 2, Faults: true, Broken: true, Seed: 2}.History()
}

// Took returns times in milliseconds. Negative ones are lower bounds.
func Took(ms ...int) *measured.Times {
	t := &measured.Times{}
	for _, d := range ms {
		t.Add(measured.Bound{Time: time.Duration(max(d, -d)) * time.Millisecond, AtLeast: d < 0}, 1)
	}
	return t
}

// UpTo returns 1, 2, … n milliseconds.
func UpTo(n int) (ms []int) {
	for i := range n {
		ms = append(ms, i+1)
	}
	return ms
}

// WellFormed reads XML to its end, and returns the first error in it.
func WellFormed(content []byte) error {
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Nasty is text that breaks out of a page that does not escape it.
const Nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x01]]>"

// PlantedTimes returns the times of a sweep: enough for two faults, one of which has lower bounds,
// too few for a third, and none for a fourth.
func PlantedTimes() *samples.Samples {
	return &samples.Samples{
		Runs: 3,
		Faults: map[string]*samples.Fault{
			"kill:leader":     {Verified: 100, Felt: 100, Failovers: Took(UpTo(100)...), Affected: Took(UpTo(7)...)},
			"pause:" + Nasty:  {Verified: 8, Felt: 8, Failovers: Took(10, 20, 30, 40, -5, -25, -50, 60), HandOvers: Took(-7)},
			"expire:any":      {Verified: 3, Felt: 3, Failovers: Took(1, 2, -3), HandOvers: Took(1, 2, 3, 4)},
			"duplicate:every": {Verified: 5},
		},
		HandOvers:  Took(UpTo(10)...),
		Operations: map[string]*samples.Operation{"acquire": {OK: 39, Latency: Took(UpTo(39)...)}, "release": {OK: 38, Latency: Took(UpTo(38)...)}, "inspect": {Fail: 3}},
	}
}
