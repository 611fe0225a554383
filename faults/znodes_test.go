package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// someID is an ID such as zklab's and go-zookeeper's recipes put before a contender's name.
const someID = "0123456789abcdef0123456789abcdef"

// Foreign children, some of which look like the recipe's own, appear in the folder that is in use, and
// are gone after the heal; znodes of recipes stay.
func TestForeign(t *testing.T) {
	inBubble(t, 2, func(l *lab) { foreignChildren(l) })
}

func foreignChildren(l *lab) {
	t := l.t
	l.contend(0, 1)
	l.create(l.folder()+"/"+someID+"-lock-", zk.FlagSequence)
	l.create(l.folder()+"/_c_"+someID+"-lock-", zk.FlagSequence)
	before := l.children()
	e := l.injected(faults.Foreign{})
	must.Do(t, l.verify(e))
	now := l.children()
	for _, like := range []string{"foreign-lock-00000", "_c_foreign-lock-00000", "foreign-c-00000"} {
		if containing(now, like) < 1 {
			t.Errorf("none like %s in %q", like, now)
		}
	}
	if len(now) < len(before)+10 {
		t.Errorf("%q", now)
	}
	owned, _, err := l.target.Admin.Get(l.folder() + "/foreign-lock--0000000001")
	if err != nil || len(owned) == 0 {
		t.Errorf("data %d bytes, %v", len(owned), err)
	}
	l.heal(e)
	if diff := cmp.Diff(before, l.children()); diff != "" {
		t.Error(diff)
	}
	if err := l.verify(e); err == nil {
		t.Error("foreign znodes were seen that are gone")
	}
}

// A folder that was removed and created again has the same version as the one before. The probe whether
// it may be written does not change its data.
func TestACLLeavesARemadeFolderAlone(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		path, admin := l.folder(), l.target.Admin
		l.create(path+"/a", 0)
		e := l.injected(faults.ACL{Lost: faults.MayWrite, Key: "k1"})
		for _, gone := range []string{path + "/a", path} {
			must.Do(t, admin.Delete(gone, -1))
		}
		must.Get(admin.Create(path, []byte("theirs"), 0, zk.WorldACL(zk.PermAll)))(t)
		if err := l.verify(e); err == nil {
			t.Error("nothing is forbidden, and that was not noticed")
		}
		if data, stat, err := admin.Get(path); string(data) != "theirs" || stat.Version != 0 || err != nil {
			t.Errorf("data %q of version %d, %v", data, stat.Version, err)
		}
		l.heal(e)
	})
}

// An object with parts has a folder for each part, in which contenders of its recipe wait.
func TestForeignInAPart(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.target.Activity = faults.NewActivity(models.MultiLock)
		part := l.folder() + "/a"
		l.create(part, 0)
		l.create(part+"/"+someID+"-lock-", zk.FlagSequence)
		e := l.injected(faults.Foreign{})
		names, _, err := l.target.Admin.Children(part)
		if err != nil || containing(names, "foreign") == 0 || len(l.children()) != 1 {
			t.Errorf("in the part: %q (%v); beside it: %q", names, err, l.children())
		}
		l.heal(e)
	})
}

// Foreign znodes are also created in folders that a recipe has made inside its own, and are removed
// there.
func TestForeignInAFolderWithin(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		within := l.folder() + "/jobs"
		l.create(within, 0)
		l.create(within+"/"+someID+"-job-", zk.FlagSequence)
		places := map[string]int{}
		for l.seed = range 20 {
			e := l.injected(faults.Foreign{})
			for _, path := range []string{l.folder(), within} {
				names, _, err := l.target.Admin.Children(path)
				if err != nil {
					t.Fatal(err)
				}
				if containing(names, "foreign") > 0 {
					places[path]++
				}
			}
			l.heal(e)
			if names, _, _ := l.target.Admin.Children(within); len(names) != 1 {
				t.Fatalf("left: %q", names)
			}
		}
		if places[l.folder()] < 3 || places[within] < 3 || places[l.folder()]+places[within] != 20 {
			t.Errorf("%v", places)
		}
	})
}

