package zklab_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// homemade is a lock as people write their first one: a place in a line, and a watch on the place
// before it. It knows its place by the name that the server returned, so a place whose creation was
// not answered stays, unless the lock tidies up by means of the id that it wrote into the name.
type homemade struct {
	conn   *zk.Conn
	path   string
	id     string // is part of the names of its places
	own    string // the name of its place
	tidies bool
}

func (l *homemade) mine(name string) bool {
	return l.tidies && strings.HasPrefix(name, l.id) || name == l.own
}

func newHomemade(tidies bool) workloads.Lock {
	return workloads.Lock{New: func(c *subjects.Client, folder string) (subjects.Lock, error) {
		if _, err := c.Conn.Create(folder, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return nil, err
		}
		return &homemade{conn: c.Conn, path: folder, id: rand.Text(), tidies: tidies}, nil
	}}
}

func (l *homemade) Lock(ctx context.Context) error {
	own, err := l.conn.Create(l.path+"/"+l.id+"-lock-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
	if err != nil {
		if l.tidies {
			err = errors.Join(err, l.Unlock(ctx))
		}
		return err
	}
	l.own = path.Base(own)
	for {
		before, err := l.before()
		if err != nil {
			return errors.Join(err, l.Unlock(ctx))
		}
		if before == "" {
			return nil
		}
		there, _, gone, err := l.conn.ExistsW(l.path + "/" + before)
		switch {
		case err != nil:
			return errors.Join(err, l.Unlock(ctx))
		case !there:
			continue
		}
		select {
		case <-gone:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), l.Unlock(ctx))
		}
	}
}

// before is the place before its own; "" if there is none.
func (l *homemade) before() (string, error) {
	names, _, err := l.conn.Children(l.path)
	if err != nil {
		return "", err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, "-lock-") })
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(a[len(a)-10:], b[len(b)-10:]) })
	switch i := slices.IndexFunc(names, l.mine); i {
	case -1:
		return "", errors.New("the place has gone")
	case 0:
		return "", nil
	default:
		return names[i-1], nil
	}
}

// Unlock deletes the lock's places, and repeats that until it was answered.
func (l *homemade) Unlock(context.Context) error {
	for {
		names, _, err := l.conn.Children(l.path)
		for _, name := range names {
			if err == nil && l.mine(name) {
				if err = l.conn.Delete(l.path+"/"+name, -1); errors.Is(err, zk.ErrNoNode) {
					err = nil
				}
			}
		}
		if !errors.Is(err, zk.ErrConnectionClosed) {
			return err
		}
		if err := await.Sleep(context.Background(), 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// The output of a failing test alone leads its reader to the mistake: it names the znode that
// stayed, the call that made it, how that call ended, and the fault. The lock with that mistake
// mended passes.
func TestHomemadeLock(t *testing.T) {
	lost := must.Get(plan.Parse("lose-reply:create", time.Second))(t)
	x := zklab.Experiment{Keys: 1, Faults: lost, TimeLimit: 6 * time.Second, OptionalFaults: true}
	t.Run("as it was", func(t *testing.T) {
		if os.Getenv(planted) != "" {
			x.Workload = newHomemade(false)
			zklab.Simulate(t, x)
			return
		}
		output := string(failing(t, "^TestHomemadeLock$/^as_it_was$", "ZKLAB_SEED="))
		text := strings.Join(strings.Fields(output), " ")
		for _, want := range []string{
			`progress is violated`,
			`Client (\d) asked for k\d at [0-9.]+ s; its call ended at [0-9.]+ s \(connection-loss: zk: connection closed\), and the outcome is unknown\.`,
			`Client \d, in session 0x[0-9a-f]+, created k\d/[A-Z2-7]+-lock-\d{10}, by its acquire of [0-9., sor]+, [^:;]*: zxid 0x[0-9a-f]+(?:, and the reply to that request never came)?; it still existed when the log ended\. (Its acquire of [0-9.]+ s ended at [0-9.]+ s|Each of these calls ended) with connection-loss: zk: connection closed; zklab's fault lose-reply hit this client between `,
			`client \d ├[^━]*\?`,
			`docs/recipes/lock\.md#progress`,
			`replay ZKLAB_SEED=\d+ go test -run '\^TestHomemadeLock\$/\^as_it_was\$' github\.com/zklab/zklab`,
		} {
			if !regexp.MustCompile(want).MatchString(text) {
				t.Errorf("no %s", want)
			}
		}
		if t.Failed() {
			t.Log(output)
		}
	})
	t.Run("mended", func(t *testing.T) {
		x.Workload = newHomemade(true)
		zklab.Simulate(t, x)
	})
}
