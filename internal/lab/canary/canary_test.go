package canary

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/store"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// front is a proxy of a server. Connections of clients go through dial; four-letter words go directly to the
// server.
func front(t *testing.T, server string, dial zk.Dialer) string {
	t.Helper()
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go bridge(client, server, dial)
		}
	}()
	return l.Addr().String()
}

func bridge(client net.Conn, server string, dial zk.Dialer) {
	defer client.Close()
	r := bufio.NewReader(client)
	first, err := r.Peek(1)
	if err != nil {
		return
	}
	requests := io.Reader(late{r})
	if first[0] >= 'a' { // a four-letter word; the length of a frame begins with a smaller byte
		dial, requests = net.DialTimeout, r
	}
	behind, err := dial("tcp", server, time.Second)
	if err != nil {
		return
	}
	defer behind.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, behind)
	}()
	_, _ = io.Copy(behind, requests)
}

// late reads a little late, as from a distant client. So between a client's read and the compare-and-set after it,
// there is time for the writes of others.
type late struct{ io.Reader }

func (l late) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	time.Sleep(10 * time.Millisecond)
	return n, err
}

// checked checks one server, in real time, since a check connects only over the network. Its rate is so high that a
// moment is enough.
func checked(t *testing.T, addr string, page func(text string)) *Result {
	t.Helper()
	var k *Check
	r, err := Run(t.Context(), Config{
		Servers: external.Config{Servers: []string{addr}}, For: 6 * time.Second, Rate: 100, Out: t.TempDir(), SessionTimeout: 4 * time.Second,
		OnEvent: func(e Event) { t.Log(e) },
	}, func(begun *Check) error { k = begun; return nil })
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	must.Do(t, k.WriteMetrics(&b))
	page(b.String())
	return r
}

// Each defect of a server is found by a property of an object, and none is found in a healthy server.
func TestWrongServersAreConvicted(t *testing.T) {
	for _, wrong := range []struct {
		kind  corruptproxy.Corruption
		found string // a property that finds the defect
	}{
		{"", ""},
		{corruptproxy.TornRead, "plain-reads"},
		{corruptproxy.VersionIgnored, "zxid-order"},
		{corruptproxy.DoneTwice, "durable"},
		{corruptproxy.Unanswered, "answers"},
		{corruptproxy.ReadBack, "plain-reads"},
	} {
		t.Run(string(wrong.kind), func(t *testing.T) {
			t.Parallel()
			e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
			defer e.Close()
			addr := e.Addrs()[0]
			if wrong.kind != "" {
				addr = front(t, addr, corruptproxy.New(wrong.kind).Dialer(net.DialTimeout))
			}
			r := checked(t, addr, func(text string) {
				if wrong.kind == "" {
					parsed(t, text)
				}
			})
			var violated []string
			for _, o := range r.Objects {
				violated = append(violated, o.Violated...)
			}
			switch {
			case wrong.kind == "" && r.Verdict == checker.Violation:
				t.Errorf("a healthy server is accused: %q", violated)
			case wrong.kind != "" && (r.Verdict != checker.Violation || !slices.Contains(violated, wrong.found)):
				t.Errorf("%s, violated are %q, want %s", r.Verdict, violated, wrong.found)
			}
		})
	}
}

