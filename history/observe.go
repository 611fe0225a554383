package history

import "github.com/zklab/zklab/internal/base/await"

// observer is a function that gets all events from the index from on.
type observer struct {
	from int
	see  func(Event)
}

// Observe calls f with every event recorded from now on, in order of index, one at a time, on a
// goroutine of the Recorder. A slow f delays other observers and Close, but no caller of Record. f
// may call Record but not Close.
func (r *Recorder) Observe(f func(Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.observers = append(r.observers, observer{from: r.count, see: f})
	if r.observed == nil {
		r.observed = make(chan struct{})
		go r.showAll(r.observed)
	}
}

// show queues an event for the observers. The caller holds r.mu.
func (r *Recorder) show(en *entry) {
	if len(r.observers) == 0 {
		return
	}
	r.unseen = append(r.unseen, en)
	r.nudge()
}

// nudge wakes showAll, now or as soon as it would sleep.
func (r *Recorder) nudge() { await.Wake(r.wake) }

// showAll runs until the recorder is closed and the observers have seen all events.
func (r *Recorder) showAll(observed chan<- struct{}) {
	defer close(observed)
	for {
		r.mu.Lock()
		entries, observers, closed := r.unseen, r.observers, r.closed
		r.unseen = nil
		r.mu.Unlock()
		if len(entries) == 0 && closed {
			return
		}
		for _, en := range entries {
			en.final()
			for _, o := range observers {
				if en.event.Index >= o.from {
					o.see(en.event)
				}
			}
		}
		if len(entries) == 0 {
			<-r.wake
		}
	}
}
