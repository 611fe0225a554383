package container

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLeftoversAreDescribed(t *testing.T) {
	owner := owner{pid: 42, host: "mars"}
	got := lines([]leftover{
		{run: "c", owner: owner, made: "2026-02-03", containers: 3, networks: 1, life: unknown},
		{run: "a", owner: owner, made: "2026-01-02", containers: 1, volumes: 3, life: dead},
		{run: "b", owner: owner, made: "2026-01-02", containers: 3, networks: 1, life: alive},
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
