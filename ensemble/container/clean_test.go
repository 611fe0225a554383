package container

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/base/owner"
)

func TestLeftoversAreDescribed(t *testing.T) {
	mars := owner.Process{PID: 42, Host: "mars"}
	got := lines([]leftover{
		{run: "c", owner: mars, made: "2026-02-03", containers: 3, networks: 1, life: owner.Unknown},
		{run: "a", owner: mars, made: "2026-01-02", containers: 1, volumes: 3, life: owner.Dead},
		{run: "b", owner: mars, made: "2026-01-02", containers: 3, networks: 1, life: owner.Alive},
	})
	want := []string{
		"run a of process 42, begun 2026-01-02: 1 container, 0 networks, 3 volumes",
		"run b of process 42, begun 2026-01-02: 3 containers, 1 network; the process is alive",
		"run c of process 42, begun 2026-02-03: 3 containers, 1 network; the process is elsewhere (mars), remove with `docker rm -fv $(docker ps -aqf label=zklab.run=c)`",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOwnerIsInTheLabels(t *testing.T) {
	me := owner.Self()
	if got := ownerOf(run{owner: me}.labels(0)); got != me {
		t.Errorf("read back from labels: %+v, want %+v", got, me)
	}
}
