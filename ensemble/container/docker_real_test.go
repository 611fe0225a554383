//go:build real

package container_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

const childVariable = "ZKLAB_TEST_CHILD"

// A process that is to be a child never runs the tests.
func init() {
	if os.Getenv(childVariable) != "" {
		child()
	}
}

// child starts an ensemble, injects faults if it is told to, and waits to be killed.
func child() {
	ctx, cancel := context.WithTimeout(context.Background(), healthyTimeout)
	defer cancel()
	err := error(nil)
	if os.Getenv(childVariable) == "harms" {
		err = startAndHarm(ctx)
	} else {
		_, err = container.Config{Nodes: 1}.Start(ctx)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("started")
	<-ctx.Done()
	os.Exit(1)
}

// startAndHarm starts an ensemble and leaves two servers cut off from each other, one of them paused,
// and the other with a full disk.
func startAndHarm(ctx context.Context) error {
	disks := container.Config{Nodes: 2}.Prepare(ensemble.CanFillDisk).(ensemble.Preparer)
	e, err := disks.Prepare(ensemble.CanPartition).Start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(
		partitioner(e).Cut(ctx, 1, 2),
		filler(e.Servers()[0]).FillDisk(ctx),
		pauser(e.Servers()[1]).Pause(ctx),
	)
}

// owned lists what this process has on the engine.
func owned(t *testing.T) []string {
	t.Helper()
	ids := must.Get(container.Owned(context.Background(), strconv.Itoa(os.Getpid())))(t)
	slices.Sort(ids)
	return ids
}

// leavesNothing compares the things of this process on the engine before and after the test.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := owned(t)
	t.Cleanup(func() {
		if diff := cmp.Diff(before, owned(t)); diff != "" {
			t.Errorf("left behind (+) or taken along (-):\n%s", diff)
		}
	})
}

// started starts an ensemble for a test, and checks at its end that nothing is left of the ensemble.
func started(t *testing.T, s ensemble.Starter) ensemble.Ensemble {
	t.Helper()
	dockertest.Require(t)
	e := must.Get(s.Start(t.Context()))(t)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if left, err := container.LeftOf(context.Background(), e); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	if owns, err := container.LeftOf(t.Context(), e); err != nil || len(owns) == 0 {
		t.Errorf("nothing on the engine belongs to it: %v", err)
	}
	return e
}

func pauser(s ensemble.Server) ensemble.Pauser { return s.(ensemble.Pauser) }

func TestRealPausedLeaderIsReplaced(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	old, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // pausing a paused server is allowed
		must.Do(t, pauser(old).Pause(ctx))
	}
	if paused, err := pauser(old).Paused(ctx); err != nil || !paused {
		t.Fatalf("paused: %v, %v", paused, err)
	}

	_, err = ensemble.CheckHealth(ctx, e)
	if !errors.Is(err, ensemble.ErrNotHealthy) || !strings.Contains(err.Error(), fmt.Sprintf("server %d at %s does not answer", old.ID(), old.Addr())) {
		t.Errorf("health of an ensemble with a paused server: %v", err)
	}
	awaitOtherLeader(t, e, old)

	for range 2 {
		must.Do(t, pauser(old).Resume(ctx))
	}
	if paused, err := pauser(old).Paused(ctx); err != nil || paused {
		t.Errorf("paused: %v, %v", paused, err)
	}
	h := must.Get(ensemble.WaitHealthy(ctx, e, healthyTimeout))(t)
	if h.Leader == old.ID() {
		t.Errorf("server %d leads again", h.Leader)
	}
}

func awaitOtherLeader(t *testing.T, e ensemble.Ensemble, old ensemble.Server) {
	t.Helper()
	for deadline := time.Now().Add(healthyTimeout); time.Now().Before(deadline); {
		if leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers()); err == nil && leader.ID() != old.ID() {
			return
		}
	}
	t.Fatal("no new leader")
}

func TestRealProfileNamesImageAndVersion(t *testing.T) {
	p := dockertest.Ensemble(t, 3).Profile()
	if p.Backend != "container" || p.Servers != 3 || p.Image == "" || !strings.HasPrefix(p.Digest, "sha256:") || !strings.HasPrefix(p.Version, "3.") {
		t.Errorf("%+v", p)
	}
}

// other is two ensembles that pretend to be one, whose second server reports the status of a follower:
// only the check with writes can notice it.
type other struct {
	ensemble.Ensemble
	a, b ensemble.Ensemble
}

func (o other) Servers() []ensemble.Server {
	return []ensemble.Server{o.a.Servers()[0], follower{o.b.Servers()[0]}}
}

type follower struct{ ensemble.Server }

