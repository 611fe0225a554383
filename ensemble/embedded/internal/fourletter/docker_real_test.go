//go:build real

package fourletter

import (
	"context"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestRealWords compares answers with those of a leader and a follower in containers: one client of
// each has an ephemeral znode and watches two paths.
func TestRealWords(t *testing.T) {
	dockertest.Require(t)
	e := must.Get(container.Config{Nodes: 2, Settings: []string{"4lw.commands.whitelist=*"}}.Start(t.Context()))(t)
	t.Cleanup(func() { e.Close() })
	for _, real := range e.Servers() {
		t.Run(string(role(t, real)), func(t *testing.T) { compare(t, real) })
	}
	t.Run("without a majority", func(t *testing.T) { compareStopped(t, e) })
}

func role(t *testing.T, real ensemble.Server) ensemble.Role {
	t.Helper()
	status := must.Get(real.Status(t.Context()))(t)
	return status.Role
}

func compare(t *testing.T, real ensemble.Server) {
	client := occupy(t, real.Addr())
	ours := twin(role(t, real))
	for word := range answers {
		switch word {
		case telnetClose, "stmk", "crst", "srst":
			continue
		case "mntr":
			compareMonitor(t, real, ours)
			continue
		}
		have, _ := Answer(word, ours)
		want := askReal(t, real.Addr(), word)
		if word == "dump" && ours.Role == ensemble.Leader {
			want = askTracked(t, client, real.Addr())
		}
		if word == "envi" {
			have = regexp.MustCompile(`(?m)^go\..*\n`).ReplaceAllString(have, "")
			have, want = keys(have, "="), keys(want, "=")
		}
		if word == "wchc" || word == "wchp" {
			have, want = sorted(have), sorted(want) // their order is that of a hash map
		}
		if diff := cmp.Diff(mask(want), mask(have)); diff != "" {
			t.Errorf("%s (-real +ours):\n%s", word, diff)
		}
	}
	for _, word := range []string{"crst", "srst"} {
		if have, _ := Answer(word, ours); have != askReal(t, real.Addr(), word) {
			t.Errorf("%s: %q", word, have)
		}
	}
}

// aTracked matches a session in a set of the leader's dump.
var aTracked = regexp.MustCompile(`(?m)^[1-9]\d* expire at .*:\n\t0x`)

// askTracked asks for a leader's dump until the session is in one of its sets. Two threads that move a
// session from one tick to the next can remove it from both sets (ExpiryQueue.update locks nothing): a
// request one tick later puts it back.
func askTracked(t *testing.T, c *zk.Conn, addr string) string {
	t.Helper()
	for range 5 {
		if text := askReal(t, addr, "dump"); aTracked.MatchString(text) {
			return text
		}
		time.Sleep(2 * time.Second)
		if _, _, err := c.Exists("/here"); err != nil {
			t.Fatal(err)
		}
	}
	return askReal(t, addr, "dump")
}

// ofJava matches metrics that exist for each znode below the root, or for each queue of a learner.
var ofJava = regexp.MustCompile(`_per_namespace\t|_learner_handler_`)

// compareMonitor fails unless all keys except those of ofJava are in the same order, each with the same
// kind of value.
func compareMonitor(t *testing.T, real ensemble.Server, ours Server) {
	t.Helper()
	have, _ := Answer("mntr", ours)
	haveLines := strings.Split(mask(have), "\n")
	var want []string
	for line := range strings.SplitSeq(mask(askReal(t, real.Addr(), "mntr")), "\n") {
		if !ofJava.MatchString(line) {
			want = append(want, line)
		}
	}
	if diff := cmp.Diff(want, haveLines); diff != "" {
		t.Errorf("mntr (-real +ours):\n%s", diff)
	}
}

// compareStopped pauses the follower: the leader gives up.
func compareStopped(t *testing.T, e ensemble.Ensemble) {
	servers := e.Servers()
	slices.SortFunc(servers, func(a, b ensemble.Server) int { return strings.Compare(string(role(t, b)), string(role(t, a))) })
	leader, follower := servers[0], servers[1]
	if role(t, leader) != ensemble.Leader {
		t.Fatal("the first is not the leader")
	}
	must.Do(t, follower.(ensemble.Pauser).Pause(t.Context()))
	for deadline := time.Now().Add(time.Minute); askReal(t, leader.Addr(), "isro") != "null"; {
		if time.Now().After(deadline) {
			t.Fatal("still serves")
		}
		time.Sleep(100 * time.Millisecond)
	}
	for word := range answers {
		switch word {
		case telnetClose, "stmk", "envi":
			continue
		}
		want := askReal(t, leader.Addr(), word)
		if have, _ := Answer(word, Server{Whitelist: []string{"*"}, TraceMask: DefaultTraceMask}); have != want {
			t.Errorf("%s: %q, want %q", word, have, want)
		}
	}
}

// occupy opens a session with two data watches and an ephemeral znode, for as long as the test runs.
// Its last request has a unique xid.
func occupy(t *testing.T, addr string) *zk.Conn {
	t.Helper()
	c, _, err := zk.Connect([]string{addr}, 30*time.Second, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	must.Get(c.Create("/here", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)))(t)
	for _, path := range []string{"/", "/here"} {
		if _, _, _, err := c.GetW(path); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// twin returns a server with the same facts as the real ones.
func twin(role ensemble.Role) Server {
	s := leader()
	if role == ensemble.Follower {
		asFollower(&s)
	}
	connections := s.Connections()
	s.Connections = func() []Connection { return connections[:2] }
	s.AllSessions = func() []Session { return []Session{{ID: session2, Timeout: 30 * time.Second}} }
	s.EphemeralPaths = func() map[int64][]string { return map[int64][]string{session2: {"/here"}} }
	s.DataWatches = func() map[int64][]string { return map[int64][]string{session2: {"/", "/here"}} }
	s.DataWatchTotals = func() WatchTotals { return WatchTotals{1, 2, 2} }
	return s
}

func askReal(t *testing.T, addr, word string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn := must.Get(new(net.Dialer).DialContext(ctx, "tcp", addr))(t)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	must.Get(io.WriteString(conn, word))(t)
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(word, err)
	}
	return string(text)
}

var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`3\.9\.\d+-\S+, built on (\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}) \d\d:\d\d UTC`), "VERSION"},
	{regexp.MustCompile(`(?m)^0 expire at .*\n`), ""}, // sets that sessions have left
	{regexp.MustCompile(`expire at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}:`), "expire at DATE:"},
	{regexp.MustCompile(`(data\w*Dir)=/.*`), "$1=DIR"},
	{regexp.MustCompile(`server\.\d+=\S*?:`), "server.N=HOST:"},
	{regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+`), "ADDR"},
	{regexp.MustCompile(`0x[0-9a-f]+`), "HEX"},
	{regexp.MustCompile(`lop=[A-Z]+`), "lop=NAME"},
	{regexp.MustCompile(`-?\d+\.\d+(E-\d+)?`), "FLOAT"},
	{regexp.MustCompile(`-?\b\d+\b`), "N"},
}

// mask keeps only the form of values. Connections have no order, so it sorts them.
func mask(text string) string {
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	lines := strings.Split(text, "\n")
	isAddr := func(line string) bool { return strings.Contains(line, "/ADDR") }
	first := slices.IndexFunc(lines, isAddr)
	if first >= 0 {
		last := first
		for last < len(lines) && isAddr(lines[last]) {
			last++
		}
		slices.Sort(lines[first:last])
	}
	return strings.Join(lines, "\n")
}

func sorted(text string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(text, "\n")), "\n")
}
