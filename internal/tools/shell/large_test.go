package shell

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Every command that carries values handles one as large as servers accept.
func TestLargeValues(t *testing.T) { virtually(t, largeValues) }

func largeValues(b *bench) {
	// This is the largest value that one request can write: with one byte more, servers would refuse
	// it.
	path := b.chroot + "/large"
	room := wire.MaxRequest - alone(client.CreateOp(path, nil, nil, wire.Persistent, 0))
	value := strings.Repeat("\x00\xff\n", room)[:room]
	holds := func(path, want string) {
		b.Helper()
		if got, code := b.does("cat " + path); code != OK || got != want {
			b.Errorf("cat %s: %d bytes, %d", path, len(got), code)
		}
	}
	b.In = strings.NewReader(value)
	b.script("create /large -\nstat /large\n> ^  bytes +" + fmt.Sprint(room))
	holds("/large", value)

	json, folder := b.TempDir()+"/x.json", b.TempDir()+"/x/"
	b.script(strings.NewReplacer("JSON", json, "FOLDER", folder).Replace(`
		cp /large /copy
		diff /large /copy
		=
		export /large JSON
		export /large FOLDER
		import JSON /json
		import FOLDER /files
		diff /large /json
		=
		diff /files JSON
		=
		grep -l nothing /large
		1
		mv /large /moved
		64 the request would have
		create /t; cp /large /t/a; cp /large /t/b
		cp -r /t /u
		diff /t /u
		=
		rm -r /t /u
	`))

	edited := strings.Repeat("e", 1_000_000)
	b.Editor = func(_ context.Context, file string) error { return os.WriteFile(file, []byte(edited), 0o600) }
	b.script("edit /copy\n64 its data are not text\nset /copy x; edit /copy")
	holds("/copy", edited)

	half := strings.Repeat("h", 500_000)
	b.script("multi; set /copy " + half + "; set /json " + half + "; check /copy 3; end")
	holds("/copy", half)
	holds("/json", half)

	b.Shell = &Shell{Client: b.Client, Dial: b.dial, Out: &b.out, In: strings.NewReader(value + strings.Repeat("x", 100))}
	b.script("set /large -\n3 servers accept 1048575 unless jute.maxbuffer says otherwise\nstat /large\n> ^  version +0 ")
	holds("/large", value) // the session, or a new one, still works
	b.script("multi; set /copy " + edited + "; set /json " + edited + "; end\n3 servers accept 1048575\ncheck /copy 2\n64 check works only in a multi")
	holds("/copy", half)
}
