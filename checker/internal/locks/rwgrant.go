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

// rwGrants says of a read-write lock what grants says of a hold: no writer was granted it
// while anybody stood before it, and no reader while a writer did. So nobody overtakes.
var rwGrants = &frame.Property{
	Name:     grants.Name,
	Meaning:  grants.Meaning,
	Means:    grants.Means,
	Logged:   true,
	Decider:  grants.Decider,
	NoModel:  grants.NoModel,
	Evidence: grants.Evidence,
	Applies:  grants.Applies,
	Decide: func(ctx context.Context, k *evidence.Key) frame.Finding {
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
	},
}

// rwLines are the lines in which contenders of one key stand.
type rwLines struct {
	reads, writes map[string]bool // those in which somebody was granted it for that
	// downgraded are holds that may have become those of readers, by the zxids of their
	// contenders: they are in no reader's way.
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

// rivals returns the lines whose contenders are in the way of one behind them; false if it
// cannot be told who of them reads.
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

// mostDowngraded is how many that were writers can stand ahead of a reader in a line that is
// right; there is one.
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
			if r.yields(h, o) || n.Number-o.Number <= 0 || contendersOf(a).keys[id] != k.Name || !a.Log.Covers(o.Created-1, view) {
				continue
			}
			s := a.Session(o.Owner)
			f.Violated([]int{h.Grant.Invoke.Index, h.Grant.Return.Index, event, a.Session(n.Owner).First, s.First},
				"client %d was granted %s to %s at %s%s, too early: in the transaction log %s of client %d, created before it at %s, was still ahead of it at %s%s",
				h.Client, k.Name, h.mode(), words.At(h.Granted), words.WithToken(h.Token), o.Name(), s.Client, words.Zxid(o.Created), words.Zxid(view), o.Until())
			return
		}
	}
}

// yields reports whether a contender may not have been in a reader's way any more.
func (r *rwLines) yields(h *hold, o *evidence.Znode) bool {
	d := r.downgraded[o.Created]
	return h.Reads && d != nil && d.Downgraded.Began() < h.Granted
}

// rwProgress requires that after heal every live contender gets its turn: nobody waits while
// nobody holds, and nobody waits to read while no writer holds or waits; and at the end
// nobody stands in line who neither waits nor holds.
var rwProgress = frame.Progress("idle time, final lists", frame.FromSessions, func(_ context.Context, k *evidence.Key) frame.Finding {
	var f frame.Finding
	decideIdle(&f, k, 1, "no client held it")
	decideReaders(&f, k)
	decideOrphans(&f, k)
	decideRefused(&f, k)
	f.Timed(k.Record)
	return f
})

// decideReaders looks for a long stretch in which somebody live waited to read, and no writer
// was in the way.
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
