package history

import "unicode/utf8"

// NewMemory begins a record that stays in memory, as events; see [Recorder.History]. It encodes
// nothing, and no call waits for a write.
func NewMemory(h Header) *Recorder {
	r := newRecorder()
	r.memory = true
	r.begin(h)
	return r
}

// History returns the record of a closed Recorder in memory, equal to what [Read] returns for the
// output of [Write]. The error says why it is not a valid record.
func (r *Recorder) History() (*History, error) {
	r.mu.Lock()
	kept := r.kept
	r.mu.Unlock()
	h := &History{Events: make([]Event, len(kept))}
	var a auditor
	for i, en := range kept {
		h.Events[i] = en.final().event
		if err := possible(&h.Events[i]); err != nil {
			return nil, &DamagedError{Line: i + 1, Reason: err.Error()}
		}
		a.look(i+1, &h.Events[i])
	}
	if err := h.readHeader(&h.Events[0]); err != nil {
		return nil, err
	}
	h.Header.Declared = r.header.Declared
	h.finish(&a, &h.Events[len(h.Events)-1])
	return h, nil
}

// plain reports whether an event is unchanged by writing and reading, and no longer than a line may
// be. Most events are.
func plain(e *Event) bool {
	const most = MaxLine / 8 // escaping multiplies the size by six at most
	size := len(e.F) + len(e.Key) + len(e.Value)
	valid := utf8.ValidString(e.F) && utf8.ValidString(e.Key)
	if e.Error != nil {
		size += len(e.Error.Code) + len(e.Error.Message)
		valid = valid && utf8.ValidString(e.Error.Code) && utf8.ValidString(e.Error.Message)
	}
	return valid && size < most && (len(e.Value) == 0 || compact(e.Value))
}

// reread replaces the event by what its body says.
func (en *entry) reread() {
	e, err := parse(appendLine(nil, 0, 0, en.body), nil)
	if err == nil {
		en.event.F, en.event.Key, en.event.Value, en.event.Error = e.F, e.Key, e.Value, e.Error
	}
}
