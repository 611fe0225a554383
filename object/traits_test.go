package object_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// gate is a reentrant try-lock: an ephemeral znode, and how often its client entered. A wrong gate
// is left entirely at the first leave.
type gate struct {
	conn      *zk.Conn
	path      string
	depth     int
	session   int64
	wrong     bool
	forgetful bool
}

func (g *gate) Session() int64 { return g.session }

func (g *gate) Enter(context.Context) (bool, error) {
	if g.depth > 0 && g.session == g.conn.SessionID() {
		g.depth++
		return true, nil
	}
	g.depth = 0
	_, err := g.conn.Create(g.path, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		_, stat, err := g.conn.Get(g.path)
		if errors.Is(err, zk.ErrNoNode) || err == nil && stat.EphemeralOwner != g.conn.SessionID() {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	} else if err != nil {
		return false, err
	}
	g.depth, g.session = 1, g.conn.SessionID()
	return true, nil
}

func (g *gate) Leave(context.Context) error {
	if g.depth == 0 || g.session != g.conn.SessionID() {
		g.depth = 0
		return subjects.WithoutEffect(errors.New("not inside"))
	}
	if g.depth--; g.depth > 0 && !g.wrong {
		return nil
	}
	for {
		err := g.conn.Delete(g.path, -1)
		if err == nil || errors.Is(err, zk.ErrNoNode) || g.session != g.conn.SessionID() || errors.Is(err, zk.ErrClosing) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func gates(wrong bool) (o object.Object[*gate]) {
	enter, leave := object.Ask("enter", (*gate).Enter), object.Do("leave", (*gate).Leave)
	return object.Object[*gate]{
		Name: "gate",
		New: func(c *subjects.Client, path string) (*gate, error) {
			return &gate{conn: c.Conn, path: path, wrong: wrong}, nil
		},
		Operations: []object.Operation[*gate]{enter, leave},
		Rules:      []object.Rule{object.Exclusive(enter, leave).Nested()},
	}
}

// expiries expires the sessions of holders.
var expiries = plan.Every(500*time.Millisecond, faults.Expire{Who: faults.Holder})

// A right reentrant lock is not accused, although sessions of its holders end, and a wrong one is convicted of
// exclusion.
func TestExclusive(t *testing.T) {
	for wrong, want := range map[bool]bool{false: false, true: true} {
		convicted, decided, depth := 0, 0, 0
		for seed := range int64(10) {
			o, err := zklab.SimulateIn(t, zklab.Experiment{Workload: gates(wrong).Workload(), Seed: seed + 1, TimeLimit: 5 * time.Second, Faults: expiries})
			if err != nil {
				t.Fatal(err)
			}
			violated := o.Result.Violated()
			if v := o.Result.Verdicts[0]; v.Property != "exclusion" || v.Result != checker.Unknown {
				decided++
			}
			if slices.Contains(violated, "exclusion") {
				convicted++
			} else if len(violated) > 0 {
				t.Errorf("wrong %v, seed %d: %v", wrong, seed+1, violated)
			}
			in := map[int]int{}
			for _, op := range o.History.Operations() {
				switch {
				case op.Return == nil || op.Return.Error != nil:
				case op.F == "enter" && string(op.Return.Value) == "true":
					in[op.Client]++
					depth = max(depth, in[op.Client])
				case op.F == "leave":
					in[op.Client]--
				}
			}
		}
		if decided < 8 { // it is a try-lock: a client that meets a holder is refused
			t.Errorf("wrong %v: exclusion was decided in %d of 10 seeds", wrong, decided)
		}
		if convicted > 0 != want || depth < 2 {
			t.Errorf("wrong %v: convicted in %d of 10 seeds, %d deep", wrong, convicted, depth)
		}
	}
}

// wary is a lock that refuses its client once after the session of a hold has ended. A wrong lock
// refuses its client for ever.
type wary struct {
	subjects.Lock
	conn    *zk.Conn
	session int64
	wrong   bool
}

func (w *wary) Enter(ctx context.Context) error {
	if w.session != 0 && w.session != w.conn.SessionID() {
		if !w.wrong {
			_ = w.Unlock(ctx)
			w.session = 0
		}
		return subjects.WithoutEffect(errors.New("the hold is lost"))
	}
	err := w.Lock.Lock(ctx)
	if err == nil {
		w.session = w.conn.SessionID()
	}
	return err
}

func (w *wary) Leave(ctx context.Context) error {
	if !w.wrong || w.session == w.conn.SessionID() {
		w.session = 0
	}
	return w.Unlock(ctx)
}

// A client that is refused when all is well asks again, so a lock that refuses once is decided, and one that refuses
// for ever is convicted.
func TestRefusals(t *testing.T) {
	for wrong, want := range map[bool]checker.Result{false: checker.Valid, true: checker.Violation} {
		enter, leave := object.Do("enter", (*wary).Enter), object.Do("leave", (*wary).Leave)
		x := zklab.Experiment{Workload: object.Object[*wary]{
			Name: "wary",
			New: func(c *subjects.Client, path string) (*wary, error) {
				l, err := subjects.NewLock(c, path)
				return &wary{Lock: l, conn: c.Conn, wrong: wrong}, err
			},
			Operations: []object.Operation[*wary]{enter, leave},
			Rules:      []object.Rule{object.Exclusive(enter, leave)},
		}.Workload(), TimeLimit: 5 * time.Second, Faults: expiries}
		got := map[checker.Result]int{}
		for seed := range int64(10) {
			x.Seed = seed + 1
			o, err := zklab.SimulateIn(t, x)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(o.Result.Verdicts, func(v checker.Verdict) bool { return v.Property == "progress" })
			got[o.Result.Verdicts[i].Result]++
		}
		if got[want] < 9 {
			t.Errorf("wrong %v: progress is %v of 10 seeds", wrong, got)
		}
	}
}

// The rules about answers convict a generator that gives a number twice, or a smaller one later.
func TestAnswers(t *testing.T) {
	for torn, want := range map[bool]checker.Result{false: checker.Valid, true: checker.Violation} {
		o := cells(torn)
		a := object.Call("add", (*cell).Add, object.Any[int64](1)).Refuses(errFull)
		o.Operations, o.Rules = []object.Operation[*cell]{a}, []object.Rule{object.Distinct(a), object.Rising(a)}
		out := simulated(t, o)
		for _, v := range out.Result.Verdicts {
			if slices.Contains([]string{"add-distinct", "add-rising"}, v.Property) && v.Result != want && v.Property != "add-rising" {
				t.Errorf("torn %v: %+v", torn, v)
			}
		}
		if out.Result.Verdict != want {
			t.Errorf("torn %v: %s %+v", torn, out.Result.Verdict, out.Result.Verdicts)
		}
	}
}

// box is a queue in this process, which all clients share. The test gives it its defects.
type box struct {
	*shared
	defect string
}

type shared struct {
	mu    sync.Mutex
	items []int64
	n     int
}

func (b *box) Put(_ context.Context, item int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.defect == "loss" && b.n == 5 {
		return nil
	}
	b.items = append(b.items, item)
	if b.defect == "integrity" && b.n == 5 {
		b.items = append(b.items, item)
	}
	return nil
}

func (b *box) Take(context.Context) (*int64, error) {
	time.Sleep(20 * time.Millisecond) // so that takes overlap
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 {
		return nil, nil
	}
	i := 0
	if b.defect == "order" {
		i = len(b.items) - 1
	}
	item := b.items[i]
	b.items = slices.Delete(b.items, i, i+1)
	return &item, nil
}

// A right queue is valid, and each defect is convicted of breaking its rule.
func TestQueue(t *testing.T) {
	for _, defect := range []string{"", "loss", "integrity", "order", "unordered"} {
		put, take := object.Give("put", (*box).Put, object.Unique), object.Ask("take", (*box).Take)
		rule := object.Queue(put, take)
		built := defect
		if defect == "unordered" {
			rule, built = rule.Unordered(), "order"
		}
		var mu sync.Mutex
		all := map[string]*shared{}
		o := object.Object[*box]{
			Name: "box", Operations: []object.Operation[*box]{put.Weight(2), take}, Rules: []object.Rule{rule},
			New: func(c *subjects.Client, path string) (*box, error) {
				if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				if all[path] == nil {
					all[path] = &shared{}
				}
				return &box{all[path], built}, nil
			},
		}
		out, err := zklab.SimulateIn(t, zklab.Experiment{Workload: o.Workload(), Seed: 3, TimeLimit: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{defect}
		if defect == "" || defect == "unordered" {
			want = nil
		}
		if got := out.Result.Violated(); !slices.Equal(got, want) || want == nil && out.Result.Verdict != checker.Valid {
			t.Errorf("%q: %s, violated %q: %+v", defect, out.Result.Verdict, got, out.Result.Verdicts)
		}
	}
}
