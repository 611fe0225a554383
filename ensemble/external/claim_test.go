package external

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// claimServers starts servers that expire sessions fast, and returns a Config for them. It takes place in real time
// because a Config connects over the network only.
func claimServers(t *testing.T) (*embedded.Ensemble, Config) {
	t.Helper()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
	t.Cleanup(func() { e.Close() })
	return e, Config{Servers: e.Addrs()}
}

func claim(t *testing.T, c Config) *Claim {
	t.Helper()
	k := must.Get(c.Claim(t.Context()))(t)
	return k
}

// namesIn returns the children of the root beside ZooKeeper's own.
func namesIn(t *testing.T, conn *zk.Conn) []string {
	t.Helper()
	names, _, err := conn.Children("/")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "zookeeper" })
}

// kill ends the program of a claim as SIGKILL would, once the servers have noticed.
func (k *Claim) kill(t *testing.T) {
	t.Helper()
	k.stop()
	k.conn.Close() // ends the session, which removes the mark
	<-k.ended
}

// A claim of a program that runs is left alone, and that of one that was killed is removed with all that is in it.
func TestClaimsOfOthers(t *testing.T) {
	_, c := claimServers(t)
	killed, runs := claim(t, c), claim(t, c)
	must.Get(killed.conn.Create(killed.Path+"/zklab", nil, 0, zk.WorldACL(zk.PermAll)))(t)
	killed.kill(t)
	another := claim(t, c)
	found, running, err := Abandoned(t.Context(), c, false)
	if err != nil || !slices.Equal(found, []string{killed.Path}) || !slices.Contains(running, runs.Path) || len(running) != 2 {
		t.Errorf("found %q, running %q: %v", found, running, err)
	}
	if names := namesIn(t, another.conn); len(names) != 3 {
		t.Errorf("after a look there are %q", names)
	}
	removed, running, err := another.Abandoned(t.Context())
	if err != nil || !slices.Equal(removed, []string{killed.Path}) || !slices.Equal(running, []string{runs.Path}) {
		t.Errorf("removed %q, running %q: %v", removed, running, err)
	}
	if names := namesIn(t, another.conn); len(names) != 2 {
		t.Errorf("there are %q", names)
	}
	must.Do(t, errors.Join(runs.Close(), another.Close()))
	removed, running, err = Abandoned(t.Context(), c, true)
	if err != nil || len(removed)+len(running) > 0 {
		t.Errorf("after the ends: removed %q, running %q: %v", removed, running, err)
	}
}

// A program whose session has expired marks its znode again. If another one removed the znode before, it is told.
func TestClaimWhoseSessionExpired(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		e, c := claimServers(t)
		k := claim(t, c)
		first := k.conn.SessionID()
		remover := claim(t, c)
		if meanwhile { // as if it were cut off: its mark is gone, and it has not noticed
			must.Do(t, remover.conn.Delete(k.mark(), -1))
			if removed, _, err := remover.Abandoned(t.Context()); err != nil || !slices.Equal(removed, []string{k.Path}) {
				t.Fatal(removed, err)
			}
		}
		must.Do(t, e.ExpireSession(t.Context(), first))
		if meanwhile {
			if err := <-k.Lost(); !errors.Is(err, ErrClaimLost) {
				t.Error(err)
			}
		} else {
			for owner := first; owner == first || owner == 0; time.Sleep(10 * time.Millisecond) {
				owner, _ = k.owner()
			}
			if removed, running, err := remover.Abandoned(t.Context()); err != nil || len(removed) > 0 || len(running) != 1 {
				t.Errorf("removed %q, running %q: %v", removed, running, err)
			}
		}
		if err := errors.Join(k.Close(), remover.Close()); err != nil {
			t.Error(err)
		}
	}
}
