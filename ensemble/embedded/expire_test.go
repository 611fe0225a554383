package embedded_test

import (
	"errors"
	"testing"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A session can be ended with only its ID.
func TestExpireSession(t *testing.T) {
	virtually(t, embedded.Config{}, func(l *lab) {
		c, counterexample := l.client(l.to(2)), l.client(l.to(1))
		l.create(c, "/mine", "", wire.Ephemeral)
		l.sync(counterexample)
		l.do(counterexample, wire.Exists, &wire.ReadRequest{Path: "/mine"})
		l.ok(l.Ensemble.ExpireSession(l.ctx, c.Session().ID))
		l.sync(counterexample)
		if r, err := l.try(counterexample, wire.Exists, &wire.ReadRequest{Path: "/mine"}); err != nil || r.Header.Err != wire.NoNode {
			t.Error(r.Header.Err, err)
		}
		if _, err := l.connect(l.resume(1, c)); !errors.Is(err, wire.ErrRefused) {
			t.Error(err)
		}
		if err := l.Ensemble.ExpireSession(l.ctx, c.Session().ID); !errors.Is(err, embedded.ErrNoSession) {
			t.Error(err)
		}
	})
}
