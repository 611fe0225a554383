package shell

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// put creates a znode with the client, whatever its name and data.
func (b *bench) put(path string, data []byte, acl []wire.ACL, mode wire.CreateMode) {
	b.Helper()
	if _, _, err := b.Client.Create(b.ctx, path, data, acl, mode, 0); err != nil {
		b.Fatalf("%q: %v", path, err)
	}
}

// odd creates a subtree with everything that is hard to keep in files.
func (b *bench) odd(root string) {
	b.Helper()
	b.put(root, []byte("root"), nil, wire.Persistent)
	closed := []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "ip", ID: "127.0.0.1"}}, {Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
	for i, name := range []string{
		"plain", "with a space", "%41", "...", "..a", ".hidden", "@data", "@znode.json", "a@b", "A", "a", "é\u202e日", "quote\"'\\", "~", "*", ":", "x.json",
		strings.Repeat("long", 100), strings.Repeat("%", 90), strings.Repeat("long", 100) + "x",
	} {
		b.put(root+"/"+name, []byte(fmt.Sprint(i)), closed, wire.Persistent)
	}
	b.put(root+"/null", nil, nil, wire.Persistent)
	b.put(root+"/empty", []byte{}, nil, wire.Persistent)
	b.put(root+"/bytes", []byte("\xff\x00\n"), nil, wire.Persistent)
	b.put(root+"/text", []byte("\x1b[2J<é>\u2028\r\n"), nil, wire.Persistent)
	deep := root
	for range 30 {
		deep += "/" + strings.Repeat("deep", 60) // together longer than a path of a file system may be
		b.put(deep, []byte("x"), nil, wire.Persistent)
	}
	b.put(root+"/mine", []byte("m"), nil, wire.Ephemeral)
}

// An import from a file or a folder restores what was exported; the same znodes give the same bytes,
// and importing again changes nothing.
func TestExportsAndImports(t *testing.T) {
	virtually(t, func(b *bench) {
		b.odd("/a")
		dir := t.TempDir()
		for _, file := range []string{dir + "/x.json", dir + "/folder/"} {
			b.script(`
				export /a ` + file + `
				> ^56 znodes, 1 of them ephemeral$
				diff /a ` + file + `
				=
				diff --ephemerals ` + file + ` /a
				=
				import --dry-run ` + file + ` /copy
				> ^create /copy$
				> ^create /copy/with a space$
				> ^would create 55 znodes, write the data of 0 and the permissions of 0; 0 are the same already$
				ls /copy
				1
				import ` + file + ` /copy
				= created 55 znodes, wrote the data of 0 and the permissions of 0; 0 were the same already\nleft out 1 ephemeral znodes\n
				diff /a /copy
				=
				diff --ephemerals /a /copy
				1
				import ` + file + ` /copy
				= created 0 znodes, wrote the data of 0 and the permissions of 0; 55 were the same already\nleft out 1 ephemeral znodes\n
				import --ephemerals ` + file + ` /copy
				> ^created 1 znodes
				import --ephemerals ` + file + ` /copy
				> ^created 0 znodes
				diff --ephemerals /a /copy
				=
				export -y /a ` + file + `
				rm -r /copy
				import ` + file + ` /no/parent
				1 -p creates it
				import -p ` + file + ` /no/parent
				diff /no/parent ` + file + `
				=
				rm -r /no
			`)
		}
		first := must.Get(os.ReadFile(dir + "/x.json"))(t)
		b.script("export /a " + dir + "/y.json")
		second, err := os.ReadFile(dir + "/y.json")
		if d := cmp.Diff(string(first), string(second)); d != "" || err != nil {
			t.Error(d, err)
		}
		if !strings.HasPrefix(string(first), `{"format":"zklab znodes","version":1,"znodes":[`+"\n"+`{"path":"","data":{"text":"root"},"acl":[{"scheme":"world"`) || !json.Valid(first) {
			t.Errorf("%.200s", first)
		}
		if strings.ContainsFunc(string(first), func(r rune) bool { return r != '\n' && !harmless(r) }) {
			t.Error("what it has controls a terminal")
		}
		for _, name := range []string{"/x.json", "/folder", "/folder/@znode.json"} {
			if info, err := os.Stat(dir + name); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Error(info.Mode(), err)
			}
		}
		// No temporary file is left beside the written ones.
		if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
			t.Error(left, err)
		}
	})
}

