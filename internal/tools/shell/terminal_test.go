package shell

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/tools/control"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// paper is a terminal's output, safe for concurrent use.
type paper struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

// since returns what was written since its last call.
func (p *paper) since() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.b.Reset()
	return p.b.String()
}

// Typed commands are run; what happens meanwhile is printed above the prompt, which shows the current
// znode.
func TestInteract(t *testing.T) {
	virtually(t, func(b *bench) {
		in, typing := io.Pipe()
		var out paper
		b.Lab = &Lab{b.e, control.New(b.e)}
		b.Connect = func(context.Context) (*client.Client, error) { return b.client(), nil }
		history := must.Get(OpenHistory(filepath.Join(t.TempDir(), "state", "history")))(t)
		defer history.Close()
		ended := make(chan error)
		go func() {
			ended <- b.Interact(b.ctx, Screen{In: in, Out: &out, History: history, Size: func() (int, int, error) { return 200, 50, nil }})
		}()
		types := func(keys string, want ...string) {
			t.Helper()
			io.WriteString(typing, keys)
			time.Sleep(time.Second)
			synctest.Wait()
			got := out.since()
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("%q: no %q in %q", keys, w, got)
				}
			}
		}
		types("create /app one\r", "\n/app\n", "[127.0.0.1:", "er] /> ")
		types("cat /ap\t\r", "cat /app", "one\n")
		types("create /app/x; create /app/y; cd ap\t\r", "/app> ")
		types("cat /none\r", "error: cat /none: no such znode")
		types("ls \t", "x  y\r\n")
		types("\x03pw\t\r", "/app\n")
		types("watch -p /app\r")
		other := b.client()
		must.Get(other.Set(b.ctx, "/app", []byte("\x1b[2J"), -1))(t)
		types("", "nodeDataChanged /app zxid")
		types("cat /app\r", `\x1b[2J`)
		types("multi\r", "multi> ")
		types("set /app two\rend\r", "/app> ")
		types("rm -r /app\r", "remove /app with 2 znodes below it? [y/N]")
		types("n\r")
		types("cat .\r", "two")
		types("create -e /mine\r")
		types("expire\r", "expired\r\n[session expired] /app> ")
		types("pwd\r", "began a new session", "er] /app> ")
		if _, err := other.Exists(b.ctx, "/mine", false); err != wire.NoNode {
			t.Error(err)
		}
		types("kill all\r", "not connected")
		types("start all\r", "connected 127.0.0.1:")
		types("cat\x12\r", "two")
		types("exit\r")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		b.Client.Close()
		text, err := os.ReadFile(history.file.Name())
		info, _ := os.Stat(history.file.Name())
		if err != nil || !strings.HasPrefix(string(text), "create /app one\n") || strings.Contains(string(text), "\nn\n") || info.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestCompletes(t *testing.T) {
	virtually(t, func(b *bench) {
		dir := t.TempDir()
		must.Do(t, errors.Join(os.Mkdir(dir+"/folder", 0o700), os.WriteFile(dir+"/x.json", nil, 0o600), os.WriteFile(dir+"/other", nil, 0o600), os.Mkdir(dir+"/.git", 0o700)))
		b.script(`create /app; create /app/one; create /app/only; create "/app/o o"; create /apple`)
		for line, want := range map[string]string{
			"cre":                           "create",
			"c":                             "cat cd check count cp create",
			"acl ":                          "get hash set",
			"acl g":                         "get",
			"find --o":                      "--older --owner",
			"ls /ap":                        "/app /apple",
			"ls /app":                       "/app /apple",
			"ls /appl":                      "/apple",
			"ls /app/o":                     "/app/o o /app/one /app/only",
			`ls "/app/o `:                   "/app/o o",
			`ls '/app/o `:                   "/app/o o",
			`ls "/app/o o"`:                 "/app/o o",
			`ls "a b" /appl`:                "/apple",
			"ls; pw":                        "pwd",
			"ls;pw":                         "",
			"ls app/on":                     "app/one app/only",
			"create /x; ls ":                "app apple zookeeper",
			"cat /none/":                    "",
			"pwd ":                          "",
			"kil":                           "",
			"nonsense x":                    "",
			"quota ":                        "get rm set",
			"quota set --h":                 "--hard-bytes --hard-count",
			"export /app " + dir + "/f":     dir + "/folder/",
			"export " + dir + "/f":          "",
			"import " + dir + "/":           dir + "/folder/ " + dir + "/x.json",
			"import -n " + dir + "/x":       dir + "/x.json",
			"import " + dir + "/x.json /ap": "/app /apple",
			"diff /app /appl":               "/apple",
			"diff /app " + dir + "/x":       dir + "/x.json",
			"diff /app /zoo":                "/zookeeper",
			"diff /zoo":                     "/zookeeper/",
			"edit /appl":                    "/apple",
			"who ":                          "",
		} {
			if _, got := b.complete(b.ctx, line); strings.Join(got, " ") != want {
				t.Errorf("%s: %q", line, got)
			}
		}
	})
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	must.Do(t, os.WriteFile(path, []byte(strings.Repeat("old\n", mostLines+5)), 0o600))
	h, err := OpenHistory(path)
	if err != nil || h.Len() != mostLines {
		t.Fatal(h.Len(), err)
	}
	for _, line := range []string{"ls", "ls", "", " secret", "auth digest a:b", "cat /a"} {
		h.Add(line)
	}
	h.Close()
	h, err = OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if got := []string{h.At(0), h.At(1), h.At(2)}; !slices.Equal(got, []string{"cat /a", "ls", "old"}) {
		t.Error(got)
	}
}

// Typed bytes that are not text are left out, and delay nothing; a character may come in parts.
func TestKeys(t *testing.T) {
	for typed, want := range map[string]string{
		"plain":               "plain",
		"a\xffb\r":            "ab\r",
		"é\ufffd日本\x1b[A":     "é日本\x1b[A",
		"\xc3":                "",
		"a\xc3(\xe6\x97\xa5b": "a(日b",
		"x\x03y":              "x\x05\x15y",
	} {
		for name, in := range map[string]io.Reader{"at once": strings.NewReader(typed), "in parts": iotest.OneByteReader(strings.NewReader(typed))} {
			if got, err := io.ReadAll(&keys{in: in, recalled: func() {}}); err != nil || string(got) != want {
				t.Errorf("%q %s: %q, %v", typed, name, got, err)
			}
		}
	}
}

// A command that was done before Ctrl-C, which may have been meant for an editor, is not reported as
// interrupted.
func TestDoneIsNotInterrupted(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a one")
		in, typing := io.Pipe()
		var out paper
		interrupt := func() {}
		b.Editor = func(_ context.Context, file string) error {
			interrupt()
			return os.WriteFile(file, []byte("two"), 0o600)
		}
		ended := make(chan error)
		go func() {
			ended <- b.Interact(b.ctx, Screen{In: in, Out: &out, Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				interrupt = cancel
				return ctx, cancel
			}})
		}()
		io.WriteString(typing, "edit /a\rcat /a\rexit\r")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := out.since(); !strings.Contains(got, "two") || strings.Contains(got, "interrupted") {
			t.Errorf("%q", got)
		}
	})
}
