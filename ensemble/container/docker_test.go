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
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/internal/testmain"
)

const childVariable = "ZKLAB_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
	}
	testmain.Main(m)
}

// child starts an ensemble, harms it if told so, and waits to be killed.
func child() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
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

// startAndHarm leaves two servers cut off from each other, one of them paused,
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
	ids, err := container.Owned(context.Background(), strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

// leavesNothing compares what there is before and after the test.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := owned(t)
	t.Cleanup(func() {
		if diff := cmp.Diff(before, owned(t)); diff != "" {
			t.Errorf("left behind (+) or taken along (-):\n%s", diff)
		}
	})
}

func pauser(s ensemble.Server) ensemble.Pauser { return s.(ensemble.Pauser) }

func TestPausedLeaderIsReplaced(t *testing.T) {
	dockertest.Require(t)
	e := dockertest.Ensemble(t, 3)
	ctx := t.Context()
	old, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // pausing what is paused is fine
		if err := pauser(old).Pause(ctx); err != nil {
			t.Fatal(err)
		}
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
		if err := pauser(old).Resume(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if paused, err := pauser(old).Paused(ctx); err != nil || paused {
		t.Errorf("paused: %v, %v", paused, err)
	}
	h, err := ensemble.WaitHealthy(ctx, e, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if h.Leader == old.ID() {
		t.Errorf("server %d leads again", h.Leader)
	}
}

func awaitOtherLeader(t *testing.T, e ensemble.Ensemble, old ensemble.Server) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers()); err == nil && leader.ID() != old.ID() {
			return
		}
	}
	t.Fatal("no new leader")
}

func TestProfileNamesImageAndVersion(t *testing.T) {
	p := dockertest.Ensemble(t, 3).Profile()
	if p.Backend != "container" || p.Servers != 3 || p.Image == "" || !strings.HasPrefix(p.Digest, "sha256:") || !strings.HasPrefix(p.Version, "3.") {
		t.Errorf("%+v", p)
	}
}

// other is two ensembles passed off as one, with the second server's status
// told as a follower's: only the check by writes can see it.
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