// An import overwrites what differs, leaves what the export does not have, and asks before.
func TestImportOverwrites(t *testing.T) {
	virtually(t, func(b *bench) {
		file := filepath.Join(t.TempDir(), "x.json")
		b.script(`
			create /a one; create /a/b two; create --acl world:anyone:cdrwa,ip:127.0.0.1:r /a/c three
			export /a ` + file + `
			set /a/b changed; acl set /a/c world:anyone:cdrwa; create /a/more; rm /a/b; create /a/b again; set /a/b changed
		`)
		asked := ""
		answer := false
		b.Ask = func(q string) (bool, error) { asked = q; return answer, nil }
		b.script(`
			import ` + file + ` /a
			cat /a/b
			= changed
		`)
		if want := "overwrite the data of 1 znodes and the permissions of 1 at /a?"; asked != want {
			t.Errorf("asked %q, want %q", asked, want)
		}
		asked, answer = "", true
		b.script(`
			import -n ` + file + ` /a
			= set /a/b\nacl set /a/c\nwould create 0 znodes, write the data of 1 and the permissions of 1; 1 are the same already\n
			import --no-acl -n ` + file + ` /a
			= set /a/b\nwould create 0 znodes, write the data of 1 and the permissions of 0; 2 are the same already\n
			diff --no-acl /a ` + file + `
			1
		`)
		if asked != "" {
			t.Error(asked)
		}
		b.script(`
			import -y ` + file + ` /a
			ls /a
			= b\nc\nmore\n
			acl get /a/c
			= world:anyone:cdrwa\nip:127.0.0.1:r\n
			diff /a ` + file + `
			1
			rm /a/more
			diff /a ` + file + `
			=
		`)
		if asked != "" {
			t.Error(asked)
		}
	})
}

