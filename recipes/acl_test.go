package recipes_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/recipes"
)

// known returns a client that has authenticated itself. All permissions on its znodes go to
// that user, and others get the given ones.
func known(t *testing.T, e ensemble.Ensemble, user string, others ...zk.ACL) *client {
	t.Helper()
	c := newClient(t, e, recipes.WithACL(append(others, zk.DigestACL(zk.PermAll, user, "secret")...)...))
	if err := c.conn.AddAuth("digest", []byte(user+":secret")); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryZnodeHasTheACL uses each recipe with a client of its own, checks every znode that was
// ever created, and lets a stranger use what is left.
func TestEveryZnodeHasTheACL(t *testing.T) {
	for _, u := range recipeUses {
		for name, others := range map[string][]zk.ACL{u.made: nil, u.made + ", with others who read": zk.WorldACL(zk.PermRead)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				simulated(t, func(t *testing.T, e ensemble.Ensemble) { useAsOwnerAndStranger(t, e, u, others) })
			})
		}
	}
}

func useAsOwnerAndStranger(t *testing.T, e ensemble.Ensemble, u recipeUse, others []zk.ACL) {
	owner, stranger := known(t, e, "owner", others...), known(t, e, "stranger")
	acl := append(slices.Clone(others), zk.DigestACL(zk.PermAll, "owner", "secret")...)
	if _, err := owner.conn.Create("/theirs", nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatal(err)
	}
	const path = "/theirs/a/b"
	use := func() {
		t.Helper()
		for _, s := range u.steps(owner.s, path) {
			within(t, s.name, s.do)
		}
	}
	use()
	made := onlyFor(t, e, "/theirs/", acl)
	if made < 3 {
		t.Errorf("only %d znodes were made", made)
	}
	if acl, _, err := owner.conn.GetACL("/theirs"); err != nil || !slices.Equal(acl, zk.WorldACL(zk.PermAll)) {
		t.Errorf("a parent that was there has %v now (%v)", acl, err)
	}
	refusedAll(t, u, stranger.s, path, others != nil)
	if n := onlyFor(t, e, "/theirs/", acl); n != made {
		t.Errorf("the stranger made %d znodes", n-made)
	}
	use()
}

// onlyFor checks the ACL of every znode that was created below a path, and returns how
// many there were.
func onlyFor(t *testing.T, e ensemble.Ensemble, below string, acl []zk.ACL) (made int) {
	t.Helper()
	txns, err := e.(*embedded.Ensemble).Transactions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for ; len(txns) > 0; txns = txns[1:] {
		x := txns[0]
		if x.Error != 0 {
			continue
		}
		txns = append(txns, x.Parts...)
		if !strings.HasPrefix(x.Type, "create") || !strings.HasPrefix(x.Path, below) {
			continue
		}
		made++
		var want []history.TxnACL
		for _, a := range acl {
			want = append(want, history.TxnACL(a))
		}
		if !slices.Equal(x.ACL, want) {
			t.Errorf("%s is for %v", x.Path, x.ACL)
		}
	}
	return made
}

// ownErrors lists the errors of calls that need no permission.
var ownErrors = []error{recipes.ErrNotHeld, recipes.ErrNotJoined, recipes.ErrOutside, recipes.ErrNoJob, recipes.ErrEmpty, recipes.ErrNotRegistered}

// refusedAll makes all calls as a client that has no permissions, or only those of a reader:
// it may then wait for something that only others may do.
func refusedAll(t *testing.T, u recipeUse, cl *recipes.Client, path string, reads bool) {
	t.Helper()
	refusals := 0
	for _, step := range u.steps(cl, path) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), map[bool]time.Duration{false: patience, true: 300 * time.Millisecond}[reads])
		err := step.do(ctx)
		cancel()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", step.name, took)
		}
		switch refusal, is := errors.AsType[*recipes.Refusal](err); {
		case step.name == "" || step.name == "close":
			if err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
		case is:
			refusals++
			if !noEffect(err) || !errors.Is(err, zk.ErrNoAuth) {
				t.Errorf("%s may have had an effect: %v", step.name, err)
			}
			if call, ok := errors.AsType[*recipes.Error](err); !ok || !strings.HasPrefix(refusal.Path, "/theirs/") || refusal.Request == "multi" || call.Op == "" {
				t.Errorf("%s: %v says not what of what", step.name, err)
			}
		case reads && (err == nil || errors.Is(err, context.DeadlineExceeded)):
		case err == nil:
			t.Errorf("%s succeeded", step.name)
		case !slices.ContainsFunc(ownErrors, func(own error) bool { return errors.Is(err, own) }):
			t.Errorf("%s: %v", step.name, err)
		}
	}
	if refusals == 0 {
		t.Error("nothing was refused")
	}
}

