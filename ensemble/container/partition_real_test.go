//go:build real

package container_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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

// A leader that is cut off from both others stops leading, nothing written through it takes effect, the
// others elect a new leader, and after the heal the old one follows.
func TestRealLeaderCutOffFromTheOthers(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	before := look(t, e)
	old, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	c, leave := connect(t, old.Addr())
	defer leave()
	if _, _, err := c.Exists("/"); err != nil {
		t.Fatal(err)
	}

	begin := time.Now()
	isolate(t, e, old)
	t.Logf("cut off in %v", time.Since(begin))
	if _, err := c.Create("/lost", nil, 0, zk.WorldACL(zk.PermAll)); err == nil {
		t.Error("a write through the leader that was cut off succeeded")
	}
	t.Logf("write refused after %v", time.Since(begin))
	awaitOtherLeader(t, e, old)
	t.Logf("other leader after %v", time.Since(begin))
	await(t, "the leader that was cut off still serves clients, or answers none", func() bool {
		_, err := old.Status(ctx)
		return errors.Is(err, ensemble.ErrNotServing)
	})
	seen := look(t, e)
	for _, s := range others(e, old) {
		serves(t, s)
		write(t, s.Addr(), fmt.Sprintf("/by-majority-%d", s.ID()))
		if seen.dropped(s, old) == 0 || seen.dropped(old, s) == 0 {
			t.Errorf("no packet between %d and %d was dropped: %v", s.ID(), old.ID(), seen)
		}
		if n := seen.dropped(s, others(e, s, old)[0]); n != 0 {
			t.Errorf("%d packets between servers of the majority were dropped", n)
		}
	}

	must.Do(t, partitioner(e).Heal(ctx))
	begin = time.Now()
	h := must.Get(ensemble.WaitHealthy(ctx, e, healthyTimeout))(t)
	t.Logf("healthy after %v", time.Since(begin))
	if h.Leader == old.ID() {
		t.Errorf("server %d leads again, although others led", old.ID())
	}
	read(t, old.Addr(), "/by-majority-"+strconv.Itoa(others(e, old)[0].ID()))
	if diff := cmp.Diff(before.lasting(), look(t, e).lasting()); diff != "" {
		t.Errorf("networks before and after:\n%s", diff)
	}
}

// A cut in one direction: the follower's messages do not reach the leader, which gives the follower up;
// the leader's messages still reach the follower.
func TestRealOneWayCut(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	leader, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	mute := others(e, leader)[0]
	cut(t, e, mute, leader)
	await(t, "a server that the leader does not hear serves", func() bool {
		_, err := mute.Status(ctx)
		return errors.Is(err, ensemble.ErrNotServing)
	})
	seen := look(t, e)
	if n := seen.dropped(mute, leader); n == 0 {
		t.Error("nothing was dropped")
	}
	if n := seen.dropped(leader, mute); n != 0 {
		t.Errorf("%d packets were dropped the other way", n)
	}
	if now, _, err := ensemble.LeaderOf(ctx, e.Servers()); err != nil || now.ID() != leader.ID() {
		t.Errorf("another leader: %v, %v", now, err)
	}
	healed(t, e)
}

// A server that is killed and started in a partition is still cut off, and so is one that was down when
// the partition began. A server whose cuts cannot be restored does not come back.
func TestRealRestartInPartition(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	alone := e.Servers()[2]
	isolate(t, e, alone)
	kill(t, alone)
	start(t, alone)
	staysOut(t, alone)
	healed(t, e)

	kill(t, alone)
	isolate(t, e, alone)
	before := owned(t)
	restore := container.Sabotage(e, at("attach", 1))
	err := stopper(alone).Start(ctx)
	restore()
	if !errors.Is(err, errSabotage) {
		t.Errorf("start: %v", err)
	}
	wantDown(t, alone, true)
	if after := owned(t); !slices.Equal(before, after) {
		t.Errorf("before %v, after %v", before, after)
	}
	start(t, alone)
	staysOut(t, alone)

	// Restart the others, one after the other: then both ends of each link are new.
	for _, s := range others(e, alone) {
		must.Do(t, stopper(s).Stop(ctx))
		wantExitCode(t, s, 143)
		start(t, s)
	}
	await(t, "no majority came back", func() bool {
		_, _, err := ensemble.LeaderOf(ctx, others(e, alone))
		return err == nil
	})
	staysOut(t, alone)
	healed(t, e)
}

