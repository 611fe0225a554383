package faults

import (
	"context"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
)

// These choices are for Freeze only: a client that asked about a znode, and whose answer shows a znode
// of its own. The client is frozen before it can act on the answer, until that znode is deleted and a
// znode of another client exists at its path. So whatever the client does because of the answer comes
// too late. The fault waits for such an answer for as long as it would last.
const (
	// Owner is a client that is shown an ephemeral znode of its session. The session ends
	// meanwhile, so the fault must last longer than the session timeout.
	Owner Who = "owner"
	// Returned is a client that is shown an ephemeral znode of an earlier session, such as the session
	// of its process before a crash. The earlier session ends by itself; the present one lives on if
	// the process was restarted soon.
	Returned Who = "returned"
)

// shownTo says which owner's znode the answer must show.
var shownTo = map[Who]link.Owners{Owner: link.OwnSession, Returned: link.EarlierSession}

// injectAtAnswer freezes a client that is shown a znode of such an owner.
func (f Freeze) injectAtAnswer(ctx context.Context, t *Target, of link.Owners) (Effect, error) {
	v, shown, err := atAnswer(ctx, t, of, freeze)
	if err != nil {
		return nil, err
	}
	e := &outdated{ended: make(chan struct{})}
	e.victims = victims{v}
	e.step = e.victims.doing(f.Spec())
	e.step.Detail = fmt.Sprintf("client %d was shown %s of session %s", v.client.ID, shown.Path, history.ID(shown.Owner))
	follow, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel = cancel
	go e.follow(follow, t.Admin, shown)
	return e, nil
}

// outdated is a frozen client whose knowledge of a znode becomes outdated.
type outdated struct {
	frozen
	ended  chan struct{} // closed when another znode stands there
	cancel func()
}

// follow ends the effect when another znode stands where the client was shown its own.
func (e *outdated) follow(ctx context.Context, admin *zk.Conn, shown link.Answer) {
	for ctx.Err() == nil {
		there, stat, changed, err := admin.ExistsW(shown.Path)
		switch {
		case err != nil:
			doze(ctx, observed)
			continue
		case there && stat.Czxid != shown.Czxid:
			close(e.ended)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Ended implements [Ending].
func (e *outdated) Ended() <-chan struct{} { return e.ended }

// Heal resumes the process, which acts on what it was shown.
func (e *outdated) Heal(ctx context.Context) error {
	e.cancel()
	return e.frozen.Heal(ctx)
}
