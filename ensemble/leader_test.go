package ensemble

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestLeaderOf(t *testing.T) {
	const ms = time.Millisecond
	follower := fake{role: Follower, epoch: 5}
	leader := fake{role: Leader, epoch: 5}
	resumed := fake{role: Leader, epoch: 4}
	paused := fake{paused: true}
	electing := fake{err: ErrNotServing}
	tests := []struct {
		name    string
		servers []Server
		want    int // 0: none
		took    time.Duration
	}{
		{"one leads", servers(follower, leader, follower), 2, 0},
		{"standalone", servers(fake{role: Standalone}), 1, 0},
		{"a resumed one claims it, too", servers(resumed, leader, follower), 2, 0},
		{"the claim comes first", servers(resumed, fake{role: Leader, epoch: 5, after: 150 * ms}, follower), 2, 150 * ms},
		{"one is paused", servers(leader, follower, paused), 1, stragglerTimeout},
		{"the leader is paused", servers(paused, follower, follower), 0, askTimeout},
		{"no majority answers", servers(leader, paused, paused), 1, askTimeout},
		{"electing", servers(electing, electing, electing), 0, 0},
		{"no servers", nil, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				got, status, err := LeaderOf(t.Context(), test.servers)
				if took := time.Since(start).Truncate(ms); took != test.took { // the servers are asked microseconds apart
					t.Errorf("took %v, want %v", took, test.took)
				}
				switch {
				case test.want == 0:
					if !errors.Is(err, ErrNoLeader) {
						t.Errorf("error %v", err)
					}
				case err != nil:
					t.Error(err)
				case got.ID() != test.want || status.Role == Follower:
					t.Errorf("server %d, %+v", got.ID(), status)
				}
			})
		})
	}
}

func TestLeaderOfEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, _, err := LeaderOf(ctx, servers(fake{paused: true})); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}
