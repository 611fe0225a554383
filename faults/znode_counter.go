package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Counter sets the counter that names a folder's sequential children to a value shortly
// before its end, 2147483647. Only deleting the folder undoes this.
//
// Beyond the end no recipe can be correct: ZooKeeper's counter stays there, and all later
// children get the same number (or, behind a create under way, a negative one). So the
// fault is harsh if Left is small.
type Counter struct {
	// Left is how many numbers are left before the end; 0 means 10.
	Left int
	Key  string // whose folder; "" is one in use
}

var _ = declare(kinds.Counter, Kind{
	About: "sets a folder's sequence counter to near its maximum",
	guide: []row{{"", "the counter of sequential names is set to near its maximum, 2147483647", "the next sequential name", "nothing to heal"}},
	Options: []Option{keyOption, {
		Key: "left", Example: "20", About: "how many numbers before the maximum",
		Check: checkCount,
	}},
	Harsh: true,
	build: func(a arguments) Fault {
		return Counter{Left: a.count("left"), Key: a.options["key"]}
	},
})

// Kind returns "counter".
func (Counter) Kind() string { return kinds.Counter.Name }

// Spec returns counter, with left and key where they were given.
func (f Counter) Spec() string {
	return withCount(withOption(f.Kind(), "key", f.Key), "left", f.Left)
}

// Available checks that the ensemble can set counters.
func (Counter) Available(s Setting) error {
	if _, ok := s.Ensemble.(ensemble.SequenceSetter); !ok {
		return fmt.Errorf("%s ensembles cannot set the counter of sequential znodes", s.Ensemble.Profile().Backend)
	}
	return nil
}

// Inject sets the counter.
func (f Counter) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	left := cmp.Or(f.Left, 10)
	setter, ok := t.Ensemble.(ensemble.SequenceSetter)
	if !ok || left < 1 || left > math.MaxInt32 {
		return nil, fmt.Errorf("cannot set a counter to %d before its end", left)
	}
	at, err := t.folder(ctx, f.Key, rng)
	if err != nil {
		return nil, err
	}
	next := math.MaxInt32 - int32(left) + 1
	now, err := t.nextNumber(ctx, at)
	if err == nil && now >= next {
		err = fmt.Errorf("it is at %d already: %w", now, ErrNoTarget) // the counter must not go back
	}
	if err != nil {
		at.release()
		return nil, fmt.Errorf("the counter of %s: %w", at.path, err)
	}
	e := &counted{changed: changed{target: t, folder: at, effect: at.effect(f.Spec(), at.path)}, next: next}
	if err := setter.SetSequence(ctx, at.path, e.next); err != nil {
		at.release()
		return nil, fmt.Errorf("set the counter of %s: %w", at.path, err)
	}
	return e, nil
}

type counted struct {
	changed
	next int32
}

// Verify reads the next number.
func (e *counted) Verify(ctx context.Context) error {
	n, err := e.target.nextNumber(ctx, e.folder)
	switch {
	case errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrNodeExists): // gone since, or at its end
		return nil
	case err != nil:
		return err
	case n >= 0 && n < e.next:
		return fmt.Errorf("the counter of %s was set to %d, and the next number was %d", e.folder.path, e.next, n)
	}
	return nil
}

// nextNumber creates a sequential child of a folder and returns its number.
func (t *Target) nextNumber(ctx context.Context, f folder) (int32, error) {
	prefix := f.path + "/" + counterProbe
	name, err := insisting(ctx, func() (string, error) {
		path, err := t.Admin.Create(prefix, nil, zk.FlagSequence|zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		if err != nil {
			return "", err
		}
		return path, t.Admin.Delete(path, -1)
	})
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(name, prefix), 10, 32)
	return int32(n), err
}

// counterProbe is the name of the znode that reads the counter. Healing foreign znodes
// would find it.
const counterProbe = foreignMark + "-counter-"
