package canary

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// played plays events of clients to a check, at times of its own.
type played struct {
	*Check
	now time.Time
}

func play() *played {
	p := &played{&Check{clients: newClients()}, time.Unix(1000, 0)}
	for _, s := range p.clients.services() {
		s.latest = p.now
	}
	return p
}

// call plays an operation on the register that ends now.
func (p *played) call(f string, took time.Duration, end history.Type, code string) {
	model := models.Named(models.Register.Name)
	invoke, ended := history.Event{Type: history.Invoke, F: f, Index: 1}, history.Event{Type: end, F: f, Index: 2}
	if code != "" {
		ended.Error = &history.Error{Code: code}
	}
	p.operation(p.now.Add(-took), model.Name, &invoke, model.Operation(f))
	p.operation(p.now, model.Name, &ended, model.Operation(f))
	p.overdue(p.now)
}

func (p *played) kinds() (all []string) {
	for _, e := range p.events {
		all = append(all, e.Kind)
	}
	return all
}

// Writes that fail are told while they do, and how long they did, though reads succeed all the time.
func TestWritesFailWhileReadsSucceed(t *testing.T) {
	p := play()
	for range 45 {
		p.now = p.now.Add(time.Second)
		p.call(models.FWrite, time.Millisecond, history.Fail, "quota-exceeded")
		p.call(models.FRead, time.Millisecond, history.OK, "")
	}
	if got := p.kinds(); !slices.Equal(got, []string{Waiting}) || !strings.HasPrefix(p.events[0].Text, "no write has succeeded since ") {
		t.Errorf("while they fail: %v", p.events)
	}
	p.call(models.FWrite, time.Millisecond, history.OK, "")
	r := p.result()
	if last := p.events[len(p.events)-1]; last.Kind != Waited || last.Took != 45*time.Second || r.LongestWriteGap != 45*time.Second || r.LongestGap != time.Second {
		t.Errorf("%v, %s, %s", p.events, r.LongestWriteGap, r.LongestGap)
	}
	var b strings.Builder
	must.Do(t, p.WriteMetrics(&b))
	for _, want := range []string{
		`zklab_check_longest_gap_seconds{of="write"} 45`, `zklab_check_longest_gap_seconds{of="operation"} 1`,
		`zklab_check_errors_total{object="register",error="quota-exceeded"} 45`, `zklab_check_write_duration_seconds_count 1`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if f := (FailOver{At: time.Unix(1010, 0), Took: time.Second}); p.waited(f) != 45*time.Second {
		t.Errorf("a fail-over within: %s", p.waited(f))
	}
}

// A quota that allows no znode more lets a probe overwrite its own. That the lock has no success is told, with the reason.
func TestWritesOfOneObjectFail(t *testing.T) {
	p := play()
	lock := models.Named(models.Lock.Name).Operation(models.FAcquire)
	for range 30 {
		p.now = p.now.Add(time.Second)
		p.operation(p.now, models.Lock.Name, &history.Event{Type: history.Invoke, F: models.FAcquire, Process: 1}, lock)
		p.operation(p.now, models.Lock.Name, &history.Event{Type: history.Fail, F: models.FAcquire, Process: 1, Error: &history.Error{Code: "quota"}}, lock)
		p.call(models.FWrite, time.Millisecond, history.OK, "")
	}
	if len(p.events) != 1 || !strings.HasPrefix(p.events[0].Text, "no write of the lock has succeeded since ") || !strings.HasSuffix(p.events[0].Text, ", for 20.0 s: the last one failed with quota") {
		t.Error(p.events)
	}
}

// If nothing succeeds, that is told once, and not of writes as well.
func TestNothingSucceeds(t *testing.T) {
	p := play()
	for range 20 {
		p.now = p.now.Add(time.Second)
		p.overdue(p.now)
	}
	if len(p.events) != 1 || !strings.HasPrefix(p.events[0].Text, "no operation has succeeded since ") {
		t.Error(p.events)
	}
}

// Writes that become slow are told once, and again when they are as fast as before; a few slow ones are nothing.
func TestSlowWrites(t *testing.T) {
	p := play()
	writes := func(n int, took time.Duration) {
		for range n {
			p.now = p.now.Add(time.Second)
			p.call(models.FWrite, took, history.OK, "")
			p.clients.of[models.Lock.Name].latest = p.now
		}
	}
	writes(60, 2*time.Millisecond)
	writes(latestWrites/2, 300*time.Millisecond)
	writes(60, 2*time.Millisecond)
	if len(p.events) > 0 {
		t.Error(p.events)
	}
	writes(40, 90*time.Millisecond)
	writes(10*latestWrites, 2*time.Millisecond)
	if got := p.kinds(); !slices.Equal(got, []string{Slow, Fast}) || !strings.HasSuffix(p.events[0].Text, "is 90 ms, usually 2 ms") {
		t.Error(p.events)
	}
	q := play() // an ensemble that is always slow is as usual
	p = q
	writes(200, 90*time.Millisecond)
	if len(q.events) > 0 {
		t.Error(q.events)
	}
}
