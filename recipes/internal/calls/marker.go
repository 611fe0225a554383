package calls

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// marker is a znode that shows whether a write was applied whose reply was lost. The rest of the
// tree may not show it: an item that is gone may have been taken by another client. The marker is
// ephemeral, and only this client uses it. Each write goes into one multi with an update of the
// marker from its known version. So the marker shows afterwards whether the write was applied, and
// no write is applied once the marker has shown that it was not.
//
// One call at a time uses a marker.
type marker struct {
	path    string
	session *client.Session
	version int32
}

// errMarkerGone means that the marker does not exist; no write was applied with it.
var errMarkerGone = errors.New("marker is gone")

// newMarker creates a marker under parent. With an error, it returns the marker that may exist, or
// nil if there is none and never will be. The marker may still be created until over is closed; if
// over is nil, it no longer can.
func (ms *Markers) newMarker(ctx context.Context, z *client.Session, parent string) (m *marker, over <-chan struct{}, err error) {
	m = &marker{path: znodes.Join(parent, znodes.NewID()), session: z}
	var unsure atomic.Bool
	for range client.MaxRecreate {
		_, over, err = client.RetryTracked(ctx, ms.r.Client, z, client.Write, func() (string, error) {
			path, err := ms.r.Client.Conn.Create(m.path, nil, zk.FlagEphemeral)
			if failures.Unanswered(err) {
				unsure.Store(true)
			}
			return path, err
		})
		switch {
		case err == nil, errors.Is(err, zk.ErrNodeExists): // after a lost reply
			return m, over, ms.verifyOwner(ctx, m)
		case client.IsRefusal(err) && !unsure.Load():
			return nil, over, err
		case !errors.Is(err, zk.ErrNoNode):
			return m, over, err
		}
		if err := ms.r.Client.EnsurePath(ctx, z, parent); err != nil {
			return m, over, err
		}
	}
	return m, over, zk.ErrNoNode
}

// verifyOwner makes sure that the marker was created in its session.
func (ms *Markers) verifyOwner(ctx context.Context, m *marker) error {
	v, err := ms.r.Client.Get(ctx, m.session, m.path)
	if err == nil && v.Stat.EphemeralOwner != m.session.ID {
		return failures.ErrSessionLost
	}
	return err
}

// markedWrite is a multi under way that updates a marker.
type markedWrite struct {
	id string
	*client.Request[[]zk.MultiResponse]
}

// sendMarked sends ops together with an update of m.
func (ms *Markers) sendMarked(m *marker, ops ...any) markedWrite {
	w := markedWrite{id: znodes.NewID()}
	ops = append(ops, &zk.SetDataRequest{Path: m.path, Data: []byte(w.id), Version: m.version})
	w.Request = client.Send(ms.r.Client, m.session, client.Write, func() ([]zk.MultiResponse, error) { return ms.r.Client.Conn.Multi(ops...) })
	return w
}

// outcome returns the outcome of w. err is the answer, or says that there was none. The error that
// comes with NotApplied is the error of the first op that failed.
func (ms *Markers) outcome(ctx context.Context, m *marker, w markedWrite, err error) (Outcome, error) {
	switch {
	case err == nil:
		m.version++
		return Applied, nil
	case w.Settled() && w.Unsent:
		return NotApplied, err
	case failures.Stopped(err):
		return Unknown, err
	case failures.Unanswered(err):
		return ms.r.Settle(ms.resolve(ctx, m, w))
	case len(w.Value) > 0 && client.RefusedBy(w.Value) == len(w.Value)-1:
		return NotApplied, errMarkerGone
	}
	return NotApplied, err
}

// resolve finds the outcome of a write whose reply was lost, by an update of the marker from the
// same version: only one of the two can succeed.
func (ms *Markers) resolve(ctx context.Context, m *marker, w markedWrite) (Outcome, error) {
	not := "not " + w.id
	_, err := client.Retry(ctx, ms.r.Client, m.session, client.Write, func() (*zk.Stat, error) {
		return ms.r.Client.Conn.Set(m.path, []byte(not), m.version)
	})
	switch {
	case err == nil:
		m.version++
		return NotApplied, ErrAgain
	case !errors.Is(err, zk.ErrBadVersion):
		return Unknown, err
	}
	// The write, or an earlier try of the update, was applied. The marker does not change any more,
	// so a plain read after that refusal is enough.
	v, err := ms.r.Client.Get(ctx, m.session, m.path)
	switch {
	case err != nil:
		return Unknown, err
	case string(v.Data) == w.id:
		m.version++
		return Applied, nil
	case string(v.Data) == not:
		m.version++
		return NotApplied, ErrAgain
	}
	return Unknown, errMarkerGone // another client wrote to it
}
