package historytest

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

func TestBuilder(t *testing.T) {
	b := New(models.Lock.Name)
	b.Op(1, models.FAcquire, "k", 2, 8, history.Info, nil, nil).Error("connection-loss")
	b.Op(1, models.FAcquire, "k", 9, Never, history.Info, nil, nil)
	b.Op(1, models.FAcquire, "k", 10, 11, history.Fail, nil, nil)
	b.Op(0, models.FAcquire, "k", 1, 3, history.OK, nil, models.Grant{Token: 7}).Session(0xa).Alive(2)
	b.Fact(4, history.FPhase, "", history.Phase{Name: history.PhaseHeal})
	b.Session(5, 1, 0xb, history.FExpired, "", nil)
	h := b.History()

	type line struct {
		Process history.Process
		Client  int
		Type    history.Type
		F       string
	}
	var got []line
	for _, e := range h.Events {
		got = append(got, line{e.Process, e.Client, e.Type, e.F})
	}
	want := []line{
		{history.Nemesis, -1, history.Info, history.FBegin},
		{0, 0, history.Invoke, models.FAcquire},
		{1, 1, history.Invoke, models.FAcquire},
		{0, 0, history.OK, models.FAcquire},
		{history.Nemesis, -1, history.Info, history.FPhase},
		{history.SessionProcess, 1, history.Info, history.FExpired},
		{1, 1, history.Info, models.FAcquire},
		{3, 1, history.Invoke, models.FAcquire},
		{5, 1, history.Invoke, models.FAcquire},
		{5, 1, history.Fail, models.FAcquire},
		{history.Nemesis, -1, history.Info, history.FEnd},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	// The format allows what the builder makes.
	var file bytes.Buffer
	must.Do(t, history.Write(&file, h))
	read := must.Get(history.Read(&file))(t)
	if d := cmp.Diff(h, read, cmpopts.IgnoreUnexported(history.History{})); d != "" {
		t.Errorf("built -, read +: %s", d)
	}
}

func TestCrashed(t *testing.T) {
	h := New(models.Queue.Name).Crashed().History()
	if h.Complete || len(h.Events) != 1 {
		t.Errorf("complete %v, %d events", h.Complete, len(h.Events))
	}
}