// If recipes have no folders, foreign znodes are created beside their objects, not in them: a barrier
// with children cannot be lifted.
func TestForeignBesideBarriers(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		e := l.injected(faults.Foreign{})
		must.Do(t, l.verify(e))
		if got := l.children(); len(got) != 0 {
			t.Errorf("in the object: %q", got)
		}
		names, _, _ := l.target.Admin.Children(l.target.Root)
		if containing(names, "foreign") == 0 {
			t.Errorf("beside: %q", names)
		}
		l.heal(e)
		if names, _, _ = l.target.Admin.Children(l.target.Root); len(names) != 1 {
			t.Errorf("left: %q", names)
		}
	})
}

// If a foreign znode cannot be created, those created before it are removed.
func TestForeignThatFails(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.create(l.folder()+"/a", 0)
		ctx, cancel := context.WithCancel(l.t.Context())
		time.AfterFunc(3*time.Millisecond, cancel)
		_, err := faults.Foreign{}.Inject(ctx, l.target, rand.New(rand.NewPCG(1, 1)))
		if err == nil {
			t.Fatal("no error")
		}
		time.Sleep(time.Second)
		if got := l.children(); len(got) != 1 {
			t.Errorf("left: %q", got)
		}
		l.clean()
	})
}

// A client that watches a contender is woken once and finds it unchanged. Znodes that no session owns
// are not touched.
func TestTouch(t *testing.T) {
	inBubble(t, 2, func(l *lab) { touchedContenders(l) })
}

func touchedContenders(l *lab) {
	t := l.t
	own := must.Get(l.clients[0].Create(l.folder()+"/lock-", []byte("mine"), zk.FlagEphemeral|zk.FlagSequence, open))(t)
	l.create(l.folder()+"/marks", 0)
	l.clients[1].catchUp(t)
	_, before, events, err := l.clients[1].GetW(own)
	if err != nil {
		t.Fatal(err)
	}
	_, _, marks, err := l.clients[1].GetW(l.folder() + "/marks")
	if err != nil {
		t.Fatal(err)
	}
	e := l.injected(faults.Touch{})
	must.Do(t, l.verify(e))
	select {
	case event := <-events:
		if event.Type != zk.EventNodeDataChanged {
			t.Errorf("event %+v", event)
		}
	case <-time.After(time.Second):
		t.Error("nobody was woken")
	}
	data, after, err := l.clients[1].Get(own)
	if err != nil || string(data) != "mine" || after.Version != before.Version+1 || after.EphemeralOwner != before.EphemeralOwner {
		t.Errorf("%q %+v %v", data, after, err)
	}
	select {
	case event := <-marks:
		t.Errorf("of what is no contender: %+v", event)
	default:
	}
	l.heal(e)
	must.Do(t, l.clients[0].Delete(own, -1))
	if err := l.verify(e); err != nil {
		t.Errorf("a contender that has gone since: %v", err)
	}
	if _, err := (faults.Touch{}).Inject(t.Context(), l.target, rand.New(rand.NewPCG(1, 1))); !errors.Is(err, faults.ErrNoTarget) {
		t.Errorf("where nobody contends: %v", err)
	}
	l.clean()
}

// Everybody loses exactly the named permissions, which are restored exactly.
func TestACL(t *testing.T) {
	inBubble(t, 1, func(l *lab) { deniedRights(l) })
}

