//go:build real

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Each kind of fault of servers and their network that containers can have takes effect
// on real servers, seen from outside, and leaves nothing: same configuration, same
// rules, healthy. One ensemble has them all, one after the other.
func TestRealServerFaults(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	l := newLab(t, e, realTimeout, 3)
	defer l.close()
	if err := (faults.FullDisk{}).Available(faults.Setting{Ensemble: e}); err == nil {
		t.Error("disks that are not prepared can be filled")
	}
	before := traces(t, e)
	_, err := firewall(t.Context(), 1)
	rulesKnown := err == nil
	nothing := func() error { return nil } // it is looked at once, at the end: that takes time
	for _, tt := range []struct {
		spec   string
		during func(*lab, faults.Effect)
	}{
		{"pause:one", nil},
		{"kill", (*lab).majorityServes},
		{"restart", nil},
		{"empty-disk", (*lab).majorityServes},
		{"empty-disk:one", nil},
		{"partition", (*lab).partedAsItSays},
		{"partition:mute:node=one", (*lab).partedAsItSays},
		{"lossy", nil},
		{"slow-network:by=50ms", nil},
		{"cut-off:client-0", (*lab).goElsewhere},
	} {
		t.Run(tt.spec, func(t *testing.T) {
			began := time.Now()
			f := parsed(t, tt.spec)
			if err := f.Available(faults.Setting{Ensemble: e}); err != nil {
				t.Skip(err)
			}
			l.t = t
			l.allConnected()
			effect := l.seen(f)
			t.Logf("seen after %v", time.Since(began).Round(time.Millisecond))
			if tt.during != nil {
				tt.during(l, effect)
			}
			if tt.spec == "partition" && rulesKnown && cmp.Equal(before, traces(t, e)) {
				t.Error("a partition leaves no traces while it lasts: none would be found")
			}
			began = time.Now()
			l.healed(effect, nothing)
			t.Logf("healed after %v", time.Since(began).Round(time.Millisecond))
		})
	}
	l.t = t
	if diff := cmp.Diff(before, traces(t, e)); diff != "" {
		t.Errorf("left behind:\n%s", diff)
	}
	for _, c := range l.clients {
		l.awaits("the client works", func() bool { return c.works(l.folder()) })
		if err := c.link.Clean(); err != nil {
			t.Error(err)
		}
	}
}

// allConnected waits until every client is connected: the fault before may have
// cost it its connection, and only then are there targets for what is cut off or slowed.
func (l *lab) allConnected() {
	l.t.Helper()
	for _, c := range l.clients {
		l.awaits("the client is connected", func() bool { return l.on(c.id) != 0 })
	}
}

// partedAsItSays waits until those serve, and only those, that hear a leader with
// a majority.
func (l *lab) partedAsItSays(e faults.Effect) {
	l.t.Helper()
	cut := cutsOf(l.t, e.Describe().Detail)
	var last error
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(50 * time.Millisecond) {
		serving, leader := l.serving()
		if last = cut.settled(3, serving, leader); last == nil {
			return
		}
	}
	l.t.Error(last)
}

// goElsewhere waits until clients have left the server that they are cut off from.
func (l *lab) goElsewhere(e faults.Effect) {
	l.t.Helper()
	l.allServe("while clients are cut off")
	for _, c := range l.clients {
		l.awaits("the client works elsewhere", func() bool {
			return c.works(l.folder()) && !slices.Contains(e.Describe().Servers, l.on(c.id))
		})
	}
}

// A server fault that is interrupted leaves real servers as they were.
func TestRealInterrupted(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	l := newLab(t, e, realTimeout, 0)
	defer l.close()
	for _, spec := range []string{"kill:majority", "partition"} {
		f := parsed(t, spec)
		if err := f.Available(faults.Setting{Ensemble: e}); err != nil {
			t.Log(err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		r := &record{start: time.Now()}
		err := plan.Play(ctx, []plan.Step{{For: time.Minute, Fault: f, Seed: 1}}, l.target, r)
		cancel()
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		t.Logf("%s: %v", spec, r.steps)
		l.whole(func() error { return nil })
	}
}

// traces returns what a fault could leave on servers: their configuration, and the
// rules of their networks where the docker command can tell.
func traces(t *testing.T, e ensemble.Ensemble) map[string]string {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, e.(ensemble.LogReader).CollectLogs(t.Context(), dir))
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".cfg") && d.Name() != "myid" {
			return err
		}
		content, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < len(e.Servers()) {
		t.Errorf("no configuration of each server: %v", all)
	}
	for _, s := range e.Servers() {
		rules, err := firewall(t.Context(), s.ID())
		if err != nil {
			t.Logf("rules of server %d are not compared: %v", s.ID(), err)
		}
		all[fmt.Sprint("rules of server ", s.ID())] = rules
	}
	return all
}

// What differs between two looks at the same rules; empty tables are made by the
// first look.
var (
	counted    = regexp.MustCompile(`\[\d+:\d+\]`)
	noRuleHere = regexp.MustCompile(`(?m)^(#.*|:(INPUT|FORWARD|OUTPUT) ACCEPT.*|\*filter|COMMIT)\n`)
)

// firewall shows the rules in the network of one of our servers.
func firewall(ctx context.Context, server int) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", "ps", "-q",
		"--filter", "label=zklab.owner.pid="+strconv.Itoa(os.Getpid()), "--filter", "label=zklab.server="+strconv.Itoa(server)).Output()
	if err != nil {
		return "", err
	}
	ids := strings.Fields(string(out))
	if len(ids) != 1 {
		return "", errors.New("its container is not known")
	}
	out, err = exec.CommandContext(ctx, "docker", "run", "--rm", "--network", "container:"+ids[0],
		"--cap-add", "NET_ADMIN", "zklab/zookeeper:3.9", "iptables-save", "-t", "filter").Output()
	return noRuleHere.ReplaceAllString(counted.ReplaceAllString(string(out), ""), ""), err
}
