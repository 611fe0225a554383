package recipes

import (
	"context"
	"iter"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// ElectionState says how a candidate stands.
type ElectionState int

const (
	ElectionLatent   ElectionState = iota // it does not stand for election
	ElectionWaiting                       // it waits for its turn
	ElectionAcquired                      // it leads
	ElectionLost                          // it has lost leadership without resigning
	ElectionRegained                      // it leads, and had lost its term before
)

func (s ElectionState) String() string {
	return [...]string{"latent", "waiting", "acquired", "lost", "regained"}[s]
}

// Candidacy says how a candidate stands, and in which term.
type Candidacy struct {
	State ElectionState
	// Fence is the fencing token of the term that the candidate has or has lost, or 0. See [Lock.Fence].
	Fence int64
}

// States returns how this candidate stands, and then each change, by Campaign, Resign, Do, DoEach,
// or a loss. It tells no more than these calls and Lost do. It is for observers, such as a page that
// shows the state. What only the leader may do belongs in Do. [Election.Terms] returns who else
// leads.
//
// If the state changes twice before the loop asks again, States can leave out a state, but never the
// last one. A loss is always noticed: the next term then is ElectionRegained, with another token.
//
// It makes no requests. The sequence ends with an error: that of ctx, or [ErrClosed]. You may use
// the sequence again, and several times at once.
func (e *Election) States(ctx context.Context) iter.Seq2[Candidacy, error] {
	return func(yield func(Candidacy, error) bool) {
		for told := (*Candidacy)(nil); ; {
			now, news, lost := candidacy(e.x)
			if told == nil || *told != now {
				told = &now
				if !yield(now, nil) {
					return
				}
				continue
			}
			err := error(nil)
			select {
			case <-news:
			case <-lost:
			case <-ctx.Done():
				err = ctx.Err()
			case <-e.x.Context.Done():
				err = ErrClosed
			case <-e.x.Client.Context.Done():
				err = ErrClosed
			}
			if err != nil {
				yield(Candidacy{}, e.x.Definite("follow", err))
				return
			}
		}
	}
}

// candidacy returns how x stands, and the channels that close when that may have changed.
func candidacy(x *contend.Exclusive) (now Candidacy, news, lost <-chan struct{}) {
	at := x.Stands()
	switch h := at.Hold; {
	case at.Trying:
		now.State = ElectionWaiting
	case h == nil && at.Ended != 0:
		now = Candidacy{ElectionLost, at.Ended}
	case h == nil: // latent
	case h.IsLost():
		now = Candidacy{ElectionLost, h.Contender.Czxid}
	case at.Again:
		now, lost = Candidacy{ElectionRegained, h.Contender.Czxid}, h.Lost
	default:
		now, lost = Candidacy{ElectionAcquired, h.Contender.Czxid}, h.Lost
	}
	return now, at.News, lost
}