func deniedRights(l *lab) {
	t, c := l.t, l.clients[0]
	l.create(l.folder()+"/a", 0)
	special := []zk.ACL{{Perms: zk.PermAll, Scheme: "world", ID: "anyone"}, {Perms: zk.PermRead, Scheme: "ip", ID: "10.1.2.3"}}
	must.Get(l.target.Admin.SetACL(l.folder(), special, -1))(t)
	can := func() string {
		var words []string
		say := func(word string, err error) {
			if err == nil {
				words = append(words, word)
			} else if !errors.Is(err, zk.ErrNoAuth) {
				t.Errorf("%s: %v", word, err)
			}
		}
		_, err := c.Sync(l.folder())
		say("sync", err)
		_, err = c.Create(l.folder()+"/b", nil, 0, open)
		say("create", err)
		_, _, err = c.Get(l.folder())
		say("read", err)
		_, err = c.Set(l.folder(), nil, -1)
		say("write", err)
		say("delete", c.Delete(l.folder()+"/a", -1))
		return strings.Join(words, " ")
	}
	for lost, want := range map[faults.Permission]string{
		faults.MayCreate: "sync read write delete", faults.MayRead: "sync create write delete", faults.MayWrite: "sync create read delete",
		faults.MayCreateAndDelete: "sync read write", faults.MayDelete: "sync create read write",
	} {
		e := l.injected(faults.ACL{Lost: lost})
		if err := l.verify(e); err != nil {
			t.Errorf("%q: %v", lost, err)
		}
		if got := can(); got != want {
			t.Errorf("%q is lost, and one can %s, want %s", lost, got, want)
		}
		l.heal(e)
		if acl, _, err := l.target.Admin.GetACL(l.folder()); err != nil || !slices.Equal(acl, special) {
			t.Errorf("%q: the ACL is %v, %v", lost, acl, err)
		}
		// A server that has acknowledged a setACL may not know that the leader still goes by the
		// ACL from before it.
		l.awaits(fmt.Sprintf("the loss of %q is seen no more", lost), func() bool { return l.verify(e) != nil })
		l.target.Admin.Delete(l.folder()+"/b", -1)
		l.target.Admin.Create(l.folder()+"/a", nil, 0, open)
	}
	// If a client has created the folder again meanwhile, the new folder keeps its ACL.
	e := l.injected(faults.ACL{})
	must.Get(l.target.Admin.SetACL(l.folder(), open, -1))(t)
	l.heal(e)
	if acl, _, _ := l.target.Admin.GetACL(l.folder()); !slices.Equal(acl, special) {
		t.Errorf("somebody changed the ACL meanwhile, and now it is %v", acl)
	}
}

// Whatever faults create in a folder, even for a moment, is marked as theirs, because somebody who
// copies the folder may see it. Here the folder is a new one by the time of verify, so the ACL fault's
// probe is not refused.
func TestWhatFaultsMakeIsMarked(t *testing.T) {
	inBubble(t, 1, func(l *lab) { markedZnodes(l) })
}

