//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
)

// documented returns the lines of the session in docs/adapter-protocol.md.
func documented(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile("../docs/adapter-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```session\n")
	session, _, found := strings.Cut(rest, "\n```")
	if !found {
		t.Fatal("no session in docs/adapter-protocol.md")
	}
	return strings.Split(session, "\n")
}

// docs/adapter-protocol.md shows a session exactly as with a real worker.
func TestWorkerSpeaksAsDocumented(t *testing.T) {
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	cmd := exec.Command("zklab", "worker")
	in, out := pipesOf(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	answers := bufio.NewReader(out)
	var session int64 // of the latest hold
	for _, l := range documented(t) {
		mark, text, _ := strings.Cut(strings.TrimSpace(l), " ")
		switch mark {
		case "→":
			text = strings.Replace(text, `["127.0.0.1:2181"]`, encoded(t, e.Addrs()), 1)
			if _, err := io.WriteString(in, text+"\n"); err != nil {
				t.Fatal(err)
			}
		case "←":
			got, err := answers.ReadBytes('\n')
			if err != nil {
				t.Fatalf("instead of %s: %v", text, err)
			}
			if diff := cmp.Diff(plain(t, []byte(text)), plain(t, got)); diff != "" {
				t.Errorf("documented is (-), said is (+):\n%s", diff)
			}
			if m := sessionOf.FindSubmatch(got); m != nil {
				session, _ = strconv.ParseInt(string(m[1]), 16, 64)
			}
		case "here":
			stopUntilExpired(t, cmd.Process, e, session)
		default:
			t.Fatalf("not a line of a session: %q", l)
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func pipesOf(t *testing.T, cmd *exec.Cmd) (io.WriteCloser, io.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	return in, out
}

var sessionOf = regexp.MustCompile(`"session":"0x([0-9a-f]+)"`)

// stopUntilExpired stops a process, and continues it when its session has expired.
func stopUntilExpired(t *testing.T, p *os.Process, e *embedded.Ensemble, session int64) {
	t.Helper()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := e.ExpireSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// varies matches numbers, which differ from run to run, and the version.
var varies = regexp.MustCompile(`0x[0-9a-f]+|zklab (v\d[^ "]*|\(devel\))`)

func plain(t *testing.T, b []byte) (v any) {
	t.Helper()
	b = varies.ReplaceAll(bytes.TrimSpace(b), []byte("…"))
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}