// TestWithoutACLZnodesAreForEverybody checks the default.
func TestWithoutACLZnodesAreForEverybody(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e)
		l := recipes.NewLock(c.s, "/a/lock")
		within(t, "lock", l.Lock)
		for _, path := range []string{"/a", "/a/lock"} {
			if acl, _, err := c.conn.GetACL(path); err != nil || !slices.Equal(acl, zk.WorldACL(zk.PermAll)) {
				t.Errorf("%s: %v, %v", path, acl, err)
			}
		}
		within(t, "close", l.Close)
	})
}

// TestRightsOutliveConnectionAndSession first loses the connection, and then the
// session.
func TestRightsOutliveConnectionAndSession(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e, recipes.WithACL(zk.AuthACL(zk.PermAll)...))
		if err := c.conn.AddAuth("digest", []byte("owner:secret")); err != nil {
			t.Fatal(err)
		}
		l, q := recipes.NewLock(c.s, "/a/lock"), recipes.NewQueue(c.s, "/a/queue")
		renew := func() {
			id := c.s.ID()
			c.expire()
			eventually(t, "the next session", func() bool { return c.s.ID() != id && c.s.ID() != 0 })
		}
		for _, end := range []func(){func() {}, func() { c.link.Cut() }, renew, func() { c.link.Cut() }} {
			id := c.conn.SessionID()
			within(t, "lock", l.Lock)
			within(t, "put", with(q.Put, someItem))
			lost := l.Lost()
			end()
			within(t, "put again", with(q.Put, someItem))
			if c.conn.SessionID() != id {
				<-lost
				continue
			}
			within(t, "unlock", l.Unlock)
		}
		within(t, "close", l.Close)
		within(t, "close", q.Close)
		if n := onlyFor(t, e, "/a", zk.DigestACL(zk.PermAll, "owner", "secret")); n < 8 {
			t.Errorf("only %d znodes were made", n)
		}
	})
}

// TestBadACLIsRefused grants rights on znodes to the identity that the session has proved, of
// which there is none.
func TestBadACLIsRefused(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		for _, acl := range [][]zk.ACL{nil, zk.AuthACL(zk.PermAll)} {
			c := newClient(t, e, recipes.WithACL(acl...))
			l := recipes.NewLock(c.s, "/a/lock")
			if err := l.Lock(t.Context()); !errors.Is(err, zk.ErrInvalidACL) || !noEffect(err) {
				t.Errorf("ACL %v: %v", acl, err)
			}
			within(t, "close", l.Close)
		}
	})
}

// TestWhatCannotBeRemoved takes away the right to remove a contender: Close does not wait for
// a right that may never come back, and the contender is removed when it does.
func TestWhatCannotBeRemoved(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		c := newClient(t, e)
		l := recipes.NewLock(c.s, "/lock")
		within(t, "lock", l.Lock)
		rights := func(perms int32) {
			t.Helper()
			if _, err := c.conn.SetACL("/lock", zk.WorldACL(perms), -1); err != nil {
				t.Fatal(err)
			}
		}
		rights(zk.PermRead | zk.PermCreate | zk.PermAdmin)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		refusal := new(recipes.Refusal)
		if err := l.Close(ctx); !errors.As(err, &refusal) || refusal.Request != "delete" {
			t.Errorf("close: %v", err)
		}
		rights(zk.PermAll)
		within(t, "close again", func(ctx context.Context) error {
			for ; ; time.Sleep(time.Millisecond) {
				if err := l.Close(ctx); !errors.Is(err, zk.ErrNoAuth) {
					return err
				}
			}
		})
		if left := c.children("/lock"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}
