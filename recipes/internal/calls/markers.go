package calls

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// markersNode is the child of a recipe's path that has the markers.
const markersNode = "marks"

// Markers are the markers of one recipe. One call at a time uses each marker. They are safe for
// concurrent use.
type Markers struct {
	r *Recipe

	mu   sync.Mutex
	free []*marker // no call uses these
}

// NewMarkers returns the markers of a recipe. At first there are none.
func NewMarkers(r *Recipe) *Markers { return &Markers{r: r} }

// Write applies ops together with an update of a marker, all or none. With Unknown it returns the
// error that made the outcome unknown.
func (ms *Markers) Write(ctx context.Context, z *client.Session, ops ...any) (Outcome, error) {
	return ms.WriteOr(ctx, z, nil, ops...)
}

// WriteOr is like Write. If the outcome stays unknown, it also runs undo in the background, once
// the ops were applied or never will be, in whichever session there is, until undo succeeds.
func (ms *Markers) WriteOr(ctx context.Context, z *client.Session, undo func(context.Context, *client.Session) error, ops ...any) (Outcome, error) {
	m, err := ms.take(ctx, z)
	if err != nil {
		return NotApplied, err
	}
	if err := ms.r.Client.AwaitConnected(ctx, z); err != nil {
		ms.release(m)
		return NotApplied, err
	}
	w := ms.sendMarked(m, ops...)
	_, err = w.Wait(ctx)
	o, err := ms.outcome(ctx, m, w, err)
	if o == Unknown && ctx.Err() != nil {
		o, err = ms.late(ctx, m, w)
	}
	switch {
	case o == Unknown:
		ms.discard(m, w.Done, undo)
	case errors.Is(err, errMarkerGone):
		ms.discard(m, w.Done, nil)
	default:
		ms.release(m)
	}
	return o, err
}

// late waits a little longer than the caller's context allows for the outcome of w.
func (ms *Markers) late(ctx context.Context, m *marker, w markedWrite) (Outcome, error) {
	grace, cancel := ms.r.Client.WithGrace()
	defer cancel()
	_, err := w.Wait(grace)
	o, err := ms.outcome(grace, m, w, err)
	if o == Unknown || failures.Unanswered(err) {
		err = ctx.Err()
	}
	return o, err
}

// take returns a marker that no other call uses.
func (ms *Markers) take(ctx context.Context, z *client.Session) (*marker, error) {
	ms.mu.Lock()
	for len(ms.free) > 0 {
		m := ms.free[len(ms.free)-1]
		ms.free = ms.free[:len(ms.free)-1]
		if m.session == z {
			ms.mu.Unlock()
			return m, nil
		}
	}
	ms.mu.Unlock()
	m, over, err := ms.newMarker(ctx, z, znodes.Join(ms.r.Path, markersNode))
	if err != nil && m != nil {
		ms.discard(m, over, nil)
	}
	return m, err
}

// release lets other calls use the marker.
func (ms *Markers) release(m *marker) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.r.Context.Err() != nil {
		ms.discard(m, nil, nil)
		return
	}
	ms.free = append(ms.free, m)
}

// discard removes a marker in the background, once after is closed, in whichever session there is:
// the create of the marker may also be carried out late. Without the marker, no write is applied
// any more; discard then calls then, if it is set.
func (ms *Markers) discard(m *marker, after <-chan struct{}, then func(context.Context, *client.Session) error) {
	ms.r.CleanUp(after, func(ctx context.Context, z *client.Session) error {
		if _, err := ms.r.Client.Remove(ctx, z, m.path); err != nil || then == nil {
			return err
		}
		return then(ctx, z)
	})
}

// Close removes the markers that no call uses. Calls that end later remove theirs.
func (ms *Markers) Close() {
	ms.mu.Lock()
	free := ms.free
	ms.free = nil
	ms.mu.Unlock()
	for _, m := range free {
		ms.discard(m, nil, nil)
	}
}