func markedZnodes(l *lab) {
	t, c := l.t, l.clients[0]
	l.create(l.folder()+"/a", 0)
	e := l.injected(faults.ACL{Lost: faults.MayCreate})
	for _, err := range []error{c.Delete(l.folder()+"/a", -1), c.Delete(l.folder(), -1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{l.folder(), l.folder() + "/a"} {
		must.Get(c.Create(path, nil, 0, open))(t)
	}
	if err := l.verify(e); err == nil {
		t.Error("the loss was seen of another folder")
	}
	l.heal(e)
	for _, f := range []faults.Fault{faults.Counter{}, faults.Foreign{}} {
		l.heal(l.injected(f))
	}
	txns := must.Get(l.ensemble.(ensemble.TransactionReader).Transactions(t.Context()))(t)
	made := map[bool]int{}
	for _, txn := range txns {
		name, inside := strings.CutPrefix(txn.Path, l.folder()+"/")
		if !inside || txn.Error != 0 || !strings.HasPrefix(txn.Type, "create") || name == "a" {
			continue
		}
		marked := strings.Contains(name, history.ForeignMark)
		if made[marked]++; !marked {
			t.Errorf("%q is not marked", name)
			break
		}
	}
	if made[true] < 10 {
		t.Errorf("%d were made", made[true])
	}
}

// A folder is replaced in one step: its contenders are gone, but its data stays.
func TestRecreate(t *testing.T) {
	inBubble(t, 2, func(l *lab) { recreatedFolder(l) })
}

func recreatedFolder(l *lab) {
	t := l.t
	l.contend(0, 1)
	l.create(l.folder()+"/marks", 0)
	l.create(l.folder()+"/marks/m", 0)
	must.Get(l.target.Admin.Set(l.folder(), []byte("x"), -1))(t)
	_, before, _ := l.target.Admin.Exists(l.folder())
	e := l.injected(faults.Recreate{})
	must.Do(t, l.verify(e))
	data, after, err := l.target.Admin.Get(l.folder())
	if err != nil || string(data) != "x" || after.NumChildren != 0 || after.Czxid <= before.Czxid {
		t.Errorf("%q %+v %v", data, after, err)
	}
	name, err := l.clients[0].Create(l.folder()+"/c-", nil, zk.FlagSequence, open)
	if err != nil || !strings.HasSuffix(name, "/c-0000000000") {
		t.Errorf("the next is %s, %v", name, err)
	}
	l.heal(e)
}

// A folder that changes all the time is replaced as well.
func TestRecreateABusyFolder(t *testing.T) {
	inBubble(t, 3, func(l *lab) {
		l.create(l.folder()+"/a", 0)
		stop := make(chan struct{})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for last := ""; ; {
				select {
				case <-stop:
					return
				default:
				}
				name, err := l.clients[0].Create(l.folder()+"/c-", nil, zk.FlagSequence, open)
				if err == nil {
					l.clients[0].Delete(last, -1)
					last = name
				}
				time.Sleep(2 * time.Millisecond)
			}
		}()
		for range 10 {
			e, err := l.inject(faults.Recreate{Key: "k1"})
			if err == nil {
				err = l.verify(e)
			}
			if err != nil {
				t.Error(err)
				break
			}
			l.heal(e)
		}
		close(stop)
		<-stopped
	})
}

// Faults of folders find no target if there is no folder, or another fault has claimed it.
func TestNoFolder(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		for _, f := range []faults.Fault{faults.ACL{Lost: faults.MayRead}, faults.Recreate{}, faults.ACL{Key: "k1"}, faults.Foreign{Key: "none"}} {
			if _, err := l.inject(f); !errors.Is(err, faults.ErrNoTarget) {
				t.Errorf("%s of an empty folder: %v", f.Spec(), err)
			}
		}
		l.create(l.folder()+"/a", 0)
		e := l.injected(faults.Foreign{})
		for _, f := range []faults.Fault{faults.ACL{Lost: faults.MayRead}, faults.Recreate{}, faults.Foreign{Key: "k1"}} {
			if _, err := l.inject(f); !errors.Is(err, faults.ErrNoTarget) {
				t.Errorf("%s of a claimed folder: %v", f.Spec(), err)
			}
		}
		l.heal(e)
		admin := l.target.Admin
		l.target.Admin = nil
		for _, f := range []faults.Fault{faults.ACL{}, faults.Recreate{}, faults.Foreign{}} {
			if _, err := l.inject(f); !errors.Is(err, faults.ErrNoTarget) {
				t.Errorf("%s without an admin: %v", f.Spec(), err)
			}
		}
		l.target.Admin = admin
	})
}

// Near its end the counter gives its last numbers, and then no new ones.
func TestCounter(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.create(l.folder()+"/a", 0)
		e := l.injected(faults.Counter{Left: 4})
		if err := l.verify(e); err != nil { // uses up a number
			t.Fatal(err)
		}
		l.heal(e)
		var got []string
		for range 4 {
			name, err := l.clients[0].Create(l.folder()+"/c-", nil, zk.FlagSequence, open)
			if err != nil {
				name = err.Error()
			} else if len(got) == 0 {
				if _, err := l.inject(faults.Counter{Left: 1000}); !errors.Is(err, faults.ErrNoTarget) {
					t.Errorf("the counter fell: %v", err)
				}
			}
			got = append(got, strings.TrimPrefix(name, l.folder()+"/"))
		}
		want := []string{"c-2147483645", "c-2147483647", zk.ErrNodeExists.Error(), zk.ErrNodeExists.Error()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A counter that was not set is not verified.
func TestCounterWithoutEffect(t *testing.T) {
	inBubble(t, 1, func(l *lab) {
		l.create(l.folder()+"/a", 0)
		l.target.Ensemble = unset{l.ensemble}
		e := l.injected(faults.Counter{})
		if err := l.verify(e); err == nil || !strings.Contains(err.Error(), "the next number was 2") {
			t.Errorf("%v", err)
		}
		l.heal(e)
		l.target.Ensemble = l.ensemble
	})
}

// unset is an ensemble that claims to have set a counter but has not.
type unset struct{ ensemble.Ensemble }

func (unset) SetSequence(context.Context, string, int32) error { return nil }
