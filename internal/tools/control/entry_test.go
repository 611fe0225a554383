package control

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/testkit/must"
)

// The entry of an ensemble outlives its process, and then tells that the process has died.
func TestEntries(t *testing.T) {
	dir := place(t)
	log := must.Get(NewLog())(t)
	log.WriteString(strings.Repeat("server 1: leader\n", 1000) + "error: the disk is full\x1b[31m\n")
	log.Close()
	lives := Entry{Name: "lives", Since: time.Now(), Process: owner.Self()}
	dead := Entry{Name: "dead", Since: time.Now(), Process: owner.Self(), Log: log.Name()}
	dead.Process.PID, dead.Process.Start = 1<<30, ""
	for _, e := range []*Entry{&lives, &dead} {
		must.Do(t, e.Write())
	}
	for name, text := range map[string]string{"garbage.json": "\x00", "other.json": `{"name":"dead"}`, "a.txt": "{}"} {
		must.Do(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	all := Entries()
	if len(all) != 2 || all[0].Name != "dead" || all[1].Name != "lives" {
		t.Fatalf("%+v", all)
	}
	if !all[0].Died() || all[1].Died() {
		t.Errorf("died: %v, %v", all[0].Died(), all[1].Died())
	}
	if got := all[0].LastError(); !strings.HasPrefix(got, "error: the disk is full") || strings.Contains(got, "\x1b") {
		t.Errorf("last: %q", got)
	}
	if got := all[1].LastError(); got != "" {
		t.Errorf("without a log: %q", got)
	}

	again := Entry{Name: "dead", Since: time.Now(), Process: owner.Self()}
	must.Do(t, again.Write())
	if dead.Written() || !again.Written() {
		t.Errorf("written: of the dead one %v, of its successor %v", dead.Written(), again.Written())
	}
	if err := again.Remove(); err != nil || again.Written() {
		t.Errorf("removed: %v", err)
	}
	if _, err := os.Stat(dead.Log); err == nil {
		t.Error("its log is left")
	}
	if err := again.Remove(); err != nil {
		t.Errorf("removed again: %v", err)
	}
	must.Do(t, os.Chmod(dir, 0o755))
	if all := Entries(); len(all) > 0 {
		t.Errorf("in a folder for everybody: %+v", all)
	}
}

// A client that ends an ensemble can tell when the answer is complete: the listener is closed then, so
// nothing follows it.
func TestEnd(t *testing.T) {
	place(t)
	l := listen(t, start(t, embedded.Config{Nodes: 1}), "lab")
	conn := must.Get(net.Dial("unix", l.Socket()))(t)
	defer conn.Close()
	must.Get(io.WriteString(conn, "POST /down HTTP/1.1\r\nHost: zk\r\n\r\n"))(t)
	res := must.Get(http.ReadResponse(bufio.NewReader(conn), nil))(t)
	if body, err := io.ReadAll(res.Body); err != nil || int64(len(body)) != res.ContentLength {
		t.Errorf("%d bytes, said are %d: %v", len(body), res.ContentLength, err)
	}
	<-l.Down()
	if a, err := End(t.Context(), l.Socket()); err != nil || len(a.Servers) != 1 { // requested twice
		t.Errorf("%+v, %v", a, err)
	}
}
