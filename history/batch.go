package history

import "runtime"

// crowd is the number of open operations above which a writer lets other goroutines run before it
// writes. Those that are about to record an event then share the write.
const crowd = 8

// entry is an event on its way into the file.
type entry struct {
	event Event
	body  []byte
	// filled is closed once event and body are final. It is nil if they are final from the start.
	filled chan struct{}
}

// final waits until the entry's event and body are final.
func (en *entry) final() *entry {
	if en.filled != nil {
		<-en.filled
	}
	return en
}

// batch holds the events that one write puts into the file. While one batch is being written, the
// next one collects events. When the write is done, one of the goroutines waiting for the next
// batch writes it. So goroutines share writes, and none writes on behalf of others for long.
type batch struct {
	entries []*entry
	waiters int
	lead    chan struct{} // tells one waiter to write this batch
	done    chan struct{} // closed when the batch is written
}

func newBatch() *batch {
	return &batch{lead: make(chan struct{}, 1), done: make(chan struct{})}
}

// await returns when b is in the file, or when it cannot be written.
func (r *Recorder) await(b *batch) {
	r.mu.Lock()
	if r.next != b {
		r.mu.Unlock()
		<-b.done
		return
	}
	if r.writing {
		b.waiters++
		r.mu.Unlock()
		select {
		case <-b.done:
			return
		case <-b.lead:
		}
		r.mu.Lock()
	}
	r.writing = true
	if r.open > crowd {
		r.mu.Unlock()
		runtime.Gosched()
		r.mu.Lock()
	}
	r.next = newBatch()
	r.mu.Unlock()

	r.write(b)
}

// write puts b into the file and passes the duty of writing on. The caller has set r.writing, so
// there is one writer at a time.
func (r *Recorder) write(b *batch) {
	r.buf = r.buf[:0]
	for _, en := range b.entries {
		en.final()
		r.buf = appendLine(r.buf, en.event.Index, en.event.Time, en.body)
	}
	// After a failed write, write nothing more: a line after half a line would turn a cut-off
	// record into a damaged one.
	if !r.broken && len(r.buf) > 0 {
		if _, err := r.w.Write(r.buf); err != nil {
			r.broken = true
			r.keep(err)
		}
	}
	close(b.done)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next.waiters > 0 {
		r.next.lead <- struct{}{}
		return
	}
	r.writing = false
}
