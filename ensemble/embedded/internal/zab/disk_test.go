package zab

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func zx(epoch, counter int64) int64 { return first(epoch) + counter }

func entries(zxids ...int64) []Entry {
	var es []Entry
	for _, z := range zxids {
		es = append(es, Entry{Zxid: z, Data: int(z)})
	}
	return es
}

func zxids(es []Entry) []int64 {
	var zs []int64
	for _, e := range es {
		zs = append(zs, e.Zxid)
	}
	return zs
}

// diskOf returns a disk with these entries, of which some are committed and some are folded into the
// base.
func diskOf(committed, folded int, zs ...int64) *Disk {
	d := NewDisk(&tally{})
	for _, e := range entries(zs...) {
		d.append(e)
	}
	d.committed = committed
	d.Keep = max(1, len(zs)-folded)
	d.fold()
	return d
}

func TestChoose(t *testing.T) {
	a, b, c, d, e := zx(1, 1), zx(1, 2), zx(1, 3), zx(2, 1), zx(3, 1)
	tests := []struct {
		name            string
		leader          *Disk
		last, committed int64
		mode            SyncMode
		after           int64
		want            []int64
	}{
		{"both are empty", diskOf(0, 0), 0, 0, Diff, 0, nil},
		{"has nothing", diskOf(0, 0, a, b), 0, 0, Diff, 0, []int64{a, b}},
		{"has all", diskOf(0, 0, a, b), b, 0, Diff, b, nil},
		{"lacks the end", diskOf(0, 0, a, b, d), b, a, Diff, b, []int64{d}},
		{"has more of the epoch, which is the last", diskOf(0, 0, a, b), c, a, Trunc, b, nil},
		{"has more of an epoch", diskOf(0, 0, a, b, d), c, a, Trunc, b, []int64{d}},
		{"has more of an epoch, of which the base is the last", diskOf(2, 2, a, b, d), c, a, Trunc, b, []int64{d}},
		{"has another epoch", diskOf(0, 0, a, b, e), d, a, Trunc, a, []int64{b, e}},
		{"has another epoch and knows of no commit", diskOf(0, 0, a, b, e), d, 0, Trunc, 0, []int64{a, b, e}},
		{"has another epoch and knows of no commit, log shortened", diskOf(2, 1, a, b, e), d, 0, Snap, a, []int64{b, e}},
		{"has a later epoch", diskOf(0, 0, a, b), d, a, Trunc, a, []int64{b}},
		{"ends at the base", diskOf(2, 2, a, b, d), b, 0, Diff, b, []int64{d}},
		{"ends before the base", diskOf(2, 2, a, b, d), a, a, Snap, b, []int64{d}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.leader.choose(tt.last, tt.committed, len(tt.leader.log))
			if s.Mode != tt.mode || s.After != tt.after || !slices.Equal(zxids(s.Entries), tt.want) {
				t.Errorf("mode %v after %#x with %#x", s.Mode, s.After, zxids(s.Entries))
			}
			if (s.Snapshot != nil) != (s.Mode == Snap) {
				t.Errorf("mode %v, snapshot %v", s.Mode, s.Snapshot)
			}
		})
	}
}