// A link loses nearly all packets.
func TestRealLoss(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	if err := e.(ensemble.Limited).Lacks(ensemble.CanLose); err != nil {
		t.Fatalf("every kernel in use has this: %v", err)
	}
	leader, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	deaf := others(e, leader)[0]
	must.Do(t, e.(ensemble.Lossy).Lose(ctx, leader.ID(), deaf.ID(), 0.9999))
	await(t, "a server that hears nothing from the leader follows", func() bool {
		_, err := deaf.Status(ctx)
		return err != nil
	})
	if look(t, e, deaf).dropped(leader, deaf) == 0 {
		t.Error("nothing got lost")
	}
	must.Do(t, e.(ensemble.Lossy).Lose(ctx, leader.ID(), deaf.ID(), 0))
	healed(t, e)
	if rules := look(t, e).rules(); rules != "" {
		t.Error("still there:", rules)
	}
}

func TestRealDelay(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	slower := e.(ensemble.Slower)
	lacks := e.(ensemble.Limited).Lacks(ensemble.CanDelay)
	err := slower.Delay(ctx, 1, 2, 200*time.Millisecond)
	if lacks != nil {
		if !strings.Contains(lacks.Error(), "sch_netem") || !errors.Is(err, lacks) {
			t.Errorf("delay: %v, although it lacks: %v", err, lacks)
		}
		t.Skip(lacks)
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, "nothing waits", func() bool {
		shown, err := container.Network(ctx, e.Servers()[0])
		return err == nil && regexp.MustCompile(`netem .*delay 200ms`).MatchString(shown)
	})
	must.Do(t, slower.Delay(ctx, 1, 2, 0))
	healed(t, e)
}

func TestRealLinksThatAreNone(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	for _, test := range []struct {
		err  error
		want string
	}{
		{partitioner(e).Cut(ctx, 1, 4), "there is no server 4: there are 1 to 3"},
		{partitioner(e).Cut(ctx, 0, 1), "there is no server 0"},
		{partitioner(e).Cut(ctx, 2, 2), "no link to itself"},
		{e.(ensemble.Lossy).Lose(ctx, 1, 2, 1), "cannot lose a share of 1"},
		{e.(ensemble.Lossy).Lose(ctx, 1, 2, -0.1), "cannot lose"},
		{e.(ensemble.Slower).Delay(ctx, 1, 2, -time.Second), "cannot delay by -1s"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want %q", test.err, test.want)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := partitioner(e).Cut(ended, 1, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cut without time: %v", err)
	}
	if rules := look(t, e).rules(); rules != "" {
		t.Error("nothing was to be done, but there is", rules)
	}
}

func partitioner(e ensemble.Ensemble) ensemble.Partitioner { return e.(ensemble.Partitioner) }

func others(e ensemble.Ensemble, than ...ensemble.Server) []ensemble.Server {
	return slices.DeleteFunc(e.Servers(), func(s ensemble.Server) bool { return slices.Contains(than, s) })
}

func cut(t *testing.T, e ensemble.Ensemble, from, to ensemble.Server) {
	t.Helper()
	must.Do(t, partitioner(e).Cut(t.Context(), from.ID(), to.ID()))
}

