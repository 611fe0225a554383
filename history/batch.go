package history

// entry is an event on its way into the file.
type entry struct {
	event Event
	body  []byte
	// filled is closed once event and body are final; nil if they are from the start.
	filled chan struct{}
}

// final waits until the entry's event and body are.
func (en *entry) final() *entry {
	if en.filled != nil {
		<-en.filled
	}
	return en
}

// batch is the events that go into the file with one write. While one batch is
// written, the next one collects; when it is done, one of those who wait for
// the next one writes that. So nobody writes alone what could be written
// together, and nobody is kept at writing for others.
type batch struct {
	entries []*entry
	waiters int
	lead    chan struct{} // tells one waiter to write this batch
	done    chan struct{} // closed when it is written
}

func newBatch() *batch {
	return &batch{lead: make(chan struct{}, 1), done: make(chan struct{})}
}

// await returns when b is in the file, or cannot be.
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
	r.next = newBatch()
	r.mu.Unlock()

	r.write(b)
}

// write puts b into the file and hands the duty of writing on. Whoever calls it
// has set r.writing: there is one writer at a time.
func (r *Recorder) write(b *batch) {
	r.buf = r.buf[:0]
	for _, en := range b.entries {
		en.final()
		r.buf = appendLine(r.buf, en.event.Index, en.event.Time, en.body)
	}
	// After a failed write nothing follows: a line behind half a line would
	// turn a record that was cut off into a damaged one.
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