func TestTwoAtOnceAndHealthSeesThatTheyAreTwo(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	var wg sync.WaitGroup
	var es [2]ensemble.Ensemble
	var errs [2]error
	for i := range es {
		wg.Go(func() { es[i], errs[i] = container.Config{Nodes: 1}.Start(t.Context()) })
	}
	wg.Wait()
	for i, e := range es {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		defer func() {
			for range 2 { // closing twice is fine
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		if _, err := ensemble.CheckHealth(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	_, err := ensemble.CheckHealth(t.Context(), other{es[0], es[0], es[1]})
	if !errors.Is(err, ensemble.ErrNotHealthy) || !strings.Contains(err.Error(), "does not show what was written through server") {
		t.Errorf("two ensembles passed for one: %v", err)
	}
}

func TestPortTaken(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port

	_, err = container.Config{Nodes: 1, Ports: []int{taken}}.Start(t.Context())
	wantPortTaken(t, err, taken)

	// Taken after it was chosen: the engine finds out.
	_, leave, err := container.StartOnPort(t.Context(), container.Config{Ports: []int{taken}}, taken)
	wantPortTaken(t, err, taken)
	if err := leave(); err != nil {
		t.Error(err)
	}

	// A port that zklab drew itself is drawn again.
	addr, leave, err := container.StartOnPort(t.Context(), container.Config{}, taken)
	if err != nil || addr == l.Addr().String() {
		t.Errorf("at %s: %v", addr, err)
	}
	if err := leave(); err != nil {
		t.Error(err)
	}
}

func wantPortTaken(t *testing.T, err error, port int) {
	t.Helper()
	if !errors.Is(err, container.ErrPortTaken) || !strings.Contains(err.Error(), strconv.Itoa(port)) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q", err)
	}
}

func TestGivenPorts(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	e, err := container.Config{Nodes: 1, Ports: []int{port}}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if got := e.Servers()[0].Addr(); got != fmt.Sprintf("127.0.0.1:%d", port) {
		t.Errorf("at %s", got)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	for _, after := range []time.Duration{0, 50, 250, 600, 1000} {
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		e, err := container.Config{}.Start(ctx)
		cancel()
		if err == nil { // a fast machine: nothing was cancelled
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %d ms: %v", after, err)
		}
	}
}

func TestServerThatEndsFailsStart(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	_, err := container.Config{Nodes: 1, Settings: []string{"electionAlg=none"}}.Start(t.Context())
	if !errors.Is(err, container.ErrNotHealthy) || !strings.Contains(err.Error(), "server 1 ended with exit code") {
		t.Errorf("error %v", err)
	}
}

func TestNotHealthyInTime(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	_, err := container.Config{Nodes: 1, StartTimeout: time.Millisecond}.Start(t.Context())
	if !errors.Is(err, container.ErrNotHealthy) {
		t.Errorf("error %v", err)
	}
}

func TestNoImage(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	for _, image := range []string{"zklab/absent:1", "127.0.0.1:1/absent:1"} { // nobody listens at port 1
		_, err := container.Config{Image: image}.Start(t.Context())
		if !errors.Is(err, container.ErrNoImage) || !strings.Contains(err.Error(), "make image") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q", image, err)
		}
	}
}

func TestNoImageForHelpers(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	for _, a := range []ensemble.Ability{ensemble.CanPartition, ensemble.CanFillDisk} {
		_, err := container.Config{HelperImage: "zklab/absent:1"}.Prepare(a).Start(t.Context())
		if !errors.Is(err, container.ErrNoHelper) || !strings.Contains(err.Error(), "ZKLAB_HELPER_IMAGE") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q", a, err)
		}
	}

	// Asked for nothing, it starts all the same, and says what it lacks.
	e, err := container.Config{Nodes: 1, HelperImage: "zklab/absent:1"}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.(ensemble.Limited).Lacks(ensemble.CanLose); !errors.Is(err, container.ErrNoHelper) {
		t.Errorf("lacks: %v", err)
	}
}

func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	_, err := container.Config{}.Start(t.Context())
	if !errors.Is(err, container.ErrNoEngine) || strings.Contains(err.Error(), "\n") {
		t.Errorf("start: %q", err)
	}
	if _, _, err := container.Clean(t.Context()); !errors.Is(err, container.ErrNoEngine) {
		t.Errorf("clean: %v", err)
	}
	if f := container.Check(t.Context(), container.Config{}); len(f) != 1 || f[0].OK {
		t.Errorf("check: %v", f)
	}
}

func TestCollectLogs(t *testing.T) {
	dockertest.Require(t)
	leavesNothing(t)
	ctx := t.Context()
	e, err := container.Config{}.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	servers := e.Servers()
	if err := pauser(servers[1]).Pause(ctx); err != nil {
		t.Fatal(err)
	}
	if err := servers[2].(ensemble.Killer).Kill(ctx); err != nil {
		t.Fatal(err)
	}
	wantLogs(t, e)
}

// wantLogs collects the logs of all servers and looks into them.
func wantLogs(t *testing.T, e ensemble.Ensemble) {
	t.Helper()
	dir := t.TempDir()
	if err := e.(ensemble.LogReader).CollectLogs(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
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

// Another process may clean at the same time, so what counts is what is there
// in the end, not who removed it.
func TestCleanRemovesDeadAndSparesLive(t *testing.T) {
	dockertest.Require(t)
	dockertest.Ensemble(t, 3) // alive
	leavesNothing(t)
	for name, when := range map[string]func(t *testing.T, c runningChild){
		"killed when it ran":       func(t *testing.T, c runningChild) { c.awaitStarted(t) },
		"killed while it started":  func(t *testing.T, c runningChild) { c.awaitThings(t, 1) },
		"killed with a full house": func(t *testing.T, c runningChild) { c.awaitThings(t, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			pid := killedChild(t, "starts", when)
			removed, spared, err := container.Clean(t.Context())
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

// awaitThings waits until the child has n things on the engine.
func (c runningChild) awaitThings(t *testing.T, n int) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
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

// killedChild runs a child and kills it when it is time to.
func killedChild(t *testing.T, does string, when func(*testing.T, runningChild)) (pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+does)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	when(t, runningChild{cmd.Process.Pid, bufio.NewReader(out)})
	cmd.Process.Kill()
	cmd.Wait()
	return cmd.Process.Pid
}
