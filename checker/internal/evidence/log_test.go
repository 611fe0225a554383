package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// An index tells holes from ends of epochs.
func TestWhole(t *testing.T) {
	log := func(zs ...history.ID) (list []history.Txn) {
		for _, z := range zs {
			list = append(list, history.Txn{Zxid: z, Type: "error"})
		}
		return list
	}
	const two = 2 * checktest.Epoch
	for name, c := range map[string]struct {
		list []history.Txn
		seen []history.ID
		want []Stretch
	}{
		"nothing":                     {nil, nil, nil},
		"one":                         {log(checktest.Epoch + 5), nil, []Stretch{{1<<32 + 5, 1<<32 + 5}}},
		"a hole":                      {log(checktest.Epoch+1, checktest.Epoch+2, checktest.Epoch+4), nil, []Stretch{{1<<32 + 1, 1<<32 + 2}, {1<<32 + 4, 1<<32 + 4}}},
		"an epoch begins":             {log(checktest.Epoch+1, two+1, two+2), nil, []Stretch{{1<<32 + 1, 2<<32 + 2}}},
		"an epoch begins late":        {log(checktest.Epoch+1, two+2), nil, []Stretch{{1<<32 + 1, 1<<32 + 1}, {2<<32 + 2, 2<<32 + 2}}},
		"somebody saw more before":    {log(checktest.Epoch+1, two+1), []history.ID{checktest.Epoch + 2}, []Stretch{{1<<32 + 1, 1<<32 + 1}, {2<<32 + 1, 2<<32 + 1}}},
		"a leader before its first":   {log(checktest.Epoch+1, two+1), []history.ID{two}, []Stretch{{1<<32 + 1, 2<<32 + 1}}},
		"an epoch without one":        {log(checktest.Epoch+1, 3*checktest.Epoch+1), nil, []Stretch{{1<<32 + 1, 3<<32 + 1}}},
		"somebody saw one of another": {log(checktest.Epoch+1, 3*checktest.Epoch+1), []history.ID{two + 1}, []Stretch{{1<<32 + 1, 1<<32 + 1}, {3<<32 + 1, 3<<32 + 1}}},
	} {
		a := &Record{}
		for i, z := range c.seen {
			a.Zxids.look(&history.Event{Index: i, Time: time.Duration(i), Seen: z}, nil)
		}
		x := indexTxns(c.list, nil, a.Zxids.seen)
		if diff := cmp.Diff(c.want, x.whole, cmp.AllowUnexported(Stretch{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Failed multis did nothing, and a closed session takes its znodes with it.
func TestIndexOfZnodes(t *testing.T) {
	r := checktest.Lock().Opens(1).Stands(1, 0).Txn(history.Txn{Type: "multi", Session: 1, Parts: []history.Txn{
		{Type: "create", Path: "/k/never"}, {Type: "error", Error: -101},
	}}).Txn(history.Txn{Type: "delete", Session: 1, Path: "/k/c1-lock-0000000000", Error: -103}).Closes(1).Closes(1)
	x := indexTxns(r.Txns, nil, nil)
	all := x.Folders["/k"]
	if len(all) != 1 || !all[0].Sequential() || all[0].Deleted != 1<<32+5 || all[0].Remover != 1 {
		t.Errorf("%+v", all)
	}
	if s := x.Sessions[1]; s.Created != 1<<32+1 || s.Closed != 1<<32+5 {
		t.Errorf("%+v", s)
	}
}

// The relation between times and zxids is queried right before and after every event.
func TestZxids(t *testing.T) {
	var z Zxids
	for i, e := range []history.Event{
		{Time: 10 * checktest.Unit, Session: 1, Alive: 5 * checktest.Unit, Seen: 3},
		{Time: 20 * checktest.Unit, Session: 2, Alive: 12 * checktest.Unit, Seen: 7},
		{Time: 30 * checktest.Unit, Session: 1, Alive: 25 * checktest.Unit, Seen: 6}, // answered before it was told
		{Time: 35 * checktest.Unit, Session: 2, Zxid: 11, Process: 1},                // only a subject says so
		{Time: 40 * checktest.Unit, Session: 2, Zxid: 9, Process: history.SessionProcess},
	} {
		e.Index = i
		z.look(&e, &Session{})
	}
	z.add(8, 18*checktest.Unit, 4)
	z.sort()
	ask := func(f func(uint64) (time.Duration, int), of ...uint64) (s string) {
		for _, x := range of {
			d, _ := f(x)
			s += words.At(d) + " "
		}
		return s
	}
	if got, want := ask(z.CommittedBy, 3, 4, 7, 8, 9, 10), "0.010 s 0.020 s 0.020 s 0.040 s 0.040 s the end "; got != want {
		t.Errorf("by: %s", got)
	}
	if got, want := ask(z.SentBelow, 3, 4, 7, 8, 9), "the start 0.005 s 0.025 s 0.025 s 0.025 s "; got != want {
		t.Errorf("sent below: %s", got)
	}
	s := ""
	for _, at := range []int{1, 5, 6, 12, 13, 18, 25, 26} {
		zxid, _, ok := z.Ceil(time.Duration(at) * checktest.Unit)
		s += fmt.Sprint(zxid, ok, " ", z.Floor(time.Duration(at)*checktest.Unit), "; ")
	}
	if want := "3 true 0; 6 true 0; 6 true 0; 6 true 3; 6 true 3; 6 true 3; 0 false 7; 0 false 7; "; s != want {
		t.Errorf("ceil and floor: %s", s)
	}
	if floor, floorAt := z.Floor(20*checktest.Unit), z.FloorAt(20*checktest.Unit); floor != 3 || floorAt != 7 {
		t.Errorf("before 20 ms zxid %d was seen, up to then %d", floor, floorAt)
	}
}
