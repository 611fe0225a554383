package progress

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// call adds a successful call of a client that ended at a time.
func call(p *Pulse, client int, f, key string, end, took time.Duration) {
	e := history.Event{Process: history.Process(client), Client: client, F: f, Key: key}
	e.Type, e.Time = history.Invoke, end-took
	p.Observe(&e)
	e.Type, e.Time = history.OK, end
	p.Observe(&e)
}

// A pulse has the latencies of each second, and of the recent seconds.
func TestPulseLatencies(t *testing.T) {
	p := NewPulse(models.Register)
	if _, ok := p.P99(); ok || len(p.P99s(9)) > 0 {
		t.Error("latencies of nothing")
	}
	for i := range 200 { // 1 to 200 ms in the first second
		call(p, i, models.FRead, "", 900*time.Millisecond, time.Duration(i+1)*time.Millisecond)
	}
	call(p, 0, models.FRead, "", 2500*time.Millisecond, 7*time.Millisecond)
	call(p, 0, models.FRead, "", 3*time.Second, 9*time.Millisecond)
	if d := cmp.Diff([]time.Duration{199 * time.Millisecond, 0, 7 * time.Millisecond}, p.P99s(9)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]time.Duration{0, 7 * time.Millisecond}, p.P99s(2)); d != "" {
		t.Error(d)
	}
	if got, ok := p.P99(); !ok || got != 198*time.Millisecond { // of 202 calls
		t.Errorf("%s, %v", got, ok)
	}
	p.Observe(&history.Event{Process: history.Nemesis, Client: -1, F: history.FPhase, Time: Recent*time.Second + 1}) // the first second is no longer recent
	if got, ok := p.P99(); !ok || got != 9*time.Millisecond {
		t.Errorf("%s, %v", got, ok)
	}
	p.Observe(&history.Event{Process: history.Nemesis, Client: -1, F: history.FPhase, Time: time.Hour})
	if got, ok := p.P99(); ok || len(p.took) > 0 || len(p.P99s(1e6)) != 3600 {
		t.Errorf("%s of long ago", got)
	}
	if rate, ok := p.Rate(); !ok || rate != 0 {
		t.Errorf("%v, %v", rate, ok)
	}
}

func TestPulseHoldersAndSessions(t *testing.T) {
	p := NewPulse(models.Lock)
	session := func(client int, id history.ID, f string) {
		p.Observe(&history.Event{Process: history.SessionProcess, Client: client, Session: id, F: f})
	}
	session(0, 1, history.FConnected)
	session(1, 2, history.FConnected)
	session(2, 3, history.FConnected)
	session(-1, 9, history.FConnected) // of the harness
	session(1, 2, history.FDisconnected)
	session(2, 3, history.FExpired)
	session(2, 3, history.FDisconnected)
	if d := cmp.Diff(Sessions{Connected: 1, Disconnected: 1, Expired: 1}, p.Sessions()); d != "" {
		t.Error(d)
	}
	call(p, 4, models.FAcquire, "b", 2, 1)
	call(p, 0, models.FAcquire, "a", 4, 1)
	call(p, 0, models.FRelease, "a", 6, 1)
	p.Observe(&history.Event{Process: 5, Client: 5, Type: history.Invoke, F: models.FAcquire, Key: "b"})
	held, waiting := p.Holders()
	if d := cmp.Diff([]Held{{"a", nil}, {"b", []int{4}}}, held); d != "" || waiting != 1 {
		t.Error(waiting, d)
	}
}

// Events whose numbers make no sense take no memory.
func TestPulseOfNonsense(t *testing.T) {
	p := NewPulse(models.Lock)
	call(p, 1<<40, models.FAcquire, "", history.Never, 1)
	call(p, -5, models.FAcquire, "", -time.Hour, 1)
	if _, ok := p.P99(); ok || len(p.Slots) > 0 || p.clients > mostClients {
		t.Error("it counts them")
	}
}
