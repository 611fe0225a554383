package history

import (
	"testing"
	"time"
)

// The traffic of an operation with many watch events fits into a line.
func TestTrafficOfManyEvents(t *testing.T) {
	traffic := &Traffic{}
	for range MostEvents + 5 {
		traffic.AddEvent(MaxTime)
	}
	if len(traffic.Events) != MostEvents || traffic.More != 5 || traffic.WatchEvents() != MostEvents+5 {
		t.Errorf("%d times and %d more", len(traffic.Events), traffic.More)
	}
	if _, err := encodeBody(&Event{Type: OK, F: "x", Traffic: traffic}); err != nil {
		t.Error(err)
	}
}

// Impossible traffic is refused.
func TestImpossibleTraffic(t *testing.T) {
	for _, traffic := range []Traffic{{Requests: -1}, {Sent: -1}, {Received: -1}, {More: -1}, {Events: []time.Duration{MaxTime + 1}}} {
		if err := possible(&Event{Type: OK, Traffic: &traffic}); err == nil {
			t.Errorf("%+v was accepted", traffic)
		}
	}
}
