package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A znode whose reply is larger than the shell accepts does not end an operation on a tree: the shell names
// the znode, does the rest, and reports the failure in its exit code. With --max-frame the shell accepts the
// reply.
func TestLargeZnodes(t *testing.T) {
	e := must.Get(embedded.Start(embedded.Config{Nodes: 1, MaxRequest: 4 << 20}))(t)
	t.Cleanup(func() { e.Close() })
	c := must.Get(client.Connect(t.Context(), client.Config{Servers: e.Addrs()}))(t)
	defer c.Close()
	for path, data := range map[string][]byte{"/a": nil, "/b": nil} {
		if _, _, err := c.Create(t.Context(), path, data, client.Anyone, wire.Persistent, 0); err != nil {
			t.Fatal(err)
		}
	}
	for path, data := range map[string][]byte{"/a/big": bytes.Repeat([]byte("needle\n"), 400_000), "/a/ok": []byte("needle"), "/b/ok": []byte("needle")} {
		if _, _, err := c.Create(t.Context(), path, data, client.Anyone, wire.Persistent, 0); err != nil {
			t.Fatal(err)
		}
	}
	shell := func(command string, flags ...string) (code int, said string) {
		t.Helper()
		var out bytes.Buffer
		code = runZklab(append([]string{"shell", e.Addrs()[0], "-c", command}, flags...), &out, &out)
		return code, out.String()
	}
	const hint = "/a/big: the reply has 2800"
	file := filepath.Join(t.TempDir(), "x.json")
	for _, tt := range []struct {
		command string
		code    int // with --max-frame
		want    string
	}{
		{"cat /a/big", 0, hint},
		{"export /a " + file, 0, hint},
		{"grep -l needle /a", 0, "/a/ok\n"},
		{"diff /a /b", 1, hint},
		{"cp -r /a /c", 2, hint}, // the second time, the znode already exists
		{"tree /a", 0, ""},
	} {
		code, said := shell(tt.command)
		if tt.want != "" && (code != 3 || !strings.Contains(said, hint) || !strings.Contains(said, tt.want) || !strings.Contains(said, "--max-frame 2800")) {
			t.Errorf("%s: exit code %d, %q", tt.command, code, said)
		}
		if code, said := shell(tt.command, "--max-frame", "3000000"); code != tt.code || strings.Contains(said, hint) {
			t.Errorf("%s with --max-frame: exit code %d, %.200s", tt.command, code, said)
		}
	}
	if code, said := shell("cat /c/ok"); code != 0 || said != "needle" {
		t.Errorf("the rest was not copied: %d, %s", code, said)
	}
	if text, err := os.ReadFile(file); err != nil || !bytes.Contains(text, []byte("/big")) || !bytes.Contains(text, []byte("/ok")) {
		t.Errorf("the export with --max-frame has not both: %v", err)
	}
	if code, said := shell("ls", "--max-frame", "7"); code != usage.ExitUsage || !strings.Contains(said, "--max-frame 7: give a number of bytes") {
		t.Errorf("%d, %s", code, said)
	}
}
