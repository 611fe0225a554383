package zklab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// naiveLock is a lock as many write it: one ephemeral znode, which Unlock deletes,
// whoever made it.
type naiveLock struct {
	conn  *zk.Conn
	znode string
}

func newNaiveLock(c *subjects.Client, path string) (subjects.Lock, error) {
	if _, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &naiveLock{c.Conn, path + "/lock"}, nil
}

func (l *naiveLock) Lock(ctx context.Context) error {
	for {
		_, err := l.conn.Create(l.znode, nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		there, _, changed, err := l.conn.ExistsW(l.znode)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *naiveLock) Unlock(context.Context) error { return l.conn.Delete(l.znode, -1) }

// The story of a lock that was taken away names the deletion: whose it was, from which
// session, whose znode it deleted, and its zxid. Other code looks all of it up again in
// what was committed.
func TestStoryNamesTheStaleUnlock(t *testing.T) {
	for seed := int64(1); seed <= 20; seed++ {
		o, err := zklab.SimulateIn(t, zklab.Experiment{
			Workload: workloads.Lock{New: newNaiveLock}, Seed: seed, Rate: 50, TimeLimit: 10 * time.Second,
			Faults: plan.Every(time.Second, faults.Expire{Who: faults.Holder}),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range o.Result.Verdicts {
			if v.Property == "exclusion" && v.Result == checker.Violation && namesTheDeletion(t, o, v) {
				return
			}
		}
	}
	t.Error("no stale unlock let a second holder in, in 20 runs")
}

// namesTheDeletion reports whether the story of a violation names a stale unlock, and
// checks that what it names is so.
func namesTheDeletion(t *testing.T, o *zklab.Outcome, v checker.Verdict) bool {
	at := slices.IndexFunc(v.Committed, func(c checker.Transaction) bool {
		return c.Type == "delete" && strings.Contains(c.Text, "which client ")
	})
	if at < 0 {
		return false
	}
	c := v.Committed[at]
	maker, remover, zxid := deletion(t, o, c.Path, c.Session, c.Zxid)
	want := fmt.Sprintf("Client %d, in session %s, deleted %s/lock, which client %d had created, ", remover, c.Session, v.Key, maker)
	if maker == remover || c.Client != remover || !strings.HasPrefix(c.Text, want) || !strings.Contains(c.Text, ": zxid "+zxid.String()+".") {
		t.Errorf("told: %s\nwas: %s, zxid %s", c.Text, want, zxid)
	}
	holders := []string{fmt.Sprintf("client %d ", maker), fmt.Sprintf("client %d ", remover)}
	if !strings.Contains(v.Reason, holders[0]) {
		t.Errorf("%s, but what was deleted is of %s", v.Reason, holders[0])
	}
	if !slices.ContainsFunc(v.Committed[:at], func(b checker.Transaction) bool {
		return b.Type == "closeSession" && b.Client == remover && b.Session != c.Session
	}) {
		t.Errorf("it is not told how what client %d had made before had gone: %v", remover, v.Committed)
	}
	text := strings.Join(strings.Fields(onerun.Counterexample(o.History, v, onerun.Screen{})), " ")
	if !strings.Contains(text, c.Text) {
		t.Errorf("%s\ndoes not say: %s", text, c.Text)
	}
	return true
}

// deletion returns which client made the znode that a transaction deleted, and which
// client deleted it.
func deletion(t *testing.T, o *zklab.Outcome, path string, session, zxid history.ID) (maker, remover int, found history.ID) {
	t.Helper()
	_, lines := o.Record()
	txns := must.Get(history.ReadTxns(bytes.NewReader(lines)))(t)
	of := map[history.ID]int{}
	for _, e := range o.History.Events {
		if e.F == history.FConnected {
			of[e.Session] = e.Client
		}
	}
	maker = -1
	for _, txn := range txns {
		switch {
		case txn.Path != path || txn.Error != 0:
		case strings.HasPrefix(txn.Type, "create"):
			maker = of[txn.Session]
		case txn.Type == "delete" && txn.Session == session && txn.Zxid == zxid:
			return maker, of[txn.Session], txn.Zxid
		}
	}
	t.Fatalf("session %s deleted nothing at %s by %s", session, path, zxid)
	return 0, 0, 0
}
