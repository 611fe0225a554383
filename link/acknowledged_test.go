package link

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The link tells of each acknowledged write what the servers' transactions say of it, also if a fault keeps the reply from the client;
// and nothing of writes that were refused.
func TestAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true}))(t)
		t.Cleanup(func() { e.Close() })
		x := newLab(t, e, labTimeout, 0, dialing)
		var mu sync.Mutex
		var told []Acknowledged
		x.link.cfg.OnAcknowledged = func(a Acknowledged) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, a)
		}
		restricted := 0
		x.link.cfg.OnRestricted = func() { restricted++ }
		root := x.root
		own := must.Get(x.conn.CreateProtectedEphemeralSequential(root+"/n-", []byte("a"), zk.WorldACL(zk.PermAll)))(t)
		must.Get(x.conn.Set(own, []byte("b"), -1))(t)
		if err := x.conn.Delete(root+"/none", -1); err == nil {
			t.Fatal("deleted nothing")
		}
		must.Get(x.conn.Multi(&zk.CreateRequest{Path: root + "/m", Acl: zk.WorldACL(zk.PermAll), Flags: zk.FlagSequence}, &zk.CheckVersionRequest{Path: root, Version: -1}, &zk.DeleteRequest{Path: own, Version: -1}))(t)
		lose := must.Get(x.link.Lose(Rule{What: Reply, Op: wire.Create, Times: 1}))(t)
		_, _ = x.conn.Create(root+"/lost", []byte("c"), 0, zk.WorldACL(zk.PermAll))
		lose.Cancel()
		time.Sleep(time.Second)
		if restricted > 0 {
			t.Errorf("%d requests are said to restrict who may read", restricted)
		}
		mu.Lock()
		defer mu.Unlock()
		if diff := gocmp.Diff(inTransactions(t, e, x), told); diff != "" {
			t.Errorf("(-transactions +told)\n%s", diff)
		}
		mu.Unlock()
		if _, err := x.conn.Create(root+"/closed", nil, 0, zk.DigestACL(zk.PermAll, "joe", "secret")); err != nil || restricted != 1 {
			t.Errorf("a closed znode: %d, %v", restricted, err)
		}
		mu.Lock()
		if len(told) != 5 || len(told[2].Changes) != 2 {
			t.Errorf("%+v", told)
		}
	})
}

// inTransactions returns what the transactions of the lab's client say, in the form of the link.
func inTransactions(t *testing.T, e ensemble.Ensemble, x *lab) (all []Acknowledged) {
	t.Helper()
	txns := must.Get(e.(ensemble.TransactionReader).Transactions(t.Context()))(t)
	s, _ := x.link.Session()
	for _, txn := range txns {
		if txn.Session != history.ID(s.ID) || txn.Error != 0 || txn.Type == "createSession" {
			continue
		}
		a := Acknowledged{Session: txn.Session, Xid: txn.Cxid, Zxid: txn.Zxid}
		parts := txn.Parts
		if len(parts) == 0 {
			parts = []history.Txn{txn}
		}
		for _, p := range parts {
			op := map[string]wire.Op{"create": wire.Create, "setData": wire.SetData, "delete": wire.Delete}[p.Type]
			if op != 0 {
				a.Changes = append(a.Changes, Acked{Op: op, Path: p.Path, Ephemeral: p.Owner != 0, Sequential: strings.HasSuffix(p.Path, fmt.Sprintf("%010d", p.ParentCversion-1))})
			}
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Acknowledged) int { return cmp.Compare(a.Zxid, b.Zxid) })
	return all
}