// Differences are listed, and reported by the exit code.
func TestDiff(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a one; create /a/b two; create /a/b/c; create /a/z
			create /x one; create --acl world:anyone:r /x/b tw; create /x/b-; create /x/z; create -e /x/e
			diff /a /x
			1
			diff /a /nowhere
			1 no such znode
			diff /a nothing.json
			3 nothing.json
		`)
		b.out.Reset()
		_ = b.Do(b.ctx, "diff /a /x")
		want := "~ /b data (3 bytes, 2 bytes), acl (world:anyone:cdrwa, world:anyone:r)\n- /b/c\n+ /b-\n"
		if b.out.String() != want {
			t.Errorf("%q", &b.out)
		}
		b.JSON = true
		b.out.Reset()
		_ = b.Do(b.ctx, "diff /a /x")
		want = `{"first":"/a","second":"/x","differences":[{"how":"~","path":"/b","what":["data (3 bytes, 2 bytes)","acl (world:anyone:cdrwa, world:anyone:r)"]},{"how":"-","path":"/b/c"},{"how":"+","path":"/b-"}]}` + "\n"
		if b.out.String() != want {
			t.Errorf("%q", &b.out)
		}
	})
}

// Files that are not exports are refused, with the reason.
func TestBadExports(t *testing.T) {
	virtually(t, func(b *bench) {
		dir := t.TempDir()
		file := dir + "/x.json"
		for text, want := range map[string]string{
			``:               "not an export in JSON",
			`[]`:             "not an export in JSON",
			`{"format":"x"}`: "not an export: its format is x",
			`{"format":"zklab znodes","version":2,"znodes":[]}`:                                                    "unsupported version 2: this zklab reads version 1",
			`{"format":"zklab znodes","version":1,"znodes":[]}`:                                                    "the export has no znodes",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"/a","data":null}]}`:                           "has no parent",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null},{"path":"/..","data":{}}]}`:    "invalid path",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null},{"path":"a","data":null}]}`:    "invalid path",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null},{"path":"","data":null}]}`:     "occurs twice",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null,"ttl":5}]}`:                     "unknown field",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":{"txt":"x"}}]}`:                      "unknown field",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":{"text":"x","base64":"eA=="}}]}`:     "both",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null,"owner":"me"}]}`:                "invalid session",
			`{"format":"zklab znodes","version":1,"znodes":[{"path":"","data":null,"acl":[{"permissions":"q"}]}]}`: "the letters cdrwa",
		} {
			must.Do(t, os.WriteFile(file, []byte(text), 0o600))
			b.script("import " + file + " /a\n64 x.json: ")
			if got, _ := b.does("import " + file + " /a"); !strings.Contains(got, want) {
				t.Errorf("%s: no %q in %s", text, want, got)
			}
		}
		b.script(`
			create /a; create /a/b
			export /a ` + dir + `/folder
			64 neither a JSON file nor a folder
			export /a ` + dir + `/
			64 cannot be replaced: not an export
			export /a ` + dir + `/none/x.json
			3 no such file
			export /a ` + dir + `/f/
		`)
		for _, spoil := range []func(string) error{
			func(f string) error { return os.WriteFile(f+"/more", nil, 0o600) },
			func(f string) error { return os.Mkdir(f+"/more", 0o700) },
			func(f string) error { return os.Rename(f+"/b", f+"/c") },
			func(f string) error { return os.Symlink("/etc/passwd", f+"/b/@data2") },
			func(f string) error { return os.Remove(f + "/@export.json") },
			func(f string) error {
				return os.WriteFile(f+"/b/@znode.json", []byte(`{"name":"..","acl":null}`), 0o600)
			},
		} {
			must.Do(t, spoil(dir+"/f"))
			b.script("import " + dir + "/f/ /c\n64 \nexport /a " + dir + "/f/\n64 choose another folder")
			must.Do(t, os.RemoveAll(dir+"/f"))
			b.script("export /a " + dir + "/f/")
		}
	})
}

// Many znodes are created by transactions that servers accept; znodes that are too large are reported
// before anything is written.
func TestBatches(t *testing.T) {
	virtually(t, func(b *bench) {
		file := filepath.Join(t.TempDir(), "x.json")
		b.script("create /a")
		for i := range 2 {
			b.put(fmt.Sprintf("/a/%d", i), []byte(strings.Repeat("x", 900_000)), nil, wire.Persistent)
		}
		// This value fits into a create, with a path of the same length, but not into a transaction.
		most := wire.MaxRequest - alone(client.CreateOp("/a/m", nil, nil, wire.Persistent, 0))
		b.put("/a/m", []byte(strings.Repeat("m", most)), nil, wire.Persistent)
		for i := range 1100 {
			b.put(fmt.Sprintf("/a/small-%04d", i), nil, nil, wire.Persistent)
		}
		var seen strings.Builder
		b.Progress = &seen
		b.script("export /a " + file + "\nimport " + file + " /b\ndiff /a /b\n=\ncp -r /a /c\ndiff /a /c\n=")
		if !strings.Contains(seen.String(), "read: 1000 of 1104 znodes") || !strings.Contains(seen.String(), "written: ") || !strings.HasSuffix(seen.String(), "\r\x1b[K") {
			t.Errorf("%q", seen.String())
		}
		b.script(`
			cp -r /a /longer
			64 (jute.maxbuffer): nothing was written
			ls /longer
			1
			import --jute-maxbuffer 800000 ` + file + ` /d
			64 servers accept 800000
		`)
	})
}

