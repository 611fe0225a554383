package anyprogram

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

// command returns the configuration that explores one of the programs.
func command(t *testing.T, name string, more ...string) Config {
	t.Helper()
	self := must.Get(os.Executable())(t)
	// Clients wait for a second before they connect again, so many runs at a time cost no more.
	return Config{Command: append([]string{self, name, "{servers}"}, more...), Jobs: 16, Times: 2}
}

// Each mistake is found, at its message, and nothing else; the programs without it have no finding, and nothing of them was
// passed over.
func TestPrograms(t *testing.T) {
	effects := map[string]string{"reply-lost": "the server had carried it out", "expired": "session 0x", "server-killed": "server 1 was down for "}
	for name, wrong := range map[string]string{
		"register":  "reply-lost:create /service#1@client1: failed: exit status 1",
		"impatient": "expired:exists /x#1@client1: failed: exit status 1; server-killed:exists /x#1@client1: failed: exit status 1",
		"count":     "reply-lost:setData /counter#1@client1: failed: exit status 1; reply-lost:setData /counter#2@client1: failed: exit status 1",
		"ticket":    "reply-lost:create /locks/*-#1@client1: left: it left 1 znode /locks/*, and without a fault 0",
		"lock":      "reply-lost:create /locks/*-#1@client1: left: client 1 has a znode that it does not know of: it created /locks/X, lost the reply, and created another one",
	} {
		for prefix, want := range map[string]string{"wrong-": wrong, "": ""} {
			c := command(t, prefix+name)
			t.Run(prefix+name, func(t *testing.T) {
				t.Parallel()
				var begun Cost
				c.Begins = func(cost Cost) { begun = cost }
				r := must.Get(Explore(t.Context(), c))(t)
				var found []string
				for _, x := range r.Results {
					if x.Outcome != Passed {
						found = append(found, x.Try.String()+": "+string(x.Outcome)+": "+strings.ReplaceAll(x.Why, pidIn(x.Why), "X"))
						if x.Bad != 2 || !strings.HasPrefix(x.Effect, effects[x.Fault]) {
							t.Errorf("%+v", x)
						}
					}
				}
				verdict, why := r.Verdict()
				if got := strings.Join(found, "; "); got != want || (verdict == checker.Valid) != (want == "") || why != nil {
					t.Errorf("found %s\n%s: %v", got, verdict, why)
				}
				if n := 4*r.Messages - 1; begun.Tries != n || len(r.Results) != n || begun.Messages != r.Messages || len(r.Noise) > 0 {
					t.Errorf("%+v: %d messages, %d results, noise %v", begun, r.Messages, len(r.Results), r.Noise)
				}
			})
		}
	}
}

// pidIn returns the part of a text that differs from run to run: the name of a znode in /locks.
func pidIn(text string) string {
	_, name, ok := strings.Cut(text, "created /locks/")
	if !ok {
		return "\x00"
	}
	name, _, _ = strings.Cut(name, ",")
	return name
}

// A reply comes so late that another client can act before it. Without another client there is no such fault.
func TestLateReply(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Outcome{"wrong-two": Failed, "two": Passed} {
		c := command(t, name)
		only := must.Get(ParseTry("reply-late:getData /counter"))(t)
		c.Only = &only
		r := must.Get(Explore(t.Context(), c))(t)
		if x := r.Results[0]; x.Outcome != want || !strings.HasSuffix(x.Effect, "late, after a write of another client") {
			t.Errorf("%s: %+v", name, x)
		}
	}
	c := command(t, "register")
	only := must.Get(ParseTry("reply-late:getData /service"))(t)
	c.Only = &only
	if _, err := Explore(t.Context(), c); !errors.Is(err, ErrNoSuch) {
		t.Error(err)
	}
}

// A program that has sent too many requests in a second is ended; a program that does not end is ended at its time.
func TestWithoutEnd(t *testing.T) {
	t.Parallel()
	c := command(t, "wrong-loop")
	only := must.Get(ParseTry("request-lost:exists /x"))(t)
	c.Only, c.MaxRate, c.Times = &only, 20, 1
	r := must.Get(Explore(t.Context(), c))(t)
	if x := r.Results[0]; len(r.Results) != 1 || x.Outcome != Spun || x.Why != "it sent more than 30 requests in a second" {
		t.Errorf("%+v", r.Results)
	}
	c = Config{Command: []string{"sleep", "1000"}, Timeout: time.Millisecond}
	if _, err := Explore(t.Context(), c); !errors.Is(err, ErrFails) || !strings.Contains(err.Error(), "it had not ended after 1ms") {
		t.Error(err)
	}
}