// TestSyncBringsInLine draws pairs of logs as elections and crashes leave them: each epoch's leader
// begins with a log that has everything committed, and others have taken over a prefix of what the
// leader then had.
func TestSyncBringsInLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := [][]int64{nil, nil, nil} // logs of three servers
		committed := 0                      // length of the committed prefix of the last leader's log
		leader := 0
		for epoch := int64(1); epoch <= int64(rapid.IntRange(1, 6).Draw(t, "epochs")); epoch++ {
			// The leader has everything that is committed.
			next := rapid.IntRange(0, 2).Draw(t, "leader")
			if len(history[next]) < committed || !slices.Equal(history[next][:committed], history[leader][:committed]) {
				next = leader
			}
			leader = next
			for i := range history {
				if i != leader && rapid.Bool().Draw(t, "follows") {
					history[i] = slices.Clone(history[leader])
				}
			}
			own := len(history[leader])
			for n := range int64(rapid.IntRange(0, 4).Draw(t, "proposals")) {
				history[leader] = append(history[leader], zx(epoch, n+1))
			}
			for i := range history {
				if i != leader && slices.Equal(history[i], history[leader][:own]) {
					history[i] = slices.Clone(history[leader][:rapid.IntRange(own, len(history[leader])).Draw(t, "got")])
				}
			}
			committed = rapid.IntRange(committed, len(history[leader])).Draw(t, "committed")
		}
		theirs := history[leader]
		l := diskOf(committed, rapid.IntRange(0, committed).Draw(t, "folded"), theirs...)
		mine := history[(leader+1)%3]
		common := 0
		for common < min(len(mine), committed) && mine[common] == theirs[common] {
			common++
		}
		known := rapid.IntRange(0, common).Draw(t, "known")
		f := diskOf(known, rapid.IntRange(0, known).Draw(t, "folded"), mine...)
		before, knew := slices.Clone(zxids(f.log)), f.LastCommitted()
		shown := f.choose(0, 0, len(f.log)) // what others may still read

		f.SetDelay(time.Second)
		s := l.choose(f.LastZxid(), f.LastCommitted(), len(l.log))
		f.adopt(s)

		if f.LastZxid() != l.LastZxid() || f.LastCommitted() < knew {
			t.Fatalf("log ends at %#x, the leader's at %#x; committed up to %#x, before %#x", f.LastZxid(), l.LastZxid(), f.LastCommitted(), knew)
		}
		from := max(f.baseZxid, l.baseZxid)
		if diff := cmp.Diff(zxids(l.log[l.index(from):]), zxids(f.log[f.index(from):])); diff != "" {
			t.Fatalf("logs differ (-leader +learner):\n%s", diff)
		}
		if got := zxids(shown.Entries); !slices.Equal(got, before[len(before)-len(got):]) {
			t.Fatal("what was shown to others has changed")
		}
		// What both had must survive a crash before anything new is on disk, because it may be
		// committed thanks to this copy.
		had := int64(0)
		for i := range min(len(mine), len(theirs)) {
			if mine[i] == theirs[i] {
				had = mine[i]
			}
		}
		f.Crash()
		if f.LastZxid() < had {
			t.Fatalf("a crash left %#x, %#x was on disk before and is the leader's, too", f.LastZxid(), had)
		}
	})
}

func TestSyncRefusesToDropCommitted(t *testing.T) {
	a, b, c := zx(1, 1), zx(1, 2), zx(2, 1)
	tests := map[string]struct {
		disk *Disk
		sync *Sync
	}{
		"truncation":           {diskOf(2, 0, a, b), &Sync{Mode: Trunc, After: a}},
		"other entries":        {diskOf(2, 0, a, b), &Sync{Mode: Diff, After: a, Entries: entries(c)}},
		"snapshot":             {diskOf(2, 0, a, b), &Sync{Mode: Snap, After: a, Snapshot: &tally{}}},
		"unknown place":        {diskOf(0, 0, a, b), &Sync{Mode: Diff, After: c}},
		"place in the base":    {diskOf(2, 2, a, b, c), &Sync{Mode: Diff, After: a}},
		"gap behind the place": {diskOf(0, 0, a), &Sync{Mode: Diff, After: a, Entries: entries(zx(1, 3))}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tt.disk.adopt(tt.sync)
		})
	}
}

func TestDiskDelay(t *testing.T) {
	d := NewDisk(&tally{})
	at := func(ms int) time.Time { return epochStart.Add(time.Duration(ms) * time.Millisecond) }
	put := func(zxid int64) { d.append(Entry{Zxid: zxid, Data: 0}) }
	put(zx(1, 1))
	d.SetDelay(10 * time.Millisecond)
	put(zx(1, 2))
	if next, ok := d.next(at(0)); !ok || next != at(0) {
		t.Error("does not ask for the time at once")
	}
	d.advance(at(0))
	put(zx(1, 3))
	d.advance(at(5))
	d.SetDelay(0)
	put(zx(1, 4)) // waits for those before it
	var got []int64
	for _, ms := range []int{6, 9, 10, 14, 15} {
		d.advance(at(ms))
		got = append(got, counterOf(d.durable))
	}
	if diff := cmp.Diff([]int64{1, 1, 2, 2, 4}, got); diff != "" {
		t.Errorf("durable (-want +got):\n%s", diff)
	}
	d.SetDelay(time.Millisecond)
	put(zx(1, 5))
	d.commit(zx(1, 5))
	d.Crash()
	if d.LastZxid() != zx(1, 4) || d.LastCommitted() != zx(1, 4) || !d.synced() {
		t.Errorf("after a crash: log up to %#x, committed up to %#x", d.LastZxid(), d.LastCommitted())
	}
}

