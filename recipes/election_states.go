package recipes

import (
	"context"
	"iter"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// ElectionState is how a candidate stands.
type ElectionState int

const (
	ElectionLatent   ElectionState = iota // it does not stand: not yet, or not any more
	ElectionWaiting                       // it stands, and waits
	ElectionAcquired                      // it leads
	ElectionLost                          // it led, and lost that: it did not resign
	ElectionRegained                      // it leads, and lost its term before
)

func (s ElectionState) String() string {
	return [...]string{"latent", "waiting", "acquired", "lost", "regained"}[s]
}

// Candidacy is how a candidate stands, and for which term.
type Candidacy struct {
	State ElectionState
	// Fence is the fencing token of the term that it has, or has lost; else 0. See [Lock.Fence].
	Fence int64
}

// States tells how this candidate itself stands: at first, and each time that this changes, by
// Campaign, Resign, Do, DoEach, or by a loss. It is no more than what those and Lost tell, for
// those who look on, such as a page that shows it; what may be done only by the leader belongs
// into Do. Who leads otherwise is told by Terms.
//
// What changes twice before the loop asks again is told as one: states can be left out, but
// the last one is always told, and no loss goes unnoticed, as the next term is then one that
// was regained and has another token.
//
// It costs no requests. The sequence ends with an error: that of ctx, or [ErrClosed]. It can be
// used again, also by several at once.
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

// candidacy is how x stands, and what tells that it may have changed.
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
