package shell

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A server hides the digests of passwords from clients that may not change the permissions: a copy
// would grant permissions to a user that nobody can authenticate as.
func TestMaskedPermissionsAreNotCopied(t *testing.T) {
	virtually(t, func(b *bench) {
		owner := b.client()
		must.Do(t, owner.AddAuth(b.ctx, client.Credential{Scheme: "digest", Auth: []byte("me:secret")}))
		acl := []wire.ACL{
			{Perms: wire.PermAll, ID: wire.ID{Scheme: "auth"}},
			{Perms: wire.PermAll &^ wire.PermAdmin, ID: wire.ID{Scheme: "world", ID: "anyone"}},
		}
		for _, path := range []string{"/a", "/a/b"} {
			if _, _, err := owner.Create(b.ctx, path, nil, acl, wire.Persistent, 0); err != nil {
				t.Fatal(err)
			}
		}
		b.script(`
			cp /a /copy
			4 /a: digest:me:x
			cp -r /a /copy
			4 authenticate with auth
			mv /a/b /moved
			4 mv /a/b: digest:me:x
			ls /
			= a\nzookeeper\n
			auth digest me:secret
			cp -r /a /copy
			mv /a/b /moved
			acl get /moved
			> ^digest:me:.{28}:cdrwa$
			acl get /copy
			> ^digest:me:.{28}:cdrwa$
		`)
	})
}

// Another ensemble is read and written like the shell's own.
func TestCopiesBetweenEnsembles(t *testing.T) {
	virtually(t, func(b *bench) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true, Latency: time.Millisecond, Nodes: 1}))(t)
		defer e.Close()
		var asked []string
		b.Other = func(_ context.Context, servers string) (*client.Client, error) {
			asked = append(asked, servers)
			if servers == "gone:1" {
				return nil, client.ErrNoServer
			}
			other := &bench{T: b.T, ctx: b.ctx, addrs: e.Addrs(), dial: e.Dial}
			return other.client(), nil
		}
		b.script(`
			create /a one; create /a/b two; create -e /a/mine; create --acl world:anyone:rd /a/c three
			cp -r /a other:1,other:2/copy
			= left out 1 ephemeral znodes\n
			diff /a other:1/copy
			=
			ls /
			= a\nzookeeper\n
			cp -r /a other:1/copy
			2 create /copy: it exists already
			cp -r other:1/copy/c /back
			acl get /back
			= world:anyone:dr\n
			cp --no-acl other:1/copy/c /open
			acl get /open
			= world:anyone:cdrwa\n
			cp -r other:1/none /x
			1 read /none: no such znode
			cp -r gone:1/a /x
			3 gone:1: no server answers
			cp /a other:1/no/parent
			1 create /no/parent
			set /a/b changed
			diff /a other:1/copy
			1
			cp -r other:1 /whole
			ls /whole
			= copy\n
			cp /a ./with:1
			ls
			> ^with:1$
		`)
		if asked[0] != "other:1,other:2" {
			t.Error(asked)
		}
		file := t.TempDir() + "/x.json"
		b.script("export other:1/copy " + file + "\nimport " + file + " other:1/again\ndiff other:1/copy other:1/again\n=")
	})
}

// An export of a subtree with masked permissions succeeds only if permissions are left out.
func TestMaskedPermissionsAreNotExported(t *testing.T) {
	virtually(t, func(b *bench) {
		file := t.TempDir() + "/x.json"
		b.script(`
			create /a x; acl set /a digest:me:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:r,world:anyone:cdrw; create /b x; acl set /b world:anyone:cdrw,digest:me:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:r
			export /a ` + file + `
			4 export /a: digest:me:x
			export --no-acl /a ` + file + `
			diff /a ` + file + `
			=
			import ` + file + ` /c
			acl get /c
			= world:anyone:cdrwa\n
			cp --no-acl /a /d
			diff /a /b
			1
			diff --no-acl /a /b
			=
			diff /a /a
			> ^1 lists of permissions were compared without hashes
		`)
	})
}

// Changes of permissions while a subtree is read for a move are not lost.
func TestMoveSeesPermissionsChange(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a x; create /a/b y")
		all := must.Get(b.movable(b.ctx, "/a"))(t)
		b.script("acl set /a/b world:anyone:rwda")
		if err := b.moveRead(b.ctx, all, "/a", "/c"); Code(err) != Conflict || !strings.Contains(err.Error(), "/a/b") {
			t.Error(err)
		}
		b.script("mv /a /c\nacl get /c/b\n= world:anyone:drwa\\n")
	})
}