// A program that fails by itself now and then is undecided, whatever breaks with a fault.
func TestFlaky(t *testing.T) {
	t.Parallel()
	c := command(t, "flaky", filepath.Join(t.TempDir(), "runs"))
	c.Jobs = 1
	r := must.Get(Explore(t.Context(), c))(t)
	v, why := r.Verdict()
	want := []string{"4 faults: broke only the smaller part of its runs", "the command fails, or leaves znodes, without a fault, too: in 1 of 4 runs"}
	if diff := cmp.Diff(want, why); v != checker.Unknown || r.bad() != 4 || diff != "" {
		t.Errorf("%s: %d bad\n%s", v, r.bad(), diff)
	}
}

// What prevents an exploration is an error that says so.
func TestNothingToExplore(t *testing.T) {
	t.Parallel()
	past := command(t, "past")
	past.Nodes = 3 // a single server names no address
	for name, c := range map[string]struct {
		config Config
		want   error
		text   string
	}{
		"cannot be started": {Config{Command: []string{"/nonexistent/program"}}, ErrNotStarted, "no such file"},
		"never connects":    {Config{Command: []string{"true"}}, ErrNotHere, "nothing connected to 127.0.0.1:"},
		"fails":             {Config{Command: []string{"false"}}, ErrFails, "before it has connected: exit status 1"},
		"connects past":     {past, ErrPast, "/zookeeper/config"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Explore(t.Context(), c.config)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || len(r.Results) > 0 {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}

// What was found before an interruption is kept, and what was not tried is named.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	c := command(t, "wrong-register")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Jobs, c.Times = 1, 1
	c.Progress = func(_, _, bad int) {
		if bad > 0 {
			cancel()
		}
	}
	r := must.Get(Explore(ctx, c))(t)
	left := r.count(func(x Result) bool { return x.Outcome == NotTried })
	v, why := r.Verdict()
	if r.bad() != 1 || left == 0 || !r.Interrupted || v != checker.Violation || len(why) != 1 || !strings.HasSuffix(why[0], "faults: not tried") {
		t.Errorf("%d bad, %d left, %s, %v", r.bad(), left, v, why)
	}
	text := r.Text(func(t Try) string { return "again " + t.String() })
	for _, want := range []string{"✗ VIOLATION: 1 of ", "  outcome  exit status 1\n  output   error: register: zk: node already exists\n  repeat   again reply-lost:create /service#1@client1\n", "not tried  "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestPattern(t *testing.T) {
	for path, want := range map[string]string{
		"/locks/_c_2f61c1f4-8a1b-4b7e-9c7d-1f2e3d4c5b6a-lock-0000000012": "/locks/_c_*-lock-*",
		"/locks/3bd0c4f7a9e14dd0a9a4d1c1f0e9b8a7__lock__0000000000":      "/locks/*__lock__*",
		"/tasks/17": "/tasks/*", "/defaced/cafe": "/defaced/cafe", "/": "/", "/v1/host-10.0.0.1": "/v*/host-*.*.*.*",
	} {
		if got := pattern(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestParseTry(t *testing.T) {
	for text, want := range map[string]Try{
		"reply-lost:create /locks/*#2@client3": {"reply-lost", Message{3, "create", "/locks/*", 2}},
		"request-lost:connect":                 {"request-lost", Message{1, "connect", "", 1}},
		"expired:multi /a /b:c#2":              {"expired", Message{1, "multi", "/a /b:c", 2}},
	} {
		got, err := ParseTry(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(text, err, diff)
		}
		if again, err := ParseTry(got.String()); err != nil || again != got {
			t.Error(again, err)
		}
	}
	for text, want := range map[string]string{
		"create /x":          "is not a fault at a message",
		"reply-loss:create":  `did you mean "reply-lost"`,
		"expired:":           "names no message",
		"expired:create#0":   "no number from 1 after #",
		"expired:x@clientme": "no number from 1 after @client",
	} {
		if _, err := ParseTry(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(text, err)
		}
	}
}