// A check begins while a server is down, and tells when it serves again.
func TestBeginsWithoutAServer(t *testing.T) {
	t.Parallel()
	e := must.Get(embedded.Start(embedded.Config{Nodes: 3}))(t)
	defer e.Close()
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	down := e.Server(leader.ID()%3 + 1)
	must.Do(t, down.Kill(t.Context()))
	c := Config{Servers: external.Config{Servers: e.Addrs()}, For: 3 * time.Second, Rate: 10, Out: t.TempDir(), SessionTimeout: 4 * time.Second}
	r, err := Run(t.Context(), c, func(*Check) error { return down.Start(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, v := range r.Events {
		if v.Server == down.ID() {
			kinds = append(kinds, v.Kind)
		}
	}
	if !slices.Equal(kinds, []string{Gone, Back}) || r.Verdict == checker.Violation || len(r.Warnings) > 0 {
		t.Errorf("%s, warnings %q, events of the server %q, want gone and back", r.Verdict, r.Warnings, kinds)
	}
	for id := range e.Servers() {
		must.Do(t, e.Server(id+1).Kill(t.Context()))
	}
	if _, err := Run(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("%v of servers that are all down", err)
	}
}

// parsed parses the metrics as Prometheus does (text format 0.0.4), and compares some of them.
func parsed(t *testing.T, text string) {
	t.Helper()
	var (
		comment = regexp.MustCompile(`^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$`)
		sample  = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? (\S+)$`)
	)
	kinds, helped, values := map[string]string{}, map[string]bool{}, map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if c := comment.FindStringSubmatch(line); c != nil {
			if c[1] == "TYPE" && (kinds[c[2]] != "" || !helped[c[2]]) {
				t.Errorf("%q stands twice, or before its HELP", line)
			}
			if helped[c[2]] = true; c[1] == "TYPE" {
				kinds[c[2]] = c[3]
			}
			continue
		}
		s := sample.FindStringSubmatch(line)
		if s == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		name := s[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); kinds[base] == "histogram" {
				name = base
			}
		}
		v, err := strconv.ParseFloat(s[4], 64)
		if _, again := values[s[1]+s[2]]; err != nil || kinds[name] == "" || again {
			t.Errorf("%q: %v, of type %q", line, err, kinds[name])
		}
		values[s[1]+s[2]] = v
	}
	before := 0.
	for _, bound := range append(slices.Clone(bounds), 0) {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		if bound == 0 {
			le = "+Inf"
		}
		n, ok := values[fmt.Sprintf(`zklab_check_operation_duration_seconds_bucket{object="register",le=%q}`, le)]
		if !ok || n < before {
			t.Errorf("the bucket up to %s has %g, the one before it %g", le, n, before)
		}
		before = n
	}
	if n := values[`zklab_check_operation_duration_seconds_count{object="register"}`]; n != before || n != values[`zklab_check_operations_total{object="register",outcome="ok"}`] || n == 0 {
		t.Errorf("there are %g operations, and %g in buckets", n, before)
	}
	if n, ok := values["zklab_check_failovers_total"]; !ok || n != 0 {
		t.Errorf("%g fail-overs", n)
	}
}

// The text of a long fail-over has its times in all their units.
func TestLongFailOver(t *testing.T) {
	f := FailOver{From: 1, To: 2, Took: 30 * time.Second, Waited: 90 * time.Second}
	for text, took := range map[string]time.Duration{"after 2.1 s;": 2100 * time.Millisecond, "after 90.0 s;": 90 * time.Second, "after 2 min 30 s;": 150 * time.Second} {
		if f.Took = took; !strings.Contains(f.String(), text) || !strings.HasSuffix(f.String(), "clients waited 90.0 s") {
			t.Errorf("%s, want %q", f, text)
		}
	}
}

// someServer is one of the servers that are asked.
type someServer struct {
	ensemble.Server
	id int
}

func (s someServer) ID() int      { return s.id }
func (s someServer) Addr() string { return "zk" + strconv.Itoa(s.id) }

// A leader that does not answer in time may go on to lead. That it ceased to lead is told once that is certain: by an
// election, by its own answer, by the end of its process, or by a server that has lost it.
func TestSilentLeader(t *testing.T) {
	type answer struct {
		server int
		role   ensemble.Role
		epoch  int64
		err    error
	}
	late, refused := context.DeadlineExceeded, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		then      []answer
		want      string // the kinds of events
		failOvers int
	}{
		"answers again":                    {[]answer{{1, "", 0, late}, {1, ensemble.Leader, 1, nil}}, "gone back", 0},
		"answers again after another":      {[]answer{{1, "", 0, late}, {2, "", 0, late}, {2, ensemble.Follower, 1, nil}, {1, ensemble.Leader, 1, nil}}, "gone gone back back", 0},
		"does not answer until the end":    {[]answer{{1, "", 0, late}}, "gone", 0},
		"was elected again":                {[]answer{{1, "", 0, late}, {1, ensemble.Leader, 2, nil}}, "gone back deposed elected", 1},
		"another is elected":               {[]answer{{1, "", 0, late}, {2, ensemble.Leader, 2, nil}}, "gone deposed elected", 1},
		"has ended":                        {[]answer{{1, "", 0, refused}}, "gone deposed", 1},
		"has ended, and runs again":        {[]answer{{1, "", 0, refused}, {1, ensemble.Leader, 2, nil}}, "gone deposed back elected", 1},
		"serves no clients":                {[]answer{{1, "", 0, ensemble.ErrNotServing}}, "gone deposed", 1},
		"a follower has lost it":           {[]answer{{1, "", 0, late}, {2, "", 0, ensemble.ErrNotServing}}, "gone gone deposed", 1},
		"a follower has lost it, too soon": {[]answer{{2, "", 0, ensemble.ErrNotServing}, {2, ensemble.Follower, 1, nil}}, "gone back", 0},
		"follows":                          {[]answer{{1, ensemble.Follower, 1, nil}}, "deposed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := &Check{clients: newClients()}
			for id := 1; id <= 3; id++ {
				k.servers = append(k.servers, &serverState{server: someServer{id: id}})
			}
			for _, a := range append([]answer{{1, ensemble.Leader, 1, nil}, {2, ensemble.Follower, 1, nil}, {3, ensemble.Follower, 1, nil}}, c.then...) {
				k.answered(k.servers[a.server-1], ensemble.Status{Role: a.role, Zxid: a.epoch << 32}, a.err)
			}
			r := k.result()
			var kinds []string
			for _, e := range r.Events {
				kinds = append(kinds, e.Kind)
			}
			if got := strings.Join(kinds, " "); got != c.want || len(r.FailOvers) != c.failOvers {
				t.Errorf("%d fail-overs, and the events %s; want %d and %s", len(r.FailOvers), got, c.failOvers, c.want)
			}
		})
	}
}

// halfMute are two servers that do not answer, and one that does.
type halfMute struct{ ensemble.Ensemble }

type muteServer struct{ someServer }

func (s muteServer) Status(ctx context.Context) (ensemble.Status, error) {
	if s.id < 3 {
		<-ctx.Done()
	}
	return ensemble.Status{}, ctx.Err()
}

func (halfMute) Servers() []ensemble.Server {
	return []ensemble.Server{muteServer{someServer{id: 1}}, muteServer{someServer{id: 2}}, muteServer{someServer{id: 3}}}
}

// Silent servers are asked side by side.
func TestServersAreAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		up, down := serving(t.Context(), halfMute{})
		if took := time.Since(began); took != askTimeout || !slices.Equal(up, []string{"zk3"}) || !slices.Equal(down, []string{"zk1", "zk2"}) {
			t.Errorf("%q serve, %q do not, after %s", up, down, took)
		}
	})
}

// A check without an end tells a server's lie while it goes on, accuses no right server in many windows, and keeps
// the runs of a few windows. In real time, as the others.
func TestWindows(t *testing.T) {
	for _, lies := range []bool{false, true} {
		t.Run(fmt.Sprint(lies), func(t *testing.T) {
			t.Parallel()
			e := must.Get(embedded.Start(embedded.Config{Nodes: 1}))(t)
			defer e.Close()
			addr, interrupt := e.Addrs()[0], make(chan struct{})
			if lies {
				addr = front(t, addr, corruptproxy.New(corruptproxy.TornRead).Dialer(net.DialTimeout))
			}
			var k *Check
			var told []string
			enough := sync.OnceFunc(func() { close(interrupt) })
			c := Config{
				Servers: external.Config{Servers: []string{addr}}, Window: time.Second, Keep: 2, Rate: 100, Out: t.TempDir(), SessionTimeout: 4 * time.Second,
				Interrupt: interrupt, OnEvent: func(v Event) { // which the check calls with its lock
					t.Log(v)
					if v.Kind == Violated {
						told = append(told, v.Text)
					}
					if v.Kind == Violated {
						enough()
					}
				},
			}
			if lies {
				c.Window, c.For = 6*time.Second, 2*time.Minute // it ends even if nothing is told
			}
			r, err := Run(t.Context(), c, func(begun *Check) error {
				k = begun
				if !lies { // nothing has to happen in it
					go func() {
						for n := 0; n < 5; time.Sleep(10 * time.Millisecond) {
							k.mu.Lock()
							n = k.windows.number
							k.mu.Unlock()
						}
						enough()
					}()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			runs := must.Get(store.List(c.Out))(t)
			switch {
			case r.Windows == nil || !r.Interrupted || r.LongestGap > time.Minute:
				t.Errorf("windows %v, interrupted %t, longest gap %s", r.Windows, r.Interrupted, r.LongestGap)
			case lies && (r.Verdict != checker.Violation || r.Windows.Violated == 0 || len(told) == 0):
				t.Errorf("%s, %v, told %q", r.Verdict, *r.Windows, told)
			case !lies && (r.Verdict == checker.Violation || len(told) > 0 || r.Windows.Valid+r.Windows.Undecided < 5 || len(runs) > 2*c.Keep):
				t.Errorf("%s, %v, told %q, %d runs are kept, want those of two windows", r.Verdict, *r.Windows, told, len(runs))
			}
		})
	}
}

// The verdict is that of all windows.
func TestVerdictOfWindows(t *testing.T) {
	for _, c := range []struct {
		of   windows
		want checker.Result
	}{
		{windows{number: 2, counts: map[checker.Result]int{checker.Valid: 2}}, checker.Valid},
		{windows{number: 9, counts: map[checker.Result]int{checker.Valid: 7, checker.Unknown: 1, checker.Violation: 1}}, checker.Violation},
		{windows{number: 2, counts: map[checker.Result]int{checker.Valid: 1, checker.Unknown: 1}}, checker.Unknown},
		{windows{number: 2, counts: map[checker.Result]int{checker.Valid: 1, checker.Unknown: 1}, cutShort: checker.Unknown}, checker.Valid},
		{windows{number: 1, counts: map[checker.Result]int{checker.Unknown: 1}, cutShort: checker.Unknown}, checker.Unknown},
		{windows{number: 1, counts: map[checker.Result]int{checker.Valid: 1}, failed: 1}, checker.Unknown},
	} {
		if got := c.of.verdict(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.of, got, c.want)
		}
	}
}

// That windows cannot be run is told once, and so is that they can be run again.
func TestWindowsThatCannotBeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &Check{Config: Config{Window: time.Minute, Keep: 1}, clients: newClients(), windows: windows{counts: map[checker.Result]int{}}}
		kept := func() *experiment.Outcome {
			return &experiment.Outcome{Run: &store.Run{Dir: t.TempDir()}, Result: &store.Result{Verdict: checker.Valid}}
		}
		k.judged(time.Now(), []*experiment.Outcome{kept(), kept()})
		for range 3 {
			k.judged(time.Now(), make([]*experiment.Outcome, 2))
			k.couldNotRun(time.Now(), errors.New("no leader"))
			time.Sleep(retryEvery)
		}
		k.judged(time.Now(), []*experiment.Outcome{kept(), kept()})
		k.judged(time.Now(), []*experiment.Outcome{nil, kept()})
		r := k.result()
		want := []string{"window 2 cannot be run, and is tried again: no leader", "window 2 could be run, after 15.0 s without one"}
		var told []string
		for _, e := range r.Events {
			told = append(told, e.Text)
		}
		if !slices.Equal(told, want) || *r.Windows != (Windows{Valid: 2, Undecided: 1, Failed: 3}) || r.Verdict != checker.Unknown {
			t.Errorf("%s, %+v, told %q", r.Verdict, *r.Windows, told)
		}
	})
}
