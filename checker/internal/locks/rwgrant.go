package locks

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// rwGrants is the property grants for a read-write lock: no writer was granted the lock while
// another contender stood before it in line, and no reader while a writer did. So no contender
// overtakes another.
var rwGrants = grantsBy(func(ctx context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	decideMarks(ctx, &f, k)
	if !tokensLogged(k.Record) {
		return f
	}
	r := rwLinesOf(k)
	lines := map[string]*line{}
	for _, h := range holdsOf(k) {
		if ctx.Err() != nil {
			return f
		}
		if n := contendersOf(k.Record).contender(h.Token, h.Client); n != nil && h.Token != 0 {
			r.decide(&f, k, h, n, lines)
		}
	}
	return f
})

// rwLines are the lines in which contenders of one key stand.
type rwLines struct {
	reads, writes map[string]bool // lines in which a contender was granted the lock for reading, or for writing
	// downgraded holds the holds that may have become holds for reading, by the zxids of their
	// contenders: they do not block readers.
	downgraded map[uint64]*hold
}

var rwLinesOf = evidence.OncePerKey(func(k *evidence.Key) *rwLines {
	r := &rwLines{reads: map[string]bool{}, writes: map[string]bool{}, downgraded: map[uint64]*hold{}}
	for _, h := range holdsOf(k) {
		n := contendersOf(k.Record).contender(h.Token, h.Client)
		if h.Token == 0 || n == nil {
			continue
		}
		if h.Reads {
			r.reads[lineOf(n)] = true
			continue
		}
		r.writes[lineOf(n)] = true
		if h.Downgraded != nil {
			r.downgraded[n.Created] = h
		}
	}
	return r
})

// rivals returns the lines whose contenders block a later one; false if it is not known which of them
// read.
func (r *rwLines) rivals(h *hold, n *evidence.Znode) (ids []string, ok bool) {
	of := maps.Clone(r.writes)
	if !h.Reads {
		maps.Copy(of, r.reads)
	}
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if h.Reads && r.reads[id] {
			return nil, false
		}
		if parentOf(id) == n.Parent() {
			ids = append(ids, id)
		}
	}
	return ids, true
}

// mostDowngraded is the maximum number of downgraded writers ahead of a reader in a line that are
// considered; in a correct recipe there is one.
const mostDowngraded = 4

func (r *rwLines) decide(f *frame.Finding, k *evidence.Key, h *hold, n *evidence.Znode, lines map[string]*line) {
	a := k.Record
	view, event, ok := laterView(f, a, k.Name, h, n)
	if !ok {
		return
	}
	ids, ok := r.rivals(h, n)
	if !ok {
		f.Count("grants_unknown", 1)
		return
	}
	for _, id := range ids {
		if lines[id] == nil {
			lines[id] = lineAt(a, id)
		}
		for _, o := range lines[id].before(n, h.Client, view, mostDowngraded) {
			if r.yields(h, o) || n.Number-o.Number <= 0 || contendersOf(a).keys[id] != k.Name || !contendersOf(a).znodes.Covers(o.Created-1, view) {
				continue
			}
			s := a.Session(o.Owner)
			f.Violated([]int{h.Grant.Invoke.Index, h.Grant.Return.Index, event, a.Session(n.Owner).First, s.First},
				"client %d was granted %s to %s at %s%s, too early: in %s %s of client %d, created before it at %s, was still ahead of it at %s%s",
				h.Client, k.Name, h.mode(), words.At(h.Granted), words.WithToken(h.Token), a.ZnodesIn(), o.Name(), s.Client, words.Zxid(o.Created), words.Zxid(view), o.Until())
			return
		}
	}
}

// yields reports whether a contender may no longer have been in a reader's way.
func (r *rwLines) yields(h *hold, o *evidence.Znode) bool {
	d := r.downgraded[o.Created]
	return h.Reads && d != nil && d.Downgraded.Began() < h.Granted
}

// rwProgress requires that, after the heal, every live contender gets its turn: no client waits
// while no client holds, and no client waits to read while no writer holds or waits. And at the end
// no contender stands in line if its client neither waits nor holds.
var rwProgress = frame.Progress("idle time, final lists", frame.FromSessions, func(_ context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	decideIdle(&f, k, 1, "no client held it")
	decideReaders(&f, k)
	decideOrphans(&f, k)
	decideRefused(&f, k)
	f.Timed(k.Record)
	return f
})

// decideReaders looks for a long time in which a live client waited to read, and no writer held or
// waited.
func decideReaders(f *frame.Finding, k *evidence.Key) {
	var busy []evidence.Span
	for _, h := range holdsOf(k) {
		if !h.Reads {
			to := h.idleFrom()
			if d := h.Downgraded; d != nil && d.Outcome() == history.OK {
				to = min(to, d.Return.Time)
			}
			busy = append(busy, evidence.Span{From: h.Granted, To: max(to, h.Granted)})
		}
	}
	for _, op := range k.Ops() {
		if op.F == models.FAcquire && !toRead(k, op) {
			busy = append(busy, evidence.Span{From: op.Began(), To: max(op.Began(), k.OverBy(op))})
		}
	}
	waits, ops := waiting(k, func(op *history.Operation) bool { return op.F == models.FAcquire && toRead(k, op) })
	judgeIdle(f, k, waits, ops, evidence.Union(busy), "no writer held it or waited for it")
}
