package history

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// packed holds the events of a record in about a quarter of the memory of a list of them, and almost
// without pointers, which the garbage collector would have to follow. An event is decoded when a caller
// asks for it. Only facts are kept as events.
//
// An encoded event consists of its length and its fields. Times and zxids are differences from the
// event before the block, so that each event can be decoded by itself.
type packed struct {
	n      int // events
	pages  [][]byte
	blocks []block
	places []uint16 // offsets of events from the beginnings of their blocks; farAway if they do not fit
	facts  []*Event

	kinds    []kind
	keys     []string
	errors   []*Error
	sessions []ID
	traffic  []*Traffic // without watch events
	used     [][]Use

	calls []call  // in order of invocation
	of    []int32 // by index of the event: the number of its operation, from 1; 0 for none
	stray []int32 // completions without an invocation
}

// block begins at each event whose index is a multiple of blockSize. It lies in one page.
type block struct {
	page, at uint32
	time     time.Duration
	seen     ID
}

// kind is the type and the operation of an event.
type kind struct {
	of Type
	f  string
}

// call is the invocation and the completion of an operation, by index; -1 for no completion.
type call struct{ invoke, done int32 }

const (
	blockSize = 32
	farAway   = 1<<16 - 1
	pageSize  = 1 << 20
	endOfPage = pageSize - pageSize/32 // a block that begins later begins another page
)

// These flags say which fields an encoded event has.
const (
	isFact = 1 << iota
	hasKey
	hasValue
	hasError
	hasSession
	hasZxid
	hasAlive
	hasSeen
	hasUsed
	hasIntended
	hasTraffic
	hasWatchEvents // the traffic is not among those of packed.traffic
)

// packer makes a packed record.
type packer struct {
	packed
	kindOf    map[kind]int
	keyOf     map[string]int
	errorOf   map[Error]int
	sessionOf map[ID]int
	trafficOf map[passed]int
	open      map[Process]int32 // the number of the operation that goes on
	time      time.Duration     // of the last event
	seen      ID                // the last one that is not 0
	body      []byte
}

func newPacker() *packer {
	return &packer{
		kindOf: map[kind]int{}, keyOf: map[string]int{}, errorOf: map[Error]int{}, sessionOf: map[ID]int{},
		trafficOf: map[passed]int{}, open: map[Process]int32{},
	}
}

// add adds the event of the next index. It keeps what e points to, except for its value.
func (p *packer) add(e *Event) {
	p.pair(e)
	if p.n%blockSize == 0 {
		p.begin()
	}
	if e.Process < 0 {
		p.body = binary.AppendUvarint(binary.AppendUvarint(p.body[:0], isFact), uint64(len(p.facts)))
		fact := *e
		fact.Value = slices.Clone(e.Value)
		p.facts = append(p.facts, &fact)
	} else {
		p.encode(e, &p.blocks[len(p.blocks)-1])
	}
	page := &p.pages[len(p.pages)-1]
	p.places = append(p.places, uint16(min(len(*page)-int(p.blocks[len(p.blocks)-1].at), farAway)))
	*page = append(binary.AppendUvarint(*page, uint64(len(p.body))), p.body...)
	p.n++
	p.time, p.seen = e.Time, cmp.Or(e.Seen, p.seen)
}

// begin begins a block.
func (p *packer) begin() {
	if n := len(p.pages); n == 0 || len(p.pages[n-1]) > endOfPage {
		p.pages = append(p.pages, make([]byte, 0, pageSize))
	}
	page := len(p.pages) - 1
	p.blocks = append(p.blocks, block{uint32(page), uint32(len(p.pages[page])), p.time, p.seen})
}

