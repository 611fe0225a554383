package link

// turn is a mutex that may be held while its holder waits for the network: in a
// testing/synctest bubble who waits for a channel counts as blocked, who waits
// for a sync.Mutex does not, and stops the clock.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }
