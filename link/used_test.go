package link

import (
	"errors"
	"testing"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// The link knows for each key in which sessions its client sent requests, and in which it created ephemeral
// znodes, during the present operation.
func TestUsed(t *testing.T) {
	inLab(t, func(t *testing.T, x *lab) {
		x.link.cfg.Root = x.root
		second := x.open(x.servers, x.link.Dial)
		defer second.Close()
		of := map[*zk.Conn]history.ID{x.conn: history.ID(x.conn.SessionID()), second: history.ID(second.SessionID())}
		create := func(conn *zk.Conn, path string, flags int32, want error) {
			t.Helper()
			if _, err := conn.Create(x.root+"/"+path, nil, flags, zk.WorldACL(zk.PermAll)); !errors.Is(err, want) {
				t.Fatalf("create %s: %v, want %v", path, err, want)
			}
		}
		want := func(key string, all ...history.Use) {
			t.Helper()
			if d := cmp.Diff(all, x.link.Used(key), cmpopts.IgnoreFields(history.Use{}, "Alive", "Seen"), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%s: %s", key, d)
			}
		}
		want("k")
		x.link.Operation("acquire")
		create(x.conn, "k", 0, nil)
		want("k", history.Use{Session: of[x.conn]})
		want("j")
		create(second, "k/a", zk.FlagEphemeral, nil)
		create(x.conn, "k/a", zk.FlagEphemeral, zk.ErrNodeExists)
		want("k", history.Use{Session: of[x.conn]}, history.Use{Session: of[second], Made: true})
		x.link.Operation("release")
		must.Get(x.conn.Multi(&zk.CreateRequest{Path: x.root + "/k/b", Acl: zk.WorldACL(zk.PermAll), Flags: zk.FlagEphemeral}))(t)
		want("k", history.Use{Session: of[x.conn], Made: true}, history.Use{Session: of[second]})
		if _, _, err := second.Exists(x.root + "/j/deep"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := second.Exists("/"); err != nil {
			t.Fatal(err)
		}
		want("j", history.Use{Session: of[second]})
	})
}

// A link that has carried only one session does not record its use.
func TestUsedOfOneSession(t *testing.T) {
	inLab(t, func(t *testing.T, x *lab) {
		x.link.cfg.Root = x.root
		must.Do(t, x.create("k"))
		if all := x.link.Used("k"); all != nil {
			t.Errorf("it was used: %v", all)
		}
	})
}
