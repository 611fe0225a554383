package zoolock

import (
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/port"
)

// watches calls the watcher of a mutex as the C client does: in a thread of its own, one call after the other; once
// after an event at a znode; and at each disconnection and connection, which leave the watches as they are.
type watches struct {
	h       *port.Handle
	watcher func()
	due     chan struct{} // a value for each call that is due

	mu     sync.Mutex
	znodes map[string]bool // at which the watcher is registered
}

func newWatches(h *port.Handle, watcher func()) *watches {
	w := &watches{h: h, watcher: watcher, due: make(chan struct{}, 1024), znodes: map[string]bool{}}
	go w.complete()
	go w.follow()
	return w
}

// complete is do_completion.
func (w *watches) complete() {
	for {
		select {
		case <-w.due:
			w.watcher()
		case <-w.h.Dead:
			return
		case <-w.h.Hub.Ended:
			return
		}
	}
}

// follow does what queue_session_event and collect_session_watchers do.
func (w *watches) follow() {
	events, cancel := w.h.Hub.Subscribe()
	defer cancel()
	connected := true
	for {
		select {
		case e := <-events:
			was := connected
			connected = e.State == zk.StateHasSession
			if was != connected && w.any() {
				w.due <- struct{}{}
			}
		case <-w.h.Dead:
			return
		case <-w.h.Hub.Ended:
			return
		}
	}
}

func (w *watches) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.znodes) > 0
}

// exists is zoo_wexists: it registers the watcher even if there is no such znode.
func (w *watches) exists(znode string) error {
	there, _, event, err := w.h.ExistsW(znode)
	if err != nil {
		return err
	}
	w.register(znode, event)
	if !there {
		return zk.ErrNoNode
	}
	return nil
}

// register registers the watcher, unless it is registered at the znode already.
func (w *watches) register(znode string, event <-chan zk.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.znodes[znode] {
		return
	}
	w.znodes[znode] = true
	go func() {
		select {
		case <-event:
			w.mu.Lock()
			delete(w.znodes, znode)
			w.mu.Unlock()
			w.due <- struct{}{}
		case <-w.h.Dead:
		case <-w.h.Hub.Ended:
		}
	}()
}