// Below a chroot the paths on the servers are longer than in the shell: transactions fit with the
// longer paths.
func TestBatchesBelowAChroot(t *testing.T) {
	virtually(t, func(b *bench) {
		chroot := "/" + strings.Repeat("chroot", 30)
		b.put(chroot, nil, nil, wire.Persistent)
		b.Client = b.below(chroot)
		b.script("create /a")
		for i := range 560 {
			b.put(fmt.Sprintf("/a/%03d", i), []byte(strings.Repeat("x", 1700)), nil, wire.Persistent)
		}
		b.script(`
			cp -r /a /b
			diff /a /b
			=
			mv /a /c
			64 cp -r, then rm -r
			ls
			= a\nb\n
		`)
	})
}

// A subtree that others change while it is read is reported.
func TestUnsteadySubtreeIsSaid(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a; create /a/b; create /a/c")
		other := b.client()
		for name, c := range map[string]struct {
			do   func() error
			want []string
		}{
			"nothing": {func() error { return nil }, nil},
			"data":    {func() error { _, err := other.Set(b.ctx, "/a/b", nil, -1); return err }, []string{"/a/b"}},
			"new":     {func() error { _, _, err := other.Create(b.ctx, "/a/d", nil, nil, wire.Persistent, 0); return err }, []string{"/a/d"}},
			"gone":    {func() error { return other.Delete(b.ctx, "/a/c", -1) }, []string{"/a/c"}},
			"acl":     {func() error { _, err := other.SetACL(b.ctx, "/a", client.Anyone, -1); return err }, []string{"/a"}},
		} {
			before := must.Get(b.gather(b.ctx, "/a", -1))(t)
			all := must.Get(b.load(b.ctx, before, loading{permissions: true}))(t)
			must.Do(t, c.do())
			must.Do(t, b.Client.Sync(b.ctx, "/a"))
			now := must.Get(b.gather(b.ctx, "/a", -1))(t)
			if d := cmp.Diff(c.want, changed(all, now)); d != "" {
				t.Error(name, d)
			}
		}
		// A command reports it as well: somebody writes as long as the command reads.
		busy, stop := context.WithCancel(b.ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for busy.Err() == nil {
				_, _ = other.Set(busy, "/a/b", []byte("x"), -1)
			}
		}()
		b.script("cp -r /a /copy\n> ^other clients wrote 1 znodes during the read, among them /a/b: the result may mix states of different times$")
		stop()
		<-done
	})
}

// Servers distinguish null from empty data, and so do copies.
func TestNullIsNotEmpty(t *testing.T) {
	virtually(t, func(b *bench) {
		file := filepath.Join(t.TempDir(), "x.json")
		b.put("/null", nil, nil, wire.Persistent)
		b.put("/empty", []byte{}, nil, wire.Persistent)
		b.script("diff /null /empty\n1\nexport /null " + file + "\nimport " + file + " /empty\n> wrote the data of 1 \ndiff /null /empty\n=")
	})
}

// A folder's name is never hidden, never points to another folder, and cannot be mistaken for the name of a
// file beside it.
func TestFolderNames(t *testing.T) {
	for name, want := range map[string]string{
		"plain-1_2=3+4,5.6": "plain-1_2=3+4,5.6",
		".hidden":           "%2Ehidden",
		"..a":               "%2E.a",
		"...":               "%2E..",
		"@data":             "%40data",
		"%41":               "%2541",
		"a b":               "a%20b",
		"é":                 "%C3%A9",
		`a\b:c*`:            "a%5Cb%3Ac%2A",
	} {
		if got := folderName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	long := strings.Repeat("x", longestName)
	if folderName(long) != long || len(folderName(long+"x")) > 255 || folderName(long+"x") == folderName(long+"y") {
		t.Error(folderName(long + "x"))
	}
}
