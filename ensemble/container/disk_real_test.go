//go:build real

package container_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
)

func filler(s ensemble.Server) ensemble.DiskFiller { return s.(ensemble.DiskFiller) }

func TestRealFullDisk(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	e := started(t, container.Config{}.Prepare(ensemble.CanFillDisk))
	if err := e.(ensemble.Limited).Lacks(ensemble.CanFillDisk); err != nil {
		t.Error(err)
	}

	// A follower stays alive, but serves nobody, and does not count towards a majority.
	leader, follower, third := roles(t, e)
	write(t, follower.Addr(), "/before")
	fill(t, follower)
	// The page into which a server writes still has some room.
	awaitWrite(t, leader.Addr(), "/by-the-others")
	await(t, "the server's process does not complain", func() bool {
		return strings.Contains(logOf(t, e, follower), "Severe unrecoverable error, from thread : SyncThread")
	})
	wantDown(t, follower, false)
	await(t, "a follower serves although it cannot write", func() bool {
		_, err := follower.Status(ctx)
		return errors.Is(err, ensemble.ErrNotServing)
	})
	kill(t, third)
	if err := tryWrite(t, leader.Addr(), "/without-majority"); err == nil {
		t.Error("a write succeeded that only one server can have written down")
	}

	// With free space it counts again.
	free(t, follower)
	begin := time.Now()
	awaitWrite(t, follower.Addr(), "/with-majority")
	t.Logf("it took a write %v after there was room", time.Since(begin))
	start(t, third)
	wantHealthy(t, e)

	// A leader leads no longer, and its process may end.
	leader, _, _ = roles(t, e)
	fill(t, leader)
	_ = tryWrite(t, leader.Addr(), "/on-a-full-disk") // the followers may have acknowledged it
	awaitOtherLeader(t, e, leader)
	wantLogs(t, e) // also of a server without free space, running or not
	free(t, leader)
	wantHealthy(t, e)

	// A server that ended because of the full disk is started, but not one that was killed meanwhile.
	fill(t, leader)
	must.Do(t, container.EndProcess(ctx, leader))
	free(t, leader)
	wantDown(t, leader, false)
	fill(t, leader)
	kill(t, leader)
	free(t, leader)
	wantDown(t, leader, true)
	start(t, leader)
	wantHealthy(t, e)
	read(t, leader.Addr(), "/before")
}

func TestRealDiskThatIsNotSmall(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	if err := filler(e.Servers()[0]).FillDisk(t.Context()); err == nil || !strings.Contains(err.Error(), "start the ensemble with") {
		t.Errorf("fill: %v", err)
	}
	if err := filler(e.Servers()[0]).FreeDisk(t.Context()); err != nil {
		t.Errorf("free: %v", err)
	}
	if err := e.(ensemble.Limited).Lacks(ensemble.CanFillDisk); err == nil {
		t.Error("it lacks nothing")
	}
	wantDown(t, e.Servers()[0], false)
}

func fill(t *testing.T, s ensemble.Server) {
	t.Helper()
	for range 2 {
		must.Do(t, filler(s).FillDisk(t.Context()))
	}
}

func free(t *testing.T, s ensemble.Server) {
	t.Helper()
	for range 2 {
		must.Do(t, filler(s).FreeDisk(t.Context()))
	}
}

// roles returns the leader and two followers.
func roles(t *testing.T, e ensemble.Ensemble) (leader, a, b ensemble.Server) {
	t.Helper()
	leader, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	follow := others(e, leader)
	return leader, follow[0], follow[1]
}

func wantHealthy(t *testing.T, e ensemble.Ensemble) {
	t.Helper()
	must.Get(ensemble.WaitHealthy(t.Context(), e, healthyTimeout))(t)
}

// tryWrite returns an error if a write of some pages was not acknowledged within some seconds.
func tryWrite(t *testing.T, addr, path string) error {
	t.Helper()
	c, leave := connect(t, addr)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, leave)
	_, err := c.Create(path, make([]byte, 10_000), 0, zk.WorldACL(zk.PermAll))
	if stop() {
		leave()
	}
	if errors.Is(err, zk.ErrNodeExists) {
		return nil // written by an earlier attempt
	}
	return err
}

// awaitWrite tries again until a write is acknowledged.
func awaitWrite(t *testing.T, addr, path string) {
	t.Helper()
	await(t, "no write through "+addr, func() bool { return tryWrite(t, addr, path) == nil })
}

func logOf(t *testing.T, e ensemble.Ensemble, s ensemble.Server) string {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, e.(ensemble.LogReader).CollectLogs(t.Context(), dir))
	return readFile(t, filepath.Join(dir, strconv.Itoa(s.ID()), "zookeeper.log"))
}
