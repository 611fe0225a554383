package recipes

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// mishap happens to one of the requests that client a sends while the mishap is armed.
type mishap struct {
	name    string
	fate    fault
	cancels bool // the caller gives up when the request is sent
	again   bool // it also happens to the next request

	tr   *tree
	f    *fake   // of client a
	a, b *Client // b is a client without mishaps
	path string

	nth, sent int
	hit       bool
	cancel    context.CancelFunc
}

var mishaps = []mishap{
	{name: "no mishap", fate: fine},
	{name: "lost request", fate: lostRequest},
	{name: "lost reply", fate: lostReply},
	{name: "lost reply, and a server that lags", fate: lostReplyBehind},
	{name: "two lost replies", fate: lostReply, again: true},
	{name: "next session", fate: nextSession},
	{name: "lost reply, and the next session", fate: lastOfSession},
	{name: "silence", fate: silence},
	{name: "cancelled", cancels: true},
}

// everyRequest runs a use of a recipe in virtual time, once for each request that a
// sends while it is armed, with each mishap.
func everyRequest(t *testing.T, use func(ctx context.Context, t *testing.T, m *mishap)) {
	for _, kind := range mishaps {
		hits := 0
		for nth := 1; ; nth++ {
			m := kind
			m.nth = nth
			t.Run(fmt.Sprintf("%s %d", m.name, nth), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { m.run(t, use) })
			})
			if !m.hit {
				break
			}
			hits++
		}
		if hits == 0 {
			t.Errorf("%s: no request was sent", kind.name)
		}
	}
}

func (m *mishap) run(t *testing.T, use func(ctx context.Context, t *testing.T, m *mishap)) {
	m.tr, m.path = newTree(), "/recipes/test"
	m.f, m.a = m.tr.connect(t, fakeTimeout)
	_, m.b = m.tr.connect(t, fakeTimeout)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	use(ctx, t, m)
	must(t, m.a.Close(t.Context()))
	must(t, m.b.Close(t.Context()))
}

// during arms the mishap for one call of a.
func (m *mishap) during(ctx context.Context, call func(context.Context) error) error {
	ctx, m.cancel = context.WithTimeout(ctx, 10*time.Second)
	defer m.cancel()
	m.sent = 0
	m.f.fail(m.decide)
	defer func() {
		m.f.fail(nil)
		if m.fate == silence && m.hit {
			close(m.f.spoken)
		}
	}()
	return call(ctx)
}

// decide returns the fate of the next request.
func (m *mishap) decide(string, string) fault {
	m.sent++
	if m.sent != m.nth && (!m.again || m.sent != m.nth+1) {
		return fine
	}
	m.hit = true
	if m.cancels {
		m.cancel()
	}
	return m.fate
}

// catchUp makes a's server show the present state, if it lags.
func (m *mishap) catchUp() {
	m.tr.mu.Lock()
	defer m.tr.mu.Unlock()
	m.f.behind = nil
}

// empty checks that no contender is left.
func (m *mishap) empty(t *testing.T) {
	t.Helper()
	if left := m.tr.children(m.path); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// settled checks what must be true of every error of a call that takes something.
func (m *mishap) settled(t *testing.T, what string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case m.fate != silence && !m.cancels:
		t.Errorf("%s: %v", what, err)
	case !isWithoutEffect(err):
		t.Errorf("%s: an error that may have had an effect: %v", what, err)
	}
}

func isWithoutEffect(err error) bool {
	e, ok := err.(*Error)
	return ok && e.NoEffect()
}

// expires reports whether the mishap ends a's session.
func (m *mishap) expires() bool { return m.fate == nextSession || m.fate == lastOfSession }