func (follower) ID() int { return 2 }

func (f follower) Status(ctx context.Context) (ensemble.Status, error) {
	s, err := f.Server.Status(ctx)
	s.Role = ensemble.Follower
	return s, err
}

// Each subtest starts an ensemble of its own, all at the same time, and none leaves anything behind.
func TestRealStarts(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	for name, test := range map[string]func(*testing.T){
		"two at once":          twoAtOnce,
		"port taken":           portTaken,
		"server that ends":     serverThatEnds,
		"not healthy in time":  notHealthyInTime,
		"no image":             noImage,
		"no image for helpers": noImageForHelpers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// Two ensembles do not disturb each other, and the health check notices that they are two. One of them
// has a given port; the image for its helpers is missing, and the ensemble tells which abilities it
// lacks because of that.
func twoAtOnce(t *testing.T) {
	port := freePort(t)
	configs := [2]container.Config{{Nodes: 1, Ports: []int{port}, HelperImage: "zklab/absent:1"}, {Nodes: 1}}
	var wg sync.WaitGroup
	var es [2]ensemble.Ensemble
	var errs [2]error
	for i := range es {
		wg.Go(func() { es[i], errs[i] = configs[i].Start(t.Context()) })
	}
	wg.Wait()
	for i, e := range es {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		defer func() {
			for range 2 { // closing twice is allowed
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		if _, err := ensemble.CheckHealth(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	if got := es[0].Servers()[0].Addr(); got != fmt.Sprintf("127.0.0.1:%d", port) {
		t.Errorf("at %s", got)
	}
	if err := es[0].(ensemble.Limited).Lacks(ensemble.CanLose); !errors.Is(err, container.ErrNoHelper) {
		t.Errorf("lacks: %v", err)
	}
	_, err := ensemble.CheckHealth(t.Context(), other{es[0], es[0], es[1]})
	if !errors.Is(err, ensemble.ErrNotHealthy) || !strings.Contains(err.Error(), "does not show a write made through server") {
		t.Errorf("two ensembles passed for one: %v", err)
	}
}

func portTaken(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port

	_, err = container.Config{Nodes: 1, Ports: []int{taken}}.Start(t.Context())
	wantPortTaken(t, err, taken)

	// The port is taken after it was chosen, and the engine reports it.
	_, leave, err := container.StartOnPort(t.Context(), container.Config{Ports: []int{taken}}, taken)
	wantPortTaken(t, err, taken)
	if err := leave(); err != nil {
		t.Error(err)
	}

	// If zklab drew the port itself, it draws another one.
	addr, leave, err := container.StartOnPort(t.Context(), container.Config{}, taken)
	if err != nil || addr == l.Addr().String() {
		t.Errorf("at %s: %v", addr, err)
	}
	if err := leave(); err != nil {
		t.Error(err)
	}
}

// freePort returns a free port that neither the system gives to programs that ask for any port, nor
// zklab to its servers.
func freePort(t *testing.T) int {
	t.Helper()
	const first, last = 10_000, 19_999
	for port := first + 50*os.Getpid()%(last-first); port <= last; port++ {
		if l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func wantPortTaken(t *testing.T, err error, port int) {
	t.Helper()
	if !errors.Is(err, container.ErrPortTaken) || !strings.Contains(err.Error(), strconv.Itoa(port)) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q", err)
	}
}

func serverThatEnds(t *testing.T) {
	_, err := container.Config{Nodes: 1, Settings: []string{"electionAlg=none"}}.Start(t.Context())
	if !errors.Is(err, container.ErrNotHealthy) || !strings.Contains(err.Error(), "server 1 ended with exit code") {
		t.Errorf("error %v", err)
	}
}

func notHealthyInTime(t *testing.T) {
	_, err := container.Config{Nodes: 1, StartTimeout: time.Millisecond}.Start(t.Context())
	if !errors.Is(err, container.ErrNotHealthy) {
		t.Errorf("error %v", err)
	}
}

func noImage(t *testing.T) {
	for _, image := range []string{"zklab/absent:1", "127.0.0.1:1/absent:1"} { // nothing listens at port 1
		_, err := container.Config{Image: image}.Start(t.Context())
		if !errors.Is(err, container.ErrNoImage) || !strings.Contains(err.Error(), "zklab image build") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q", image, err)
		}
	}
}

func noImageForHelpers(t *testing.T) {
	for _, a := range []ensemble.Ability{ensemble.CanPartition, ensemble.CanFillDisk} {
		_, err := container.Config{HelperImage: "zklab/absent:1"}.Prepare(a).Start(t.Context())
		if !errors.Is(err, container.ErrNoHelper) || !strings.Contains(err.Error(), "ZKLAB_HELPER_IMAGE") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q", a, err)
		}
	}
}

// A cancelled start leaves nothing, whatever exists by then.
func TestRealCancelledStartLeavesNothing(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	before := len(owned(t))
	for things := range 3 { // nothing yet, the network, and the container as well
		ctx, cancel := context.WithCancel(t.Context())
		started := make(chan error, 1)
		go func() {
			e, err := container.Config{Nodes: 1}.Start(ctx)
			if err == nil {
				err = e.Close()
			}
			started <- err
		}()
		await(t, "nothing is started", func() bool { return len(owned(t)) >= before+things })
		cancel()
		if err := <-started; !errors.Is(err, context.Canceled) {
			t.Errorf("with %d things: %v", things, err)
		}
	}
}

// Logs can be collected even from a paused server and from one that is down.
func TestRealCollectLogs(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	servers := e.Servers()
	must.Do(t, pauser(servers[1]).Pause(ctx))
	must.Do(t, servers[2].(ensemble.Killer).Kill(ctx))
	wantLogs(t, e)
}

// wantLogs collects the logs of all servers and checks their contents.
func wantLogs(t *testing.T, e ensemble.Ensemble) {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, e.(ensemble.LogReader).CollectLogs(t.Context(), dir))
	for id := 1; id <= 3; id++ {
		of := filepath.Join(dir, strconv.Itoa(id))
		wantContent(t, filepath.Join(of, "zookeeper.log"), "QuorumPeer")
		wantContent(t, filepath.Join(of, "conf", "zoo.cfg"), "tickTime=500")
		logs, _ := filepath.Glob(filepath.Join(of, "version-2", "log.*"))
		if len(logs) == 0 {
			t.Errorf("server %d has no transaction log", id)
		}
		for _, log := range logs {
			wantContent(t, log, "ZKLG")
		}
	}
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func wantContent(t *testing.T, file, want string) {
	t.Helper()
	if !strings.Contains(readFile(t, file), want) {
		t.Errorf("%s: want %q in it", file, want)
	}
}

// Another process, for example a user's, may clean at the same time, so the test checks what is left
// in the end, not who removed it. TestRealKilledHarnessHealsTheNetwork is about a process that
// is killed when its servers run.
func TestRealCleanRemovesDeadAndSparesLive(t *testing.T) {
	dockertest.Cleans(t)
	dockertest.Ensemble(t, 3) // alive
	leavesNothing(t)
	for name, when := range map[string]func(t *testing.T, c runningChild){
		"killed while it started":  func(t *testing.T, c runningChild) { c.awaitThings(t, 1) },
		"killed with a full house": func(t *testing.T, c runningChild) { c.awaitThings(t, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			pid := killedChild(t, "starts", when)
			removed, spared, err := container.Clean(t.Context(), true)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(removed, mentions(os.Getpid())) || !slices.ContainsFunc(spared, mentions(os.Getpid())) {
				t.Errorf("the living was not spared: removed %q, spared %q", removed, spared)
			}
			if slices.ContainsFunc(spared, mentions(pid)) {
				t.Errorf("the dead was spared: %q", spared)
			}
			if left, err := container.Owned(t.Context(), strconv.Itoa(pid)); err != nil || len(left) > 0 {
				t.Errorf("still there: %v, %v", left, err)
			}
		})
	}
}

func mentions(pid int) func(string) bool {
	return func(line string) bool { return strings.Contains(line, fmt.Sprintf("process %d,", pid)) }
}

// runningChild is a process that starts an ensemble.
type runningChild struct {
	pid int
	out *bufio.Reader
}

func (c runningChild) awaitStarted(t *testing.T) {
	if said, err := c.out.ReadString('\n'); said != "started\n" {
		t.Errorf("the child said %q, %v", said, err)
	}
}

// awaitThings waits until the child has n objects on the engine.
func (c runningChild) awaitThings(t *testing.T, n int) {
	ctx, cancel := context.WithTimeout(t.Context(), healthyTimeout)
	defer cancel()
	for {
		switch things, err := container.Owned(ctx, strconv.Itoa(c.pid)); {
		case err != nil:
			t.Errorf("the child has not started anything: %v", err)
			return
		case len(things) >= n:
			return
		}
	}
}

// killedChild runs a child and kills it once when returns.
func killedChild(t *testing.T, does string, when func(*testing.T, runningChild)) (pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), healthyTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+does)
	out := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	when(t, runningChild{cmd.Process.Pid, bufio.NewReader(out)})
	cmd.Process.Kill()
	cmd.Wait()
	return cmd.Process.Pid
}
