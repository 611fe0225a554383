package wire

import "testing"

func TestEventTypeNames(t *testing.T) {
	for _, name := range EventTypeNames() {
		e, err := ParseEventType(name)
		if err != nil || e.String() != name {
			t.Errorf("%s: %d, %s, %v", name, int32(e), e, err)
		}
	}
	if _, err := ParseEventType("nodeGone"); err == nil {
		t.Error("nodeGone is a type")
	}
	if got := EventType(77).String(); got != "event 77" {
		t.Error(got)
	}
}