// A loss of power leaves what was forced, and of the rest as much as is drawn.
func TestDiskLosesPower(t *testing.T) {
	for _, tt := range []struct {
		keep           float64
		hasty          bool
		acked, last    int64 // counters: before and after
		unforced, lost int
	}{
		{0, false, 2, 2, 3, 3},
		{0.5, false, 2, 4, 3, 1},
		{0.99, false, 2, 5, 3, 0},
		{0, true, 5, 2, 3, 3},
		{0.3, true, 5, 3, 3, 2},
	} {
		d := NewDisk(&tally{})
		d.Hasty = tt.hasty
		put := func(from, to int64) {
			for i := from; i <= to; i++ {
				d.append(Entry{Zxid: zx(1, i), Data: 0})
			}
		}
		put(1, 2)
		d.advance(epochStart)
		d.advance(epochStart.Add(writeBack))
		d.Hold(true)
		put(3, 5)
		d.advance(epochStart.Add(writeBack))
		d.advance(epochStart.Add(time.Hour))
		if counterOf(d.durable) != tt.acked {
			t.Errorf("%+v: it acknowledges up to %d", tt, counterOf(d.durable))
		}
		if next, ok := d.next(epochStart.Add(time.Hour)); ok {
			t.Errorf("%+v: a disk that is held waits for %v", tt, next)
		}
		unforced, lost := d.LosePower(tt.keep)
		if unforced != tt.unforced || lost != tt.lost || counterOf(d.LastZxid()) != tt.last || d.durable != d.LastZxid() || !d.synced() {
			t.Errorf("%+v: %d unforced, %d lost, up to %d, durable up to %d", tt, unforced, lost, counterOf(d.LastZxid()), counterOf(d.durable))
		}
		if again, _ := d.LosePower(0); again != 0 {
			t.Errorf("%+v: what outlived a loss of power was not forced: %d", tt, again)
		}
		if put(tt.last+1, tt.last+1); d.durable != d.LastZxid() {
			t.Errorf("%+v: the disk is still held", tt)
		}
	}
}

func TestFold(t *testing.T) {
	tests := []struct {
		name                     string
		keep, committed, durable int
		taken                    int // -1: nobody reads along
		base, log                int
	}{
		{"keeps all", 0, 5, 5, -1, 0, 5},
		{"long enough", 2, 5, 5, -1, 3, 2},
		{"not what is not committed", 2, 1, 5, -1, 1, 4},
		{"not what is not durable", 2, 5, 2, -1, 2, 3},
		{"short", 10, 5, 5, -1, 0, 5},
		{"not what nobody has taken", 2, 5, 5, 0, 0, 5},
		{"only what was taken", 2, 5, 5, 1, 1, 4},
		{"no more than was asked for", 2, 5, 5, 5, 3, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := diskOf(0, 0, zx(1, 1), zx(1, 2), zx(1, 3), zx(1, 4), zx(1, 5))
			d.Keep, d.committed, d.durable = tt.keep, tt.committed, zx(1, int64(tt.durable))
			if tt.taken >= 0 {
				d.Taken = new(atomic.Int64)
				d.Taken.Store(zx(1, int64(tt.taken)))
			}
			d.fold()
			if got := d.base.(*tally).count; got != tt.base || len(d.log) != tt.log {
				t.Errorf("%d in the base, %d in the log", got, len(d.log))
			}
			if tt.base > 0 && d.Base() != zx(1, int64(tt.base)) {
				t.Errorf("base at %#x", d.Base())
			}
			if d.LastCommitted() != zx(1, int64(tt.committed)) || len(d.Committed()) != tt.committed-tt.base {
				t.Errorf("committed up to %#x, %d entries", d.LastCommitted(), len(d.Committed()))
			}
		})
	}
}
