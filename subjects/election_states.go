package subjects

import (
	"context"
	"sync"

	"github.com/zklab/zklab/recipes"
)

// NewStatesElection returns zklab's own leader election, whose candidates follow what States
// reports.
func NewStatesElection(c *Client, path, id string) (Election, error) {
	return ofRecipe(c, func(cl *recipes.Client) Election {
		e := &statesElection{Election: recipes.NewElection(cl, path, id), news: make(chan struct{})}
		go e.follow()
		return e
	})
}

// statesElection learns from States that it leads, and that it no longer leads.
type statesElection struct {
	*recipes.Election

	mu   sync.Mutex
	told recipes.Candidacy
	lost chan struct{} // of the term in told, or of an earlier one
	over bool          // States has ended
	news chan struct{} // closed and replaced when any of this changes
}

// follow notes each state that the election reports, until the election or its client is closed.
func (e *statesElection) follow() {
	for now, err := range e.States(context.Background()) {
		e.hear(now, err != nil)
	}
}

func (e *statesElection) hear(now recipes.Candidacy, over bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.told
	e.told, e.over = now, over
	if e.lost != nil && leads(was) && (over || now.Fence != was.Fence && now.State != recipes.ElectionLatent || now.State == recipes.ElectionLost) {
		close(e.lost)
		e.lost = nil
	}
	if now.Fence != was.Fence && now.Fence != 0 {
		e.lost = make(chan struct{})
		if !leads(now) {
			close(e.lost)
		}
	}
	close(e.news)
	e.news = make(chan struct{})
}

func leads(c recipes.Candidacy) bool {
	return c.State == recipes.ElectionAcquired || c.State == recipes.ElectionRegained
}

// Campaign also waits until States reports that the candidate leads.
func (e *statesElection) Campaign(ctx context.Context) error {
	if err := e.Election.Campaign(ctx); err != nil {
		return err
	}
	token := e.Fence()
	for {
		e.mu.Lock()
		told, over, news := e.told, e.over, e.news
		e.mu.Unlock()
		if over || told.Fence == token {
			return nil
		}
		<-news
	}
}

// Lost implements [Holder].
func (e *statesElection) Lost() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lost == nil {
		return noHold
	}
	return e.lost
}

// noHold is the closed channel that Lost returns if there is no hold.
var noHold = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