func (p *packer) encode(e *Event, b *block) {
	t := e.Traffic
	watched := t != nil && (t.Events != nil || t.More != 0)
	to := binary.AppendUvarint(p.body[:0], flagsOf(e, watched))
	to = binary.AppendUvarint(to, uint64(number(&p.kinds, p.kindOf, kind{e.Type, e.F})))
	to = binary.AppendVarint(to, int64(e.Time-b.time))
	to = binary.AppendVarint(to, int64(e.Client))
	to = binary.AppendVarint(to, int64(e.Process)-int64(e.Client))
	if e.Key != "" {
		to = binary.AppendUvarint(to, uint64(number(&p.keys, p.keyOf, e.Key)))
	}
	if e.Error != nil {
		n, known := p.errorOf[*e.Error]
		if !known {
			n = len(p.errors)
			p.errors, p.errorOf[*e.Error] = append(p.errors, e.Error), n
		}
		to = binary.AppendUvarint(to, uint64(n))
	}
	if e.Session != 0 {
		to = binary.AppendUvarint(to, uint64(number(&p.sessions, p.sessionOf, e.Session)))
	}
	if e.Zxid != 0 {
		to = binary.AppendVarint(to, int64(e.Zxid-b.seen))
	}
	if e.Alive != 0 {
		to = binary.AppendVarint(to, int64(e.Time-e.Alive))
	}
	if e.Seen != 0 {
		to = binary.AppendVarint(to, int64(e.Seen-b.seen))
	}
	if e.Used != nil {
		to = binary.AppendUvarint(to, uint64(len(p.used)))
		p.used = append(p.used, e.Used)
	}
	if e.Intended != 0 {
		to = binary.AppendVarint(to, int64(e.Time-e.Intended))
	}
	switch {
	case watched:
		to = appendWatched(to, t, e.Time)
	case t != nil:
		of := passed{int64(t.Requests), int64(t.Sent), int64(t.Received)}
		n, known := p.trafficOf[of]
		if !known {
			n = len(p.traffic)
			p.traffic, p.trafficOf[of] = append(p.traffic, t), n
		}
		to = binary.AppendUvarint(to, uint64(n))
	}
	p.body = append(to, e.Value...) // the value is the rest
}

// flagsOf returns which fields an event has.
func flagsOf(e *Event, watched bool) (flags uint64) {
	flag := func(has bool, f uint64) {
		if has {
			flags |= f
		}
	}
	flag(e.Key != "", hasKey)
	flag(e.Value != nil, hasValue)
	flag(e.Error != nil, hasError)
	flag(e.Session != 0, hasSession)
	flag(e.Zxid != 0, hasZxid)
	flag(e.Alive != 0, hasAlive)
	flag(e.Seen != 0, hasSeen)
	flag(e.Used != nil, hasUsed)
	flag(e.Intended != 0, hasIntended)
	flag(e.Traffic != nil, hasTraffic)
	flag(watched, hasWatchEvents)
	return flags
}

// number returns the number of a value in a list, to which it is added if it is new.
func number[T comparable](list *[]T, of map[T]int, value T) int {
	n, known := of[value]
	if !known {
		n = len(*list)
		*list, of[value] = append(*list, value), n
	}
	return n
}

func appendWatched(to []byte, t *Traffic, at time.Duration) []byte {
	for _, n := range []int{t.Requests, t.Sent, t.Received, t.More, len(t.Events)} {
		to = binary.AppendVarint(to, int64(n))
	}
	for _, when := range t.Events {
		to = binary.AppendVarint(to, int64(at-when))
	}
	return to
}

// pair notes which operation an event belongs to, as [pair] does for a list.
func (p *packer) pair(e *Event) {
	i, n := int32(p.n), p.open[e.Process]
	switch {
	case e.begins():
		p.calls = append(p.calls, call{i, -1})
		n = int32(len(p.calls))
		p.open[e.Process] = n
	case n > 0:
		p.calls[n-1].done = i
		delete(p.open, e.Process)
	case e.Process >= 0:
		p.stray = append(p.stray, i)
	}
	p.of = append(p.of, n)
}

// done returns the record.
func (p *packer) done() *packed {
	of := p.packed // without what only packing needs
	return &of
}

// reading decodes the fields of one event.
type reading struct{ rest []byte }

func (r *reading) unsigned() uint64 {
	if b := r.rest[0]; b < 0x80 {
		r.rest = r.rest[1:]
		return uint64(b)
	}
	n, size := binary.Uvarint(r.rest)
	r.rest = r.rest[size:]
	return n
}

