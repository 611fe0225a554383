package client

import (
	"sync"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// Session is one session on the servers, as far as this client knows. The session of a connection
// can change at any time; the ID of a Session cannot.
type Session struct {
	ID   int64         // the servers' id of it
	Gone chan struct{} // closed when the session is known to be gone

	mu       sync.Mutex
	answered time.Time // see LastContact
}

// contact records that a quorum has answered a request that was sent at t.
func (z *Session) contact(t time.Time) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if t.After(z.answered) {
		z.answered = t
	}
}

// LastContact returns when the last request was sent that a quorum has answered.
func (z *Session) LastContact() time.Time {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.answered
}

// IsGone reports whether the session is known to be gone.
func (z *Session) IsGone() bool { return await.Closed(z.Gone) }