// isolate cuts a server off from all others, both ways. Changes are undone at the end of the test,
// whatever its result.
func isolate(t *testing.T, e ensemble.Ensemble, s ensemble.Server) {
	t.Helper()
	t.Cleanup(func() {
		if err := partitioner(e).Heal(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for _, other := range others(e, s) {
		cut(t, e, s, other)
		cut(t, e, other, s)
	}
}

func healed(t *testing.T, e ensemble.Ensemble) {
	t.Helper()
	must.Do(t, partitioner(e).Heal(t.Context()))
	must.Get(ensemble.WaitHealthy(t.Context(), e, healthyTimeout))(t)
}

func kill(t *testing.T, s ensemble.Server) {
	t.Helper()
	must.Do(t, stopper(s).Kill(t.Context()))
}

func start(t *testing.T, s ensemble.Server) {
	t.Helper()
	must.Do(t, stopper(s).Start(t.Context()))
}

func serves(t *testing.T, s ensemble.Server) {
	t.Helper()
	await(t, fmt.Sprintf("server %d does not serve", s.ID()), func() bool {
		_, err := s.Status(t.Context())
		return err == nil
	})
}

// staysOut checks that a server serves nobody while it tries again and again, in vain, to reach the
// others.
func staysOut(t *testing.T, s ensemble.Server) {
	t.Helper()
	const enough = 4 // packets; without losses, the first ones would have let the server join
	before := packetsDropped(t, s)
	await(t, fmt.Sprintf("server %d does not even try to reach the others", s.ID()), func() bool {
		if status, err := s.Status(t.Context()); err == nil {
			t.Fatalf("server %d is cut off and serves as %s", s.ID(), status.Role)
		}
		return packetsDropped(t, s) >= before+enough
	})
	if _, err := s.Status(t.Context()); !errors.Is(err, ensemble.ErrNotServing) {
		t.Errorf("server %d does not run: %v", s.ID(), err)
	}
}

// packetsDropped counts the dropped packets in a server's network, to and from all others.
func packetsDropped(t *testing.T, s ensemble.Server) int {
	t.Helper()
	shown := must.Get(container.Network(t.Context(), s))(t)
	return packets(shown, "")
}

// await waits until done returns true.
func await(t *testing.T, otherwise string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(healthyTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal(otherwise)
}

// networks holds the rules and queues in the network of each server.
type networks map[int]string

// look reads the networks of all servers, or of the given ones, with a container beside each.
func look(t *testing.T, e ensemble.Ensemble, at ...ensemble.Server) networks {
	t.Helper()
	if len(at) == 0 {
		at = e.Servers()
	}
	type view struct {
		of    int
		shown string
		err   error
	}
	views := make(chan view)
	for _, s := range at {
		go func() {
			shown, err := container.Network(t.Context(), s)
			views <- view{s.ID(), shown, err}
		}()
	}
	seen := networks{}
	for range at {
		v := <-views
		if v.err != nil {
			t.Error(v.err)
		}
		seen[v.of] = v.shown
	}
	return seen
}

// lasting returns the networks without counters, and without the tables and chains that the first look
// at a firewall creates.
func (n networks) lasting() networks {
	left := networks{}
	for of, shown := range n {
		for line := range strings.Lines(counters.ReplaceAllString(shown, "")) {
			if !meaningless.MatchString(line) {
				left[of] += line
			}
		}
	}
	return left
}

var (
	counters    = regexp.MustCompile(`\[\d+:\d+\]`)
	meaningless = regexp.MustCompile(`^(#|:(INPUT|FORWARD|OUTPUT) ACCEPT|\*filter|COMMIT)`)
)

// rules returns the rules that are ours.
func (n networks) rules() (rules string) {
	for _, shown := range n {
		for line := range strings.Lines(shown) {
			if strings.Contains(line, "ZKLAB") {
				rules += line
			}
		}
	}
	return rules
}

// dropped counts the packets that one server sent to another and that were
// dropped, at either end.
func (n networks) dropped(from, to ensemble.Server) int {
	return packets(n[from.ID()], "-d "+container.Address(to)+"/32 ") + packets(n[to.ID()], "-s "+container.Address(from)+"/32 ")
}

// packets counts the packets dropped by rules with some words.
func packets(rules, words string) (n int) {
	for rule := range strings.Lines(rules) {
		var packets, bytes int
		if _, err := fmt.Sscanf(rule, "[%d:%d] -A ZKLAB-", &packets, &bytes); err == nil && strings.Contains(rule, words) {
			n += packets
		}
	}
	return n
}