func (r *reading) signed() int64 {
	n := r.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

// body returns the encoded event at the beginning of r, and moves r behind it.
func (r *reading) body() reading {
	size := r.unsigned()
	of := reading{r.rest[:size:size]}
	r.rest = r.rest[size:]
	return of
}

// decode reads the event at an index. It returns e or, for a fact, the event that is kept.
func (p *packed) decode(r reading, index int, b *block, e *Event) *Event {
	flags := r.unsigned()
	if flags == isFact {
		return p.facts[r.unsigned()]
	}
	kind := &p.kinds[r.unsigned()]
	*e = Event{Index: index, Type: kind.of, F: kind.f, Time: b.time + time.Duration(r.signed()), Client: int(r.signed())}
	e.Process = Process(r.signed() + int64(e.Client))
	if flags&hasKey != 0 {
		e.Key = p.keys[r.unsigned()]
	}
	if flags&hasError != 0 {
		e.Error = p.errors[r.unsigned()]
	}
	if flags&hasSession != 0 {
		e.Session = p.sessions[r.unsigned()]
	}
	if flags&hasZxid != 0 {
		e.Zxid = b.seen + ID(r.signed())
	}
	if flags&hasAlive != 0 {
		e.Alive = e.Time - time.Duration(r.signed())
	}
	if flags&hasSeen != 0 {
		e.Seen = b.seen + ID(r.signed())
	}
	if flags&hasUsed != 0 {
		e.Used = p.used[r.unsigned()]
	}
	if flags&hasIntended != 0 {
		e.Intended = e.Time - time.Duration(r.signed())
	}
	switch {
	case flags&hasWatchEvents != 0:
		e.Traffic = r.traffic(e.Time)
	case flags&hasTraffic != 0:
		e.Traffic = p.traffic[r.unsigned()]
	}
	if flags&hasValue != 0 {
		e.Value = r.rest
	}
	return e
}

func (r *reading) traffic(at time.Duration) *Traffic {
	t := &Traffic{Requests: int(r.signed()), Sent: int(r.signed()), Received: int(r.signed()), More: int(r.signed())}
	if n := r.signed(); n > 0 {
		t.Events = make([]time.Duration, n)
	}
	for i := range t.Events {
		t.Events[i] = at - time.Duration(r.signed())
	}
	return t
}

// block returns where a block begins.
func (p *packed) block(n int) (b *block, r reading) {
	b = &p.blocks[n]
	return b, reading{p.pages[b.page][b.at:]}
}

// at returns the event with index i. A fact is returned as it is stored; any other event is decoded into e, and
// e is returned.
func (p *packed) at(i int, e *Event) *Event {
	b, r := p.block(i / blockSize)
	if place := p.places[i]; place < farAway {
		r.rest = r.rest[place:]
	} else {
		for range i % blockSize {
			r.body()
		}
	}
	return p.decode(r.body(), i, b, e)
}

// all yields all events in order. All events except facts share memory.
func (p *packed) all(yield func(*Event) bool) {
	var e Event
	for n := range p.blocks {
		b, r := p.block(n)
		for i := n * blockSize; i < min((n+1)*blockSize, p.n); i++ {
			if !yield(p.decode(r.body(), i, b, &e)) {
				return
			}
		}
	}
}

// decoded is an operation with its events.
type decoded struct {
	op           Operation
	invoke, done Event
}

// operation decodes operation n, counted from 0, into memory that it overwrites.
func (p *packed) operation(n int, into *decoded) *Operation {
	c := p.calls[n]
	into.op.begin(p.at(int(c.invoke), &into.invoke))
	if c.done >= 0 {
		into.op.Return = p.at(int(c.done), &into.done)
	}
	return &into.op
}

// awaited is an operation whose completion may still be to come.
type awaited struct {
	decoded
	whole bool
}

// operations yields all operations in order of invocation. It reads the events once, in order, and
// keeps the operations that follow the first one still open.
func (p *packed) operations(yield func(*Operation) bool) {
	var line []*awaited // operations from number first on
	var free []*awaited
	first := 0
	for e := range p.all {
		n := int(p.of[e.Index]) - 1
		switch {
		case n < 0:
			continue
		case e.begins():
			next := &awaited{}
			if len(free) > 0 {
				next, free = free[len(free)-1], free[:len(free)-1]
			}
			next.invoke, next.whole = *e, p.calls[n].done < 0
			next.op.begin(&next.invoke)
			line = append(line, next)
		default:
			of := line[n-first]
			of.done, of.whole = *e, true
			of.op.Return = &of.done
		}
		for len(line) > 0 && line[0].whole {
			if !yield(&line[0].op) {
				return
			}
			free = append(free, line[0])
			line, first = line[1:], first+1
		}
	}
}
