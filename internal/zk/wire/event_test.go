package wire

import "testing"

func TestEventTypeNames(t *testing.T) {
	for e, want := range map[EventType]string{EventDeleted: "nodeDeleted", EventChildWatchRemoved: "childWatchRemoved", 77: "event 77"} {
		if got := e.String(); got != want {
			t.Errorf("%d: %s, want %s", int32(e), got, want)
		}
	}
}
